//! A skill is read into the agent's context whole: what is too long displaces the work.

use super::{Check, Subject};
use crate::base::text::{thousands, tokens};
use crate::base::yaml::Span;
use crate::finding::{Finding, Location};

/// Budget of SKILL.md (agentskills.io).
const MAX_LINES: usize = 500;
/// Budget of SKILL.md, at four characters to a token.
const MAX_TOKENS: usize = 5_000;
/// Budget of any other document.
const MAX_REFERENCE_TOKENS: usize = 10_000;

pub(super) const CHECK: Check =
    Check { code: "over-budget", finds: "A document is longer than an agent should read.", run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for (i, document) in subject.skill.documents.iter().enumerate() {
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
        out.push(Finding::warning(CHECK.code, at, because).fix("move what is not always needed into references/"));
    }
    out
}
