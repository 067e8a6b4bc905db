//! A link must lead to a file of the skill, or to a heading that exists.

use crate::base::text::{nearest, quoted};
use crate::finding::{Finding, Location, Severity};
use crate::skill::{Document, Skill};
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "broken-link",
    id: "PI011",
    severity: Severity::Error,
    finds: "A link leads to no file of the skill, or to no heading.",
    source: "Agent Skills specification, \"File references\": relative to the skill's root",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| of(skill, subject)).collect()
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for document in &skill.documents {
        for link in &document.links {
            if let Some((because, fix)) = broken(skill, subject, document, &link.target) {
                let at = Location::at(&document.file, link.at);
                out.push(Finding::error(RULE.code, at, because).fix(fix));
            }
        }
    }
    out
}

fn broken(skill: &Skill, subject: &Subject<'_>, document: &Document, target: &str) -> Option<(String, String)> {
    let shown = quoted(target, 120);
    if target
        .split_once(':')
        .is_some_and(|(scheme, _)| scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_alphanumeric()))
    {
        return None; // Another place; whether it answers is not for an offline check.
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let tree = &subject.project.tree;
    let wanted = if path.is_empty() { Some(document.path.clone()) } else { resolve(&document.path, path) };
    let Some(wanted) = wanted else {
        return Some((
            format!("{shown} leads out of the skill's directory"),
            "link to a file inside it, or to an https address".to_owned(),
        ));
    };
    if !tree.has(&wanted) {
        // A directory that has files is a fair target.
        if tree.has_dir(&wanted) {
            return None;
        }
        let near = nearest(&wanted, tree.iter().map(|(p, _)| p));
        let fix = near.map_or_else(|| format!("write {wanted}, or take the link out"), |n| format!("link to {n}"));
        return Some((format!("{shown} does not exist"), fix));
    }
    if anchor.is_empty() {
        return None;
    }
    let there = skill.documents.iter().find(|d| d.path == wanted)?;
    let anchors: Vec<String> = there.anchors().collect();
    if anchors.iter().any(|a| a == anchor) {
        return None;
    }
    let near = nearest(anchor, anchors.iter().map(String::as_str));
    let fix = near.map_or_else(|| "link to a heading that exists".to_owned(), |n| format!("link to #{n}"));
    Some((format!("{shown} names no heading of {wanted}"), fix))
}

/// `path` from the directory of `from`; nothing where it climbs out.
fn resolve(from: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
