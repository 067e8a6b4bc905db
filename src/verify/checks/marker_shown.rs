//! Marks of a notation between agents do not belong into what people read.

use std::sync::LazyLock;

use regex::Regex;

use crate::base::text::plural;
use crate::finding::{Finding, Severity};
use crate::skill::Skill;
use crate::verify::{Check, Profile, Rule, Subject};

static MARKER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\[(?:assert|query|direct|commit|express|define)\|(?:neutral|positive|negative|uncertain|emphatic|confident)\]|\[conf:\s*[01]?\.\d+\]|\[state:(?:provisional|confirmed|retracted)\]")
        .expect("a constant pattern")
});

const RULE: Rule = Rule {
    code: "marker-shown",
    id: "PI052",
    severity: Severity::Warning,
    finds: "Text for people holds marks of the VERIX notation.",
    source: "VCL v3.1.1: level L2, plain language, is what people are shown; never output markers to a user",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(of).collect()
}

fn of(skill: &Skill) -> Vec<Finding> {
    let mut out = Vec::new();
    for (i, document) in skill.documents.iter().enumerate() {
        // The front matter of SKILL.md is read by people too.
        let front = if i == 0 { document.text.get(..document.body) } else { None };
        let first = front.and_then(|f| MARKER.find(f)).or_else(|| MARKER.find(&document.prose));
        let Some(first) = first else { continue };
        let count = front.map_or(0, |f| MARKER.find_iter(f).count()) + MARKER.find_iter(&document.prose).count();
        let because =
            format!("{} of a notation between agents, the first one {}", plural(count as u64, "mark"), first.as_str());
        out.push(RULE.in_document(document, document.place(first.start()), because).fix("write it in plain language"));
    }
    out
}
