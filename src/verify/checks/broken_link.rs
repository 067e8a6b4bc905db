//! A link must lead to a file of the skill, or to a heading that exists.

use crate::base::text::{nearest, quoted};
use crate::finding::{Change, Finding, Severity};
use crate::skill::{Document, Link, LinkKind, Skill};
use crate::verify::paths::{Near, dir_of, is_placeholder, name_of, near, relative, resolve, there};
use crate::verify::{Check, Profile, Rule, Subject};

pub(super) const BROKEN: Rule = Rule {
    code: "broken-link",
    id: "PI011",
    severity: Severity::Error,
    finds: "A link leads to no file of the skill, or to no heading.",
    source: "Agent Skills specification, \"File references\": relative to the skill's root",
};

const LEAVES: Rule = Rule {
    code: "link-leaves-skill",
    id: "PI011",
    severity: Severity::Note,
    finds: "A link leads out of the skill's directory, and to nothing where the skill is installed alone.",
    source: "Agent Skills specification, \"File references\"; installers copy the directory of one skill",
};

const UNDEFINED: Rule = Rule {
    code: "link-undefined",
    id: "PI011",
    severity: Severity::Warning,
    finds: "A link refers to a definition that the document does not have.",
    source: "CommonMark, \"Link reference definitions\": shown as plain text where there is none",
};

const DEEP: Rule = Rule {
    code: "reference-too-deep",
    id: "PI011",
    severity: Severity::Note,
    finds: "A document is reached only by way of another one, and not from SKILL.md.",
    source: "Agent Skills specification, \"File references\": one level deep from SKILL.md",
};

pub(super) const CHECK: Check = Check { rules: &[BROKEN, LEAVES, UNDEFINED, DEEP], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| of(skill, subject)).collect()
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for document in skill.documents.iter().filter(|d| !is_material(&d.path)) {
        out.extend(document.links.iter().filter_map(|link| one(skill, subject, document, link)));
    }
    out.extend(deep(skill, subject));
    out
}

/// Templates and assets are copied elsewhere, and their links lead from there.
fn is_material(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "assets" | "templates" | "template" | "fixtures" | "testdata"))
}

/// Where a link leads below the root, and its anchor; nothing for one that leads to another place or is a placeholder.
fn target(document: &Document, link: &Link) -> Option<(Option<String>, String)> {
    let target = link.target.trim();
    let scheme = target.split_once(':').map(|(scheme, _)| scheme);
    if target.is_empty()
        || scheme.is_some_and(|s| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)))
        || target.starts_with("//")
        || is_placeholder(target)
        || matches!(target, "url" | "link" | "URL" | "path")
    {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = path.split('?').next().unwrap_or(path);
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
    let anchor = percent_encoding::percent_decode_str(anchor).decode_utf8_lossy().into_owned();
    if path.is_empty() {
        return Some((Some(document.path.clone()), anchor));
    }
    Some((resolve(dir_of(&document.path), &path), anchor))
}

fn one(skill: &Skill, subject: &Subject<'_>, document: &Document, link: &Link) -> Option<Finding> {
    let shown = quoted(&link.target, 120);
    if link.kind == LinkKind::Undefined {
        return undefined(document, link, &shown);
    }
    let tree = &subject.project.tree;
    let (path, anchor) = target(document, link)?;
    let broken = |because: String| BROKEN.in_document(document, link.at, because);
    let Some(path) = path else {
        return Some(
            broken(format!("{shown} leads out of the skill's directory"))
                .fix("link to a file inside it, or to an https address"),
        );
    };
    if link.target.starts_with('/') {
        // From the root of what? A repository's for some hosts, a disk's for others.
        let rooted = resolve("", &link.target)?;
        let fix = near(skill, tree, &rooted).map(|n| relative(dir_of(&document.path), &n.path));
        let because = format!("{shown} begins at a root, and a skill has none");
        let finding = LEAVES.in_document(document, link.at, because).near(fix.as_deref());
        return Some(finding.fix("write the path from this document, or an https address"));
    }
    if !there(tree, &path) {
        if tree.cut.is_some() || is_bare_word(document, link) {
            return None;
        }
        if !skill.owns(&path) && !subject.project.covers(&path) {
            // It lies where nothing is read: whether it is there is not known, only that it is no part of the skill.
            let because = format!("{shown} leads out of the skill, which is installed without it");
            return Some(LEAVES.in_document(document, link.at, because).fix("copy what is needed into references/"));
        }
        let found = near(skill, tree, &path);
        let way = found.as_ref().map(|n| relative(dir_of(&document.path), &n.path));
        // The standard has paths written from the skill's root; whoever renders the document reads them from its place.
        let written = link.target.split(['#', '?']).next().unwrap_or_default();
        let from_root = resolve(&skill.base, written).is_some_and(|p| there(tree, &p));
        let because = if from_root {
            format!("{shown} is there from the skill's root, and not from this document")
        } else {
            format!("{shown} does not exist")
        };
        let fix =
            way.as_ref().map_or_else(|| format!("write {path}, or take the link out"), |w| format!("link to {w}"));
        let mut finding = broken(because).fix(fix).near(way.as_deref());
        // Other documents show links of texts that are written elsewhere: certain only where something is near. A path
        // without an ending is one of a site or of nothing, and where fences nest a sample is taken for the text.
        let other = document.path != skill.main().path;
        let start = link.written.as_ref().map_or(0, |w| w.start);
        if from_root {
            finding.severity = Severity::Warning;
        } else if way.is_none() && is_of_repository(&path, skill) {
            finding.severity = Severity::Note;
        } else if way.is_none() && (other || !name_of(&path).contains('.') || document.is_torn_at(start)) {
            finding.severity = Severity::Warning;
        }
        if let (Some(Near { sure: true, .. }), Some(way), Some(written)) = (found, way, &link.written) {
            let with = if anchor.is_empty() { way } else { format!("{way}#{anchor}") };
            finding = finding.edit(&document.path, Change::Replace { from: written.start, to: written.end, with });
        }
        return Some(finding);
    }
    if !skill.owns(&path) && !skill.owns(&format!("{path}/")) && path != skill.base {
        let because = format!("{shown} leads out of the skill, which is installed without it");
        return Some(LEAVES.in_document(document, link.at, because).fix("copy what is needed into references/"));
    }
    heading(skill, document, link, &path, &anchor)
}

/// Whether a path is one of those that hosts of code know by name: of the user's repository sooner than of the skill.
fn is_of_repository(path: &str, skill: &Skill) -> bool {
    let inner = skill.inner(path);
    let stem = inner.split('.').next().unwrap_or(inner).to_ascii_uppercase();
    let known = [
        "README",
        "CONTRIBUTING",
        "CHANGELOG",
        "CODE_OF_CONDUCT",
        "SECURITY",
        "SUPPORT",
        "CODEOWNERS",
        "AGENTS",
        "CLAUDE",
    ];
    (!inner.contains('/') && known.contains(&stem.as_str()))
        || [".github/", ".gitlab/"].iter().any(|d| inner.starts_with(d))
}

fn undefined(document: &Document, link: &Link, shown: &str) -> Option<Finding> {
    // `matrix[i][j]` is no link, and neither is a check box or a note.
    let start = crate::skill::byte_at(&document.text, link.at)?;
    let before = document.text.get(..start)?.chars().next_back();
    let word =
        link.target.len() > 1 && link.target.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.'));
    if !word || before.is_some_and(|c| c.is_alphanumeric() || matches!(c, ']' | ')' | '_' | '[')) {
        return None;
    }
    let because = format!("[{shown}] is defined nowhere in this document");
    Some(
        UNDEFINED
            .in_document(document, link.at, because)
            .fix(format!("add a line [{shown}]: path, or write the target in brackets")),
    )
}

/// `handlers[name](args)` in prose: one word without point, slash or anchor, after a word.
fn is_bare_word(document: &Document, link: &Link) -> bool {
    let bare = !link.target.contains(['.', '/', '#']);
    let before = link.written.as_ref().and_then(|w| document.text.get(..w.start)).unwrap_or_default();
    let open = before.rfind('[').and_then(|at| before.get(..at)).and_then(|t| t.chars().next_back());
    bare && (link.target.len() < 3 || open.is_some_and(|c| c.is_alphanumeric() || c == '_'))
}

fn heading(skill: &Skill, document: &Document, link: &Link, path: &str, anchor: &str) -> Option<Finding> {
    // `#12` is how people write an issue.
    if anchor.is_empty() || anchor.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let there = skill.documents.iter().find(|d| d.path == path)?;
    let anchors: Vec<String> = there.anchors().collect();
    if anchors.iter().any(|a| a == anchor || a.eq_ignore_ascii_case(anchor)) || anchor == "top" {
        return None;
    }
    let near = nearest(anchor, anchors.iter().map(String::as_str));
    let fix = near.map_or_else(|| "link to a heading that exists".to_owned(), |n| format!("link to #{n}"));
    let because = format!("{} names no heading of {path}", quoted(&link.target, 120));
    let mut finding = BROKEN.in_document(document, link.at, because).fix(fix).near(near);
    if there.torn.is_some() {
        // The heading may stand where a fence swallowed it: then the fences are at fault.
        finding = finding
            .fix("give the outer block a longer fence, so that headings below it are read; or link to one that exists");
        finding.severity = Severity::Warning;
    }
    let alone = |n: &str| {
        anchors.iter().filter(|a| strsim::osa_distance(a, anchor) <= strsim::osa_distance(n, anchor)).count() == 1
    };
    if let (Some(near), Some(written)) =
        (near.filter(|n| strsim::osa_distance(n, anchor) <= 2 && alone(n)), &link.written)
        && link.target.ends_with(anchor)
    {
        let change = Change::Replace { from: written.end - anchor.len(), to: written.end, with: near.to_owned() };
        finding = finding.edit(&document.path, change);
    }
    Some(finding)
}

/// Documents that only other documents link to, each at the first such link.
fn deep(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let main = skill.main();
    let mut seen = std::collections::BTreeSet::new();
    let mut out = Vec::new();
    for document in skill.documents.iter().skip(1).filter(|d| !is_material(&d.path)) {
        for link in document.links.iter().filter(|l| l.kind == LinkKind::Inline && !l.image) {
            let Some((Some(path), _)) = target(document, link) else { continue };
            let named = main.text.contains(name_of(&path));
            let document_there = skill.documents.iter().any(|d| d.path == path);
            if path == main.path
                || path == document.path
                || named
                || !document_there
                || !subject.project.tree.has(&path)
            {
                continue;
            }
            // A directory that SKILL.md names is one that an agent looks into.
            let dir = dir_of(&path);
            let below = dir.strip_prefix(&format!("{}/", skill.base)).unwrap_or(dir);
            let whole = format!("{below}/");
            let named = |(at, _): (usize, &str)| {
                let after = main.text.get(at + whole.len()..).and_then(|t| t.chars().next());
                !after.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
            };
            if !below.is_empty() && main.text.match_indices(whole.as_str()).any(named) {
                continue;
            }
            if seen.insert(path.clone()) {
                let because = format!("{path} is reached only from here, and SKILL.md does not name it");
                out.push(DEEP.in_document(document, link.at, because).fix(format!("name {path} in SKILL.md too")));
            }
        }
    }
    out
}
