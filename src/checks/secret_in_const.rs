//! A secret as a constant of the mapping (law 8): it would be sent with every record.

use serde_json::Value;

use super::{Check, Subject};
use crate::base::redact;
use crate::base::text::words;
use crate::base::yaml::Span;
use crate::finding::{Finding, Severity};
use crate::mapping::Rule;
use crate::mapping::rule::Source;

pub(super) static CHECK: Check = Check {
    code: "secret-in-const",
    summary: "A constant or default of the mapping holds a secret, or writes a field that is one.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for rule in subject.mappings.values().flat_map(|m| m.rules()) {
        let constant = match &rule.source {
            Source::Const(value) => Some((value, rule.source_at)),
            _ => None,
        };
        let default = rule.default.as_ref().map(|d| (&d.value, d.at));
        for (value, at) in constant.into_iter().chain(default) {
            if let Some(message) = because(rule, value) {
                let at: Span = at;
                let fix = "take it out, use auth for what authenticates, and revoke the secret";
                out.push(subject.error(&CHECK, at, message).fix(fix));
            }
        }
    }
}

fn because(rule: &Rule, value: &Value) -> Option<String> {
    let text = value.as_str()?;
    if redact::looks_secret(text) {
        return Some(format!("the constant for {} looks like a secret", rule.target));
    }
    // What a name ends in is what it holds: a `password_policy` is a policy.
    let words = words(rule.target.leaf());
    let ends = |with: &[&str]| words.ends_with(&with.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>());
    let secret = [
        &["password"][..],
        &["passwd"],
        &["passphrase"],
        &["secret"],
        &["secret", "key"],
        &["private", "key"],
        &["api", "key"],
        &["access", "token"],
    ]
    .iter()
    .any(|with| ends(with));
    (secret && !text.is_empty()).then(|| format!("{} is a secret, and gets a constant", rule.target))
}
