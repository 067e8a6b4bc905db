//! A secret written into the contract (law 8).

use super::{Check, Subject};
use crate::base::redact;
use crate::base::secret::SecretRef;
use crate::base::yaml::Span;
use crate::finding::{Finding, Severity};
use crate::mapping::rule::Source;

pub(super) static CHECK: Check = Check {
    code: "secret-as-value",
    summary: "A secret stands in the contract as a value; only references (env:NAME, file:PATH) may.",
    severity: Severity::Error,
    run,
};

const FIX: &str = "write env:NAME or file:PATH, and revoke the secret: it is in the file's history";

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let mut told: Vec<u32> = Vec::new();
    for (name, system_use) in &subject.contract.systems {
        let auth = system_use.auth.iter();
        for (key, text) in auth.flat_map(|a| a.secrets()).filter(|(_, text)| SecretRef::parse(text).is_none()) {
            // The value itself is never repeated.
            let message = format!("{key} of {name} is a value, not a reference");
            out.push(subject.error(&CHECK, text.at, message).fix(FIX));
            told.push(text.at.line);
        }
        let hooks = subject.contract.flows.values().filter(|f| f.source.system.value == *name);
        let verified = hooks.filter_map(|f| f.source.webhook.as_ref()?.verify.as_ref());
        for (key, text) in verified.flat_map(|v| v.secrets()).filter(|(_, text)| SecretRef::parse(text).is_none()) {
            let message = format!("webhook.verify.{key} of {name} is a value, not a reference");
            out.push(subject.error(&CHECK, text.at, message).fix(FIX));
            told.push(text.at.line);
        }
        for url in system_use.base_url.iter().chain([&system_use.api]) {
            let user_info = url.split_once("://").is_some_and(|(_, rest)| {
                rest.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@'))
            });
            if user_info || redact::text(url) != url.value {
                let message = format!("a URL of {name} carries a secret");
                out.push(subject.error(&CHECK, url.at, message).fix("take it out of the URL, and use auth"));
                told.push(url.at.line);
            }
        }
    }
    // Constants have a check of their own.
    let rules = subject.mappings.values().flat_map(|m| m.rules());
    told.extend(rules.filter(|r| matches!(r.source, Source::Const(_))).map(|r| r.source_at.line));
    for (i, line) in subject.text.lines().enumerate() {
        let number = u32::try_from(i + 1).unwrap_or(u32::MAX);
        if redact::looks_secret(line) && !told.contains(&number) {
            let indent = line.chars().take_while(|c| c.is_whitespace()).count();
            let at = Span { line: number, column: u32::try_from(indent + 1).unwrap_or(1) };
            out.push(subject.error(&CHECK, at, "this line holds what looks like a secret").fix(FIX).sure(0.85));
        }
    }
}
