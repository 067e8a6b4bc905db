//! A claim of confidence has one form, so that it can be held to its ceiling.

use std::sync::LazyLock;

use regex::Regex;

use crate::base::text::{did_you_mean, quoted};
use crate::finding::{Ceiling, Finding, Location, Severity};
use crate::skill::Skill;
use crate::verify::{Check, Profile, Rule, Subject};

static FORM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^Confidence: ([01]\.\d\d) \(ceiling: ([a-z]+) ([01]\.\d\d)\)$").expect("a constant pattern")
});

const RULE: Rule = Rule {
    code: "confidence-malformed",
    id: "PI040",
    severity: Severity::Error,
    finds: "A confidence line is not in the form of the procedure.",
    source: "the procedure: Confidence: X.XX (ceiling: TYPE Y.YY)",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(of).collect()
}

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

fn of(skill: &Skill) -> Vec<Finding> {
    let mut out = Vec::new();
    for document in &skill.documents {
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
            out.push(Finding::error(RULE.code, Location::at(&document.file, line.at), because).fix(fix));
        }
    }
    out
}
