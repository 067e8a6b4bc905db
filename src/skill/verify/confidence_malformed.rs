//! A claim of confidence has one form, so that it can be held to its ceiling.

use std::sync::LazyLock;

use regex::Regex;

use super::{Check, Subject};
use crate::base::text::{did_you_mean, quoted};
use crate::finding::{Ceiling, Finding, Location};

static FORM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^Confidence: ([01]\.\d\d) \(ceiling: ([a-z]+) ([01]\.\d\d)\)$").expect("a constant pattern")
});

pub(super) const CHECK: Check =
    Check { code: "confidence-malformed", finds: "A confidence line is not in the form of the procedure.", run };

/// A claim in its form: value, kind and ceiling as written.
pub(super) struct Claim<'t> {
    pub(super) value: f64,
    pub(super) kind: &'t str,
    pub(super) ceiling: f64,
}

/// Reads a line; nothing where it has another form.
pub(super) fn claim(text: &str) -> Option<Claim<'_>> {
    let found = FORM.captures(text)?;
    let (_, [value, kind, ceiling]) = found.extract();
    Some(Claim { value: value.parse().ok()?, kind, ceiling: ceiling.parse().ok()? })
}

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for document in &subject.skill.documents {
        for line in &document.confidence {
            let because = match claim(&line.text) {
                None => format!(
                    "\"{}\" is not of the form \"Confidence: X.XX (ceiling: TYPE Y.YY)\"",
                    quoted(&line.text, 80)
                ),
                Some(claim) => match Ceiling::parse(claim.kind) {
                    Some(_) => continue,
                    None => {
                        let hint = did_you_mean(claim.kind, Ceiling::ALL.map(Ceiling::as_str));
                        format!("{} is no type of claim{hint}", claim.kind)
                    }
                },
            };
            let fix = format!("write two digits each and one of {}", Ceiling::ALL.map(Ceiling::as_str).join(", "));
            out.push(Finding::error(CHECK.code, Location::at(&document.file, line.at), because).fix(fix));
        }
    }
    out
}
