//! A tool that no document names is one that no agent uses as it is meant.

use crate::base::yaml::Span;
use crate::finding::{Finding, Location, Severity};
use crate::skill::Skill;
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "tool-undocumented",
    id: "PI021",
    severity: Severity::Error,
    finds: "The server lists a tool that no document names.",
    source: "a tool that no document names is used as its name suggests, not as it is meant",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| of(skill, subject)).collect()
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let Some(surface) = subject.facts.surface() else { return Vec::new() };
    let named = |tool: &str| {
        skill.documents.iter().any(|d| {
            d.code()
                .any(|(code, _)| code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == tool))
        })
    };
    let at = || Location::at(&skill.main().file, Span { line: 1, column: 1 });
    let tools = surface.tools.iter().map(|t| t.name.as_str());
    tools
        .filter(|tool| !named(tool))
        .map(|tool| {
            Finding::error(RULE.code, at(), format!("no document names the tool {tool}"))
                .fix(format!("say in SKILL.md or references/ when to call `{tool}`"))
        })
        .collect()
}
