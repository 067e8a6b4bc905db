//! Characters that people do not see and agents obey.

use crate::base::text::is_hidden;
use crate::base::yaml::Span;
use crate::finding::{Finding, Location, Severity};
use crate::skill::Skill;
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "hidden-characters",
    id: "PI052",
    severity: Severity::Error,
    finds: "A document holds characters that are not shown.",
    source: "Unicode Technical Standard 39; hidden text is read by models and not by reviewers",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(of).collect()
}

fn of(skill: &Skill) -> Vec<Finding> {
    let mut out = Vec::new();
    for document in &skill.documents {
        for (number, line) in (1_u32..).zip(document.text.lines()) {
            let bad = |c: char| is_hidden(c) || (c.is_control() && c != '\t' && c != '\r');
            let Some((column, c)) = (1_u32..).zip(line.chars()).find(|(_, c)| bad(*c)) else { continue };
            let at = Location::at(&document.file, Span { line: number, column });
            out.push(
                Finding::error(RULE.code, at, format!("character U+{:04X} is not shown to people", u32::from(c)))
                    .fix("remove it; write what it hides in plain sight, or not at all"),
            );
        }
    }
    out
}
