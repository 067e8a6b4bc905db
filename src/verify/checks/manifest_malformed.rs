//! A manifest that does not parse is passed over by its client, and nothing says so.

use crate::base::text::quoted;
use crate::base::yaml::{Kind, Node};
use crate::finding::{Finding, Location, Severity};
use crate::package::{self, Source};
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "manifest-malformed",
    id: "PI050",
    severity: Severity::Error,
    finds: "A manifest does not parse, or has a key twice.",
    source: "clients pass over a manifest that does not parse; of a key that is there twice each reader takes another",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for read in package::read(&subject.project.tree) {
        let file = subject.project.show(&read.path);
        match &read.node {
            Err((at, because)) => out.push(
                RULE.at(Location::at(&file, *at), because.clone())
                    .fix(format!("write {} as one JSON object, without comments", read.path)),
            ),
            Ok(node) => twice(node, &file, &mut out),
        }
    }
    if let Err(e) = Source::read(&subject.project.tree) {
        out.push(
            RULE.at(Location::at(subject.project.show(&e.file), e.at), e.because)
                .fix(format!("mend {}: manifests are made from it", e.file)),
        );
    }
    out
}

fn twice(node: &Node, file: &str, out: &mut Vec<Finding>) {
    if let Some(entry) = node.duplicate_key() {
        let key = quoted(&entry.key, 60);
        out.push(
            RULE.at(Location::at(file, entry.key_at), format!("the key \"{key}\" is there twice"))
                .fix(format!("keep one \"{key}\"")),
        );
    }
    match &node.kind {
        Kind::Map(entries) => entries.iter().for_each(|e| twice(&e.value, file, out)),
        Kind::Seq(items) => items.iter().for_each(|n| twice(n, file, out)),
        _ => {}
    }
}
