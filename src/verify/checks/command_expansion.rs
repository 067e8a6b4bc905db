//! `!` and a command in backticks is run by Claude Code when it loads the skill, before anybody has read it.

use std::sync::LazyLock;

use regex::Regex;

use crate::base::text::quoted;
use crate::finding::{Finding, Severity};
use crate::skill::Skill;
use crate::verify::{Check, Profile, Rule, Subject};

static EXPANSION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)(?:^|[\s(:>])(!`([^`\n]+)`)").expect("a constant pattern"));
/// Commands that fetch, decode or delete.
static HARMFUL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:curl|wget|nc|ncat|eval|base64|sudo|ssh|scp)\b|\brm\s+-|\b(?:ba|z)?sh\s+-c\b|/dev/tcp|\benv\b|\bprintenv\b|>\s*/|\.ssh|\.aws")
        .expect("a constant pattern")
});

const RULE: Rule = Rule {
    code: "command-expansion",
    id: "PI052",
    severity: Severity::Warning,
    finds: "SKILL.md holds ! before a command in backticks, which Claude Code runs on loading, in blocks of code too.",
    source: "Claude Code, \"Skills\": dynamic context; it is expanded inside fenced blocks as well",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(of).collect()
}

fn of(skill: &Skill) -> Vec<Finding> {
    let main = skill.main();
    let body = main.text.get(main.body..).unwrap_or_default();
    let mut out = Vec::new();
    for found in EXPANSION.captures_iter(body) {
        let (Some(all), Some(command)) = (found.get(1), found.get(2)) else { continue };
        let harmful = HARMFUL.is_match(command.as_str());
        let because = format!(
            "Claude Code runs \"{}\" when it loads this skill",
            quoted(&crate::base::redact::text(command.as_str()), 80)
        );
        let mut finding = RULE.in_document(main, main.place(main.body + all.start()), because);
        if harmful {
            finding.severity = Severity::Error;
        }
        out.push(finding.fix("write it so that ! does not stand before the backtick, unless it is meant to run"));
    }
    out
}
