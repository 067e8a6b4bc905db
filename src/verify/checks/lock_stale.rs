//! A lock says what the skill was when it was last found right. What differs from it was changed since, by whomever.

use std::collections::BTreeSet;

use crate::base::text::{plural, quoted};
use crate::base::yaml::Span;
use crate::finding::{Finding, Location, Severity};
use crate::skill::{Skill, parse_front_matter};
use crate::verify::lock::{self, Lock, Locked};
use crate::verify::{Check, Profile, Rule, Subject, formats};

const STALE: Rule = Rule {
    code: "lock-stale",
    id: "PI015",
    severity: Severity::Error,
    finds: "A file was changed, added or removed since skill.lock.json was written, or the version was.",
    source: "skill.lock.json: what was reviewed is what is shipped",
};
const MALFORMED: Rule = Rule {
    code: "lock-malformed",
    id: "PI015",
    severity: Severity::Error,
    finds: "skill.lock.json cannot be read.",
    source: "skill.lock.json, form 1",
};
const SAME: Rule = Rule {
    code: "version-not-bumped",
    id: "PI015",
    severity: Severity::Error,
    finds: "Files of the skill differ from the reference that it is compared with, and its version does not.",
    source: "clients update a skill by its version",
};

pub(super) const CHECK: Check = Check { rules: &[STALE, MALFORMED, SAME], profile: Profile::Sync, run };

/// How many files are named.
const NAMED: usize = 10;

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| of(skill, subject)).collect()
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    out.extend(same_version(skill, subject));
    let path = skill.path(lock::FILE);
    let Some(file) = subject.project.tree.get(&path) else { return out };
    let renew = fix(subject, skill);
    let malformed = |at: Span, because: String| {
        MALFORMED.at(Location::at(subject.project.show(&path), at), because).fix(renew.clone())
    };
    let Some(text) = file.text() else {
        out.push(malformed(Span { line: 1, column: 1 }, "it is no text, or more than is read".to_owned()));
        return out;
    };
    let lock: Lock = match serde_json::from_str(formats::without_mark(text)) {
        Ok(lock) => lock,
        Err(e) => {
            let number = |n: usize| u32::try_from(n.max(1)).unwrap_or(u32::MAX);
            let said = e.to_string();
            let because = said.split(" at line ").next().unwrap_or(&said);
            let at = Span { line: number(e.line()), column: number(e.column()) };
            out.push(malformed(at, format!("it cannot be read: {}", quoted(because, 160))));
            return out;
        }
    };
    if lock.lock_version != lock::FORM {
        let because = format!("it is of form {}; {} is read", lock.lock_version, lock::FORM);
        out.push(malformed(Span { line: 1, column: 1 }, because));
        return out;
    }
    let places = formats::yaml(text).unwrap_or_default();
    let at = |pointer: &str| {
        let span = places.first().map_or(Span { line: 1, column: 1 }, |root| root.locate(pointer));
        Location::at(subject.project.show(&path), span)
    };
    let version = lock::version_of(skill);
    if lock.version != version {
        let because =
            format!("it was written for version {}, and the skill is {}", said(&lock.version), said(&version));
        out.push(STALE.at(at("/version"), because).fix(renew.clone()));
    }
    if subject.project.tree.cut.is_none() {
        out.extend(differences(&lock, skill, subject, &renew, at));
    }
    out
}

fn differences(
    lock: &Lock,
    skill: &Skill,
    subject: &Subject<'_>,
    renew: &str,
    at: impl Fn(&str) -> Location,
) -> Vec<Finding> {
    let now = lock::files(subject.project, skill);
    let names: BTreeSet<&String> = lock.files.keys().chain(now.keys()).collect();
    let mut found: Vec<(Location, String)> = Vec::new();
    for name in names {
        let place = || at(&format!("/files/{}", crate::base::pointer::escape(name)));
        let shown = quoted(name, 120);
        match (lock.files.get(name), now.get(name)) {
            (Some(before), Some(after)) if !same(before, after) => {
                let sizes = if before.size == after.size {
                    "as long as before".to_owned()
                } else {
                    format!("{} before, {} now", plural(before.size, "byte"), plural(after.size, "byte"))
                };
                found.push((place(), format!("{shown} was changed since the lock was written ({sizes})")));
            }
            (Some(_), None) => found.push((place(), format!("{shown} was removed since the lock was written"))),
            (None, Some(_)) => found.push((at("/files"), format!("{shown} was added since the lock was written"))),
            _ => {}
        }
    }
    let more = found.len().saturating_sub(NAMED);
    found.truncate(NAMED);
    if more > 0
        && let Some((_, last)) = found.last_mut()
    {
        last.push_str(&format!("; so were {more} more"));
    }
    found.into_iter().map(|(at, because)| STALE.at(at, because).fix(renew)).collect()
}

fn same(before: &Locked, after: &Locked) -> bool {
    // Whoever could not digest a large file says only how long it was.
    let digests = match (&before.sha256, &after.sha256) {
        (Some(before), Some(after)) => before == after,
        _ => true,
    };
    digests && before.size == after.size && before.link == after.link
}

fn said(version: &str) -> &str {
    if version.is_empty() { "not given" } else { version }
}

/// The command that writes the lock again.
pub(super) fn fix(subject: &Subject<'_>, skill: &Skill) -> String {
    let dir = subject.project.show(&skill.base);
    let dir = dir.trim_end_matches('/');
    let dir = if dir.is_empty() { "." } else { dir };
    format!("look at what changed, raise the version, then platform-integration lock {dir}")
}

fn same_version(skill: &Skill, subject: &Subject<'_>) -> Option<Finding> {
    let base = subject.facts.bases.get(&skill.base)?;
    let mine: Vec<&String> = base.changed.iter().filter(|p| skill.owns(p)).collect();
    let first = mine.first()?;
    let before = parse_front_matter(&base.main).map(|front| lock::version_in(&front.node)).unwrap_or_default();
    let now = lock::version_of(skill);
    if before != now {
        return None;
    }
    let at = skill.front.as_ref().map_or(Span { line: 1, column: 1 }, |front| front.at("metadata"));
    let (more, verb) = match mine.len() {
        1 => (String::new(), "differs"),
        n => (format!(" and {} more", n - 1), "differ"),
    };
    let because = format!(
        "{}{more} {verb} from {}, and the version is {} there and here",
        quoted(first, 120),
        quoted(&base.reference, 60),
        said(&now)
    );
    Some(SAME.in_document(skill.main(), at, because).fix("raise version under metadata"))
}
