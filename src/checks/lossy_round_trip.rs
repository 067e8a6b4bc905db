//! A field that goes there and back, and comes back as something else.

use super::{Check, Subject};
use crate::base::text::quoted;
use crate::base::yaml::Span;
use crate::finding::{Finding, Severity};
use crate::mapping::Rule;
use crate::mapping::rule::Source;

pub(super) static CHECK: Check = Check {
    code: "lossy-round-trip",
    summary: "Two flows keep one field of two systems in step, and a rule loses part of the value: what comes back overwrites the original.",
    severity: Severity::Warning,
    run,
};

/// Transforms that have no way back.
const LOSE: [&str; 21] = [
    "truncate",
    "first",
    "last",
    "split",
    "lower",
    "upper",
    "round",
    "date_only",
    "to_boolean",
    "sha256",
    "pseudonym",
    "replace",
    "digits",
    "extract",
    "strip_html",
    "mask",
    "take",
    "count",
    "absolute",
    "unique",
    "compact",
];
/// Transforms, and what takes each back.
const BACK: [(&str, &str); 10] = [
    ("minor_to_major", "major_to_minor"),
    ("major_to_minor", "minor_to_major"),
    ("epoch_to_datetime", "datetime_to_epoch"),
    ("datetime_to_epoch", "epoch_to_datetime"),
    ("multiply", "divide"),
    ("divide", "multiply"),
    ("parse_decimal", "format_decimal"),
    ("format_decimal", "parse_decimal"),
    ("parse_date", "format_date"),
    ("format_date", "parse_date"),
];

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let flows = subject.ends();
    for (i, there) in flows.iter().enumerate() {
        for back in flows.iter().skip(i + 1).filter(|back| there.meets(back) && back.to == there.from) {
            let is_key = |path: &str| there.key == Some(path) || back.key == Some(path);
            for (target, rule) in &there.rules {
                let Source::Path(from) = &rule.source else { continue };
                let returns = |r: &&&Rule| matches!(&r.source, Source::Path(p) if *p == rule.target);
                let from_text = from.to_string();
                let Some(other) = back.rules.get(&from_text).filter(returns) else { continue };
                if is_key(&from_text) || is_key(target) {
                    continue;
                }
                let Some((at, what)) = loses(rule, other).or_else(|| loses(other, rule)) else { continue };
                let message = format!(
                    "{} goes to {} and back, and {what}: what comes back overwrites the original",
                    quoted(&from_text, 60),
                    quoted(target, 60)
                );
                let fix = "let one of the two flows own the field and take it out of the other; or use rules that take each other back";
                out.push(subject.warning(&CHECK, at, message).fix(fix));
            }
        }
    }
}

/// What of a rule the other does not take back.
fn loses(rule: &Rule, other: &Rule) -> Option<(Span, String)> {
    for step in &rule.steps {
        let name = step.transform.name;
        if LOSE.contains(&name) {
            return Some((step.at, format!("{} has no way back", quoted(&step.shown, 60))));
        }
        if let Some((_, back)) = BACK.iter().find(|(there, _)| *there == name)
            && !other.has_step(back)
        {
            return Some((step.at, format!("{name} is not taken back by {back}")));
        }
    }
    let table = rule.values.as_ref()?;
    let twice = table.entries.iter().enumerate().find(|(i, (_, v))| table.entries.iter().take(*i).any(|(_, w)| w == v));
    let (_, (from, _)) = twice?;
    Some((from.at, format!("{} becomes the same as another value", quoted(from, 60))))
}
