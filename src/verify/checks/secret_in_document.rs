//! A secret in a skill is a secret in every context it is read into.

use std::sync::LazyLock;

use regex::Regex;

use crate::base::redact::looks_secret;
use crate::base::yaml::Span;
use crate::finding::{Finding, Location, Severity};
use crate::skill::Skill;
use crate::verify::{Check, Profile, Rule, Subject};

/// `basic authentication`, `token endpoint`: the words of a header in a sentence about it.
static PROSE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:bearer|basic|token)\s+[a-z-]+(?:$|[^a-z0-9._~+/=-])").expect("a constant pattern")
});

const RULE: Rule = Rule {
    code: "secret-in-document",
    id: "PI052",
    severity: Severity::Error,
    finds: "A document holds what looks like the value of a secret.",
    source: "a secret in a skill is in every context that reads it",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(of).collect()
}

fn of(skill: &Skill) -> Vec<Finding> {
    let mut out = Vec::new();
    for document in &skill.documents {
        for (number, line) in (1_u32..).zip(document.text.lines()) {
            if !looks_secret(&PROSE.replace_all(line, " ")) {
                continue;
            }
            let at = Location::at(&document.file, Span { line: number, column: 1 });
            // The value itself is not repeated.
            out.push(
                Finding::error(RULE.code, at, "this line holds what looks like the value of a secret")
                    .fix("write a reference, env:NAME or file:PATH, and revoke the secret"),
            );
        }
    }
    out
}
