//! A skill that a server serves must be the one that lies here: front matter, files, digests, sizes (SEP-2640).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::base::digest::Digest;
use crate::base::redact;
use crate::base::text::quoted;
use crate::base::yaml::Span;
use crate::finding::{Finding, Location, Severity};
use crate::probe::{ReadFile, ServedSkill};
use crate::skill::{MAIN, Skill};
use crate::verify::facts::Server;
use crate::verify::{Check, Profile, Rule, Subject};

/// Differences that are shown of one skill.
const MOST: usize = 10;

const RULE: Rule = Rule {
    code: "served-skill-differs",
    id: "PI027",
    severity: Severity::Error,
    finds: "The skill that the server serves is not the one on the disk.",
    source: "SEP-2640: hosts verify digests, compare the front matter field by field and take an unlisted file for a failure",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for (server, surface) in subject.facts.answered() {
        for served in &surface.skills {
            let dir = served.uri.strip_suffix(MAIN).map(|u| u.trim_end_matches('/'));
            let name = dir.and_then(|u| u.rsplit('/').next());
            let same = |s: &&Skill| Some(s.name()) == name || Some(s.folder.as_str()) == name;
            let Some(skill) = subject.skills().find(same) else { continue };
            let mut found = Of { subject, server, served, skill }.all();
            let more = found.len().saturating_sub(MOST);
            found.truncate(MOST);
            if more > 0
                && let Some(last) = found.last_mut()
            {
                let _ = write!(last.message, "; {more} more differ");
            }
            out.extend(found);
        }
    }
    out
}

struct Of<'a> {
    subject: &'a Subject<'a>,
    server: &'a Server,
    served: &'a ServedSkill,
    skill: &'a Skill,
}

impl Of<'_> {
    fn all(&self) -> Vec<Finding> {
        let mut out = Vec::new();
        self.front_matter(&mut out);
        let root = self.served.uri.strip_suffix(MAIN).unwrap_or(&self.served.uri);
        let below = |uri: &str| -> Option<String> {
            Some(percent_decode_str(uri.strip_prefix(root)?).decode_utf8_lossy().into_owned())
        };
        let read: BTreeMap<&str, &ReadFile> = self.served.read.iter().map(|(uri, got)| (uri.as_str(), got)).collect();
        let Some(listed) = &self.served.resources else {
            // A list that is dynamic promises no digests; what was read is compared all the same.
            if let Some(Ok((digest, _))) = read.get(self.served.uri.as_str()) {
                self.file(MAIN, digest, None, &mut out);
            }
            return out;
        };
        let mut paths: BTreeSet<String> = BTreeSet::new();
        for (uri, digest, size) in listed {
            let shown = quoted(uri, 120);
            let Some(path) = below(uri) else {
                out.push(self.at(MAIN, &format!("it lists {shown}, which lies outside the skill")));
                continue;
            };
            self.file(&path, digest, Some(*size), &mut out);
            match read.get(uri.as_str()) {
                Some(Ok((got, bytes))) if got != digest || bytes != size => {
                    let message = format!("resources/read of {shown} returns other bytes than skills/list promises");
                    out.push(self.at(&path, &message));
                }
                Some(Err(because)) => {
                    let because = redact::bounded(because, 120);
                    out.push(self.at(&path, &format!("{shown} is listed and cannot be read: {because}")));
                }
                _ => {}
            }
            paths.insert(path);
        }
        self.missing(&paths, &mut out);
        out
    }

    fn front_matter(&self, out: &mut Vec<Finding>) {
        let Ok(front) = &self.skill.front else { return };
        let disk = front.node.to_value();
        let (Some(disk), Some(served)) = (disk.as_object(), self.served.frontmatter.as_object()) else { return };
        for key in disk.keys().chain(served.keys().filter(|k| !disk.contains_key(*k))) {
            if disk.get(key) == served.get(key) {
                continue;
            }
            let shown =
                |v: Option<&Value>| v.map_or_else(|| "nothing".to_owned(), |v| redact::bounded(&v.to_string(), 60));
            let (was, is) = (shown(disk.get(key)), shown(served.get(key)));
            let message = format!("front matter \"{}\" is {was} on the disk and {is} as served", quoted(key, 40));
            let mut found = self.at(MAIN, &message);
            found.location.at = front.at(key);
            out.push(found);
        }
    }

    /// Where a served path lies: below the skill, or beside it, where the project's own directories belong to it.
    fn on_disk(&self, path: &str) -> Option<String> {
        let tree = &self.subject.project.tree;
        let own = self.skill.path(path);
        if tree.has(&own) {
            return Some(own);
        }
        let below = |dir: &str| path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'));
        (self.skill.artifacts.iter().any(|a| below(a)) && tree.has(path)).then(|| path.to_owned())
    }

    fn file(&self, path: &str, digest: &str, size: Option<u64>, out: &mut Vec<Finding>) {
        let tree = &self.subject.project.tree;
        let shown = quoted(path, 120);
        let Some(disk) = self.on_disk(path) else {
            // What was left out because there is too much is not missing.
            if tree.cut.is_none() {
                out.push(self.at(MAIN, &format!("it serves {shown}, which is not on the disk")));
            }
            return;
        };
        let Some(bytes) = tree.get(&disk).and_then(|f| f.bytes()) else { return };
        let real = Digest::of_bytes(bytes);
        if real.as_str() != digest {
            let (served, real) = (quoted(digest, 20), quoted(real.as_str(), 20));
            out.push(self.at(path, &format!("{shown} as served is another file: {served}, and {real} on the disk")));
        } else if let Some(size) = size.filter(|s| *s != bytes.len() as u64) {
            out.push(self.at(path, &format!("{shown} has {} bytes, and {size} as served", bytes.len())));
        }
    }

    /// Files on the disk that are not served. Of a directory beside the skill only those whose neighbours are: what is
    /// shipped of it is for whoever packages to say.
    fn missing(&self, served: &BTreeSet<String>, out: &mut Vec<Finding>) {
        let hidden = |path: &str| path.split('/').any(|part| part.starts_with('.'));
        let dir = |path: &str| path.rsplit_once('/').map_or_else(String::new, |(dir, _)| dir.to_owned());
        let dirs: BTreeSet<String> = served.iter().map(|s| dir(s)).filter(|d| !d.is_empty()).collect();
        let base = &self.skill.base;
        for (path, file) in self.subject.project.tree.iter().filter(|(path, _)| self.skill.owns(path)) {
            let own = if base.is_empty() { None } else { path.strip_prefix(base.as_str()) };
            let own = own.and_then(|p| p.strip_prefix('/'));
            let name = own.unwrap_or(path);
            if served.contains(name) || hidden(name) || file.bytes().is_none() {
                continue;
            }
            if own.is_some() || dirs.contains(&dir(name)) {
                out.push(self.at(name, &format!("{} is on the disk and not served", quoted(name, 120))));
            }
        }
    }

    fn at(&self, path: &str, message: &str) -> Finding {
        let disk = self.on_disk(path).unwrap_or_else(|| self.skill.main().path.clone());
        let key = if self.server.key.is_empty() { "the server" } else { self.server.key.as_str() };
        let at = Location::at(self.subject.project.show(&disk), Span { line: 1, column: 1 });
        RULE.at(at, format!("{}: {message}", quoted(key, 64)))
            .fix("build the server anew, or let it read its skills again")
    }
}
