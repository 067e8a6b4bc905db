//! A skill is read into the agent's context whole: what is too long displaces the work.

use crate::base::text::{thousands, tokens};
use crate::base::yaml::Span;
use crate::finding::{Finding, Location, Severity};
use crate::skill::Skill;
use crate::verify::{Check, Profile, Rule, Subject};

/// Budget of SKILL.md (agentskills.io).
const MAX_LINES: usize = 500;
/// Budget of SKILL.md, at four characters to a token.
const MAX_TOKENS: usize = 5_000;
/// Budget of any other document.
const MAX_REFERENCE_TOKENS: usize = 10_000;

const RULE: Rule = Rule {
    code: "over-budget",
    id: "PI005",
    severity: Severity::Warning,
    finds: "A document is longer than an agent should read.",
    source: "Agent Skills specification, \"Progressive disclosure\": under 500 lines and 5,000 tokens",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Spec, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(of).collect()
}

fn of(skill: &Skill) -> Vec<Finding> {
    let mut out = Vec::new();
    for (i, document) in skill.documents.iter().enumerate() {
        let (lines, size) = (document.text.lines().count(), tokens(&document.text));
        let max = if i == 0 { MAX_TOKENS } else { MAX_REFERENCE_TOKENS };
        let because = if i == 0 && lines > MAX_LINES {
            format!("{lines} lines, more than {MAX_LINES}")
        } else if size > max {
            format!("{} tokens, more than {}", thousands(size as u64), thousands(max as u64))
        } else {
            continue;
        };
        let at = Location::at(&document.file, Span { line: 1, column: 1 });
        out.push(Finding::warning(RULE.code, at, because).fix("move what is not always needed into references/"));
    }
    out
}
