//! A tool that no document names is one that no agent uses as it is meant.

use super::{Check, Subject};
use crate::base::yaml::Span;
use crate::finding::{Finding, Location};

pub(super) const CHECK: Check =
    Check { code: "tool-undocumented", finds: "The server lists a tool that no document names.", run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let named = |tool: &str| {
        subject.skill.documents.iter().any(|d| {
            d.code()
                .any(|(code, _)| code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == tool))
        })
    };
    let at = || Location::at(&subject.skill.main().file, Span { line: 1, column: 1 });
    subject
        .known_tools
        .iter()
        .filter(|tool| !named(tool))
        .map(|tool| {
            Finding::error(CHECK.code, at(), format!("no document names the tool {tool}"))
                .fix(format!("say in SKILL.md or references/ when to call `{tool}`"))
        })
        .collect()
}
