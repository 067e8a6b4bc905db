//! Manifests are public; so is what stands in their env and headers.

use crate::base::redact::looks_secret;
use crate::base::yaml::{Kind as NodeKind, Node};
use crate::finding::{Finding, Location, Severity};
use crate::package;
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "secret-in-manifest",
    id: "PI050",
    severity: Severity::Error,
    finds: "A manifest holds what looks like the value of a secret.",
    source: "Agent Plugins 1.0.0 §7.2.1 and §9.2: env and headers are visible package data",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for read in package::read(&subject.project.tree) {
        if let Ok(node) = &read.node {
            walk(node, &subject.project.show(&read.path), &mut out);
        }
    }
    out
}

fn walk(node: &Node, file: &str, out: &mut Vec<Finding>) {
    match &node.kind {
        // `Bearer ${TOKEN}` is a reference.
        NodeKind::String(text)
            if (!text.contains("${") && !text.contains(' ') || text_of_header(node)) && looks_secret(text) =>
        {
            // The value itself is not repeated.
            out.push(
                RULE.at(Location::at(file, node.at), "this is what looks like the value of a secret")
                    .fix("let the client ask for it, or name a variable, and revoke the secret"),
            );
        }
        NodeKind::Seq(items) => items.iter().for_each(|n| walk(n, file, out)),
        NodeKind::Map(entries) => entries.iter().for_each(|e| walk(&e.value, file, out)),
        _ => {}
    }
}

fn text_in(node: &Node) -> &str {
    node.as_str().unwrap_or_default()
}

/// `Bearer abc…`: two words, the second with a digit.
fn text_of_header(node: &Node) -> bool {
    let mut words = text_in(node).split(' ');
    let scheme = words.next().is_some_and(|w| ["bearer", "basic", "token"].contains(&w.to_lowercase().as_str()));
    let value = words.next().is_some_and(|w| w.contains(|c: char| c.is_ascii_digit()) && !w.contains('$'));
    scheme && value && words.next().is_none()
}
