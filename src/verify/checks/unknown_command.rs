//! A command that the skill names must be one that the binary has.

use std::sync::LazyLock;

use regex::Regex;

use crate::base::text::nearest;
use crate::finding::{Finding, Location, Severity};
use crate::skill::Skill;
use crate::verify::{Check, Profile, Rule, Subject};

static COMMAND: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[\s$(;&|])platform-integration +([a-z][a-z0-9-]*)").expect("a constant pattern")
});

const RULE: Rule = Rule {
    code: "command-unknown",
    id: "PI020",
    severity: Severity::Error,
    finds: "A document names a subcommand that the binary does not have.",
    source: "a command that does not exist stops the agent where it stands",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| of(skill, subject)).collect()
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let Some(program) = &subject.facts.program else { return Vec::new() };
    let mut out = Vec::new();
    for document in &skill.documents {
        for (code, at) in document.code() {
            // A comment of the shell is prose.
            let code = if code.starts_with('#') { "" } else { code.split(" #").next().unwrap_or(code) };
            for found in COMMAND.captures_iter(code) {
                let name = &found[1];
                if program.commands.iter().any(|c| c == name) {
                    continue;
                }
                let near = nearest(name, program.commands.iter().map(String::as_str));
                let fix = near.map_or_else(
                    || "see platform-integration --help".to_owned(),
                    |n| format!("write platform-integration {n}"),
                );
                let at = Location::at(&document.file, at);
                out.push(
                    Finding::error(RULE.code, at, format!("there is no command platform-integration {name}")).fix(fix),
                );
            }
        }
    }
    out
}
