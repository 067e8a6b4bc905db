//! What of a skill's directory cannot be read, followed or carried to another machine.

use std::collections::BTreeMap;

use crate::base::text::{nearest, plural, quoted, thousands};
use crate::finding::{Finding, Severity};
use crate::skill::{Content, Leads, MAX_FILE, Skill};
use crate::verify::{Check, Profile, Rule, Subject};

const OUT: Rule = Rule {
    code: "link-leads-out",
    id: "PI053",
    severity: Severity::Error,
    finds: "A symbolic link leads out of the project, or to an absolute path.",
    source: "SEP-2640: a served skill stays in its root; installers copy directories, not what lies beside them",
};
const NOWHERE: Rule = Rule {
    code: "link-leads-nowhere",
    id: "PI053",
    severity: Severity::Error,
    finds: "A symbolic link leads to nothing, or in a circle.",
    source: "a file that no reader can open",
};
const LARGE: Rule = Rule {
    code: "file-too-large",
    id: "PI053",
    severity: Severity::Warning,
    finds: "A file is larger than what is read; what is in it was not verified.",
    source: "progressive disclosure: an agent opens what SKILL.md names, and pays for it by the token",
};
const UNREADABLE: Rule = Rule {
    code: "file-unreadable",
    id: "PI053",
    severity: Severity::Warning,
    finds: "A file or directory cannot be read, or is a pipe, a socket or a device.",
    source: "what cannot be read was not verified",
};
const NAME: Rule = Rule {
    code: "file-name-unportable",
    id: "PI053",
    severity: Severity::Warning,
    finds: "A file's name cannot be written on every system, or differs from another's only in case.",
    source: "Windows refuses < > : \" | ? * \\ and device names; Windows and macOS fold case",
};
const CUT: Rule = Rule {
    code: "tree-cut",
    id: "PI053",
    severity: Severity::Warning,
    finds: "The project is larger than what is read; the rest was not verified.",
    source: "what was not read was not verified",
};

pub(super) const CHECK: Check =
    Check { rules: &[OUT, NOWHERE, LARGE, UNREADABLE, NAME, CUT], profile: Profile::Spec, run };

/// The most findings of one rule in one skill: a flood of them says no more.
const MOST: usize = 20;

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let mut out: Vec<Finding> = Vec::new();
    if let Some(because) = &subject.project.tree.cut {
        let at = subject.skills().next().map_or_else(|| subject.top(""), |s| subject.top(&s.main().path));
        let fix = "verify one skill at a time, or keep what is no part of it in another directory";
        out.push(CUT.at(at, format!("the project holds {because}; the rest was not read")).fix(fix));
    }
    for skill in subject.skills() {
        let mut found = of(skill, subject);
        for rule in CHECK.rules {
            let places: Vec<usize> = (0..found.len()).filter(|i| found[*i].code == rule.code).collect();
            let Some(more) = places.len().checked_sub(MOST).filter(|m| *m > 0) else { continue };
            if let Some(last) = places.get(MOST - 1).and_then(|i| found.get_mut(*i)) {
                last.message.push_str(&format!(" (and {} more such files in this skill)", thousands(more as u64)));
            }
            for i in places.into_iter().skip(MOST).rev() {
                found.remove(i);
            }
        }
        out.extend(found);
    }
    out
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let tree = &subject.project.tree;
    let mut out = Vec::new();
    let mut folded: BTreeMap<String, &str> = BTreeMap::new();
    for (path, file) in skill.files(tree) {
        let at = subject.top(path);
        match &file.content {
            Content::Link(target) => {
                let shown = quoted(target, 120);
                let absolute = target.starts_with('/') || target.contains(":\\");
                match tree.leads(path) {
                    Some(Leads::Out) => out.push(
                        OUT.at(at, format!("the link leads to {shown}, out of the project, and is not followed"))
                            .fix("put the file itself there"),
                    ),
                    Some(Leads::Nowhere) => {
                        let name = target.rsplit('/').next().unwrap_or(target);
                        let near = nearest(name, tree.iter().map(|(p, _)| p.rsplit('/').next().unwrap_or(p)).filter(|n| !path.ends_with(n)));
                        out.push(
                            NOWHERE
                                .at(at, format!("the link leads to {shown}, where nothing is"))
                                .fix("put the file itself there, or take the link out")
                                .near(near),
                        );
                    }
                    Some(Leads::Round) => out.push(
                        NOWHERE
                            .at(at, format!("the link leads to {shown}, and from there back to itself"))
                            .fix("put the file itself there, or take the link out"),
                    ),
                    Some(Leads::Inside(_)) if absolute => out.push(
                        OUT.at(at, format!("the link leads to the absolute path {shown}, which no other machine has"))
                            .fix("make it relative, or put the file itself there"),
                    ),
                    Some(Leads::Inside(inside)) if !skill.owns(inside) && *inside != skill.base => out.push(
                        Finding::warning(
                            OUT.code,
                            at,
                            format!("the link leads to {shown}, out of the skill: whoever copies the skill has nothing there"),
                        )
                        .fix("put the file itself there"),
                    ),
                    _ => {}
                }
            }
            Content::TooLarge(bytes) => {
                let because = format!(
                    "it has {} bytes; files above {} are not read, and what is in it was not verified",
                    thousands(*bytes),
                    thousands(MAX_FILE)
                );
                let fix = "split it, or fetch it where it is needed";
                let finding = LARGE.at(at, because).fix(fix);
                out.push(if is_asset(path) { Finding { severity: Severity::Note, ..finding } } else { finding });
            }
            Content::Unreadable(because) if because.starts_with("its name") => out.push(
                NAME.at(at, format!("{}, so it is not read", quoted(because, 120)))
                    .fix("give it a name in plain letters"),
            ),
            Content::Unreadable(because) => out.push(
                UNREADABLE
                    .at(at, format!("it was not verified: {}", quoted(because, 160)))
                    .fix("make it a file that can be read, or take it out"),
            ),
            Content::Text(_) | Content::Binary(_) => {}
        }
        let lower = path.to_lowercase();
        match folded.get(lower.as_str()) {
            Some(other) => out.push(
                NAME.at(subject.top(path), format!("its name differs only in case from {}", skill.inner(other)))
                    .fix("rename one of the two"),
            ),
            None => {
                folded.insert(lower, path);
            }
        }
        if let Some(because) = unportable(skill.inner(path)) {
            out.push(NAME.at(subject.top(path), because).fix("rename it"));
        }
    }
    out
}

/// What nobody reads as text.
fn is_asset(path: &str) -> bool {
    const ASSETS: [&str; 34] = [
        "png", "jpg", "jpeg", "gif", "webp", "ico", "bmp", "tif", "tiff", "mp3", "mp4", "mov", "webm", "wav", "ogg",
        "ttf", "otf", "woff", "woff2", "pdf", "zip", "gz", "tgz", "tar", "xz", "7z", "docx", "pptx", "xlsx", "wasm",
        "so", "dll", "bin", "skill",
    ];
    path.rsplit_once('.').is_some_and(|(_, e)| ASSETS.contains(&e.to_ascii_lowercase().as_str()))
}

/// Why not every system can have a file of this name.
fn unportable(path: &str) -> Option<String> {
    const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com1", "lpt1"];
    for part in path.split('/') {
        if let Some(c) = part.chars().find(|c| matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*')) {
            // A backslash is what our own escapes of control characters are written with.
            return Some(format!("its name holds {c}, which Windows refuses"));
        }
        let stem = part.split('.').next().unwrap_or(part).to_ascii_lowercase();
        if DEVICES.contains(&stem.as_str()) {
            return Some(format!("{stem} is the name of a device on Windows"));
        }
        if part.ends_with(['.', ' ']) {
            return Some("its name ends in a dot or a blank, which Windows drops".to_owned());
        }
    }
    (path.chars().count() > 200).then(|| {
        format!(
            "its path has {}, and Windows allows 260 for all of it",
            plural(path.chars().count() as u64, "character")
        )
    })
}
