//! Checks of a skill, one a file. Each names what is wrong, where, and what to do.

mod broken_link;
mod confidence_malformed;
mod confidence_over_ceiling;
mod description_unfit;
mod example_not_named;
mod example_without_test;
mod front_matter_malformed;
mod front_matter_missing;
mod front_matter_unknown_key;
mod hidden_characters;
mod name_not_folder;
mod over_budget;
mod secret_in_document;
mod section_missing;
mod tool_undocumented;
mod unknown_command;
mod unknown_tool;

use super::Skill;
use crate::finding::{Finding, tidy};

/// What a skill is held against.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The skill.
    pub skill: &'a Skill,
    /// Tools that the server lists.
    pub known_tools: &'a [&'a str],
    /// Subcommands that the binary has.
    pub known_commands: &'a [&'a str],
    /// Names of the directories under `examples/`.
    pub examples: &'a [&'a str],
    /// The text of all tests.
    pub tests: &'a str,
}

/// One check.
#[derive(Debug)]
pub struct Check {
    /// The code of its findings.
    pub code: &'static str,
    /// What it finds, in one sentence.
    pub finds: &'static str,
    /// The check.
    pub run: fn(&Subject<'_>) -> Vec<Finding>,
}

/// All checks.
pub const ALL: [&Check; 17] = [
    &front_matter_missing::CHECK,
    &front_matter_malformed::CHECK,
    &front_matter_unknown_key::CHECK,
    &name_not_folder::CHECK,
    &description_unfit::CHECK,
    &section_missing::CHECK,
    &over_budget::CHECK,
    &broken_link::CHECK,
    &unknown_tool::CHECK,
    &tool_undocumented::CHECK,
    &unknown_command::CHECK,
    &example_not_named::CHECK,
    &example_without_test::CHECK,
    &confidence_malformed::CHECK,
    &confidence_over_ceiling::CHECK,
    &hidden_characters::CHECK,
    &secret_in_document::CHECK,
];

/// Runs all checks.
#[must_use]
pub fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = ALL.iter().flat_map(|check| (check.run)(subject)).collect();
    tidy(&mut findings);
    findings
}
