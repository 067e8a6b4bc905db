//! A command that the skill names must be one that the binary has.

use std::sync::LazyLock;

use regex::Regex;

use super::{Check, Subject};
use crate::base::text::nearest;
use crate::finding::{Finding, Location};

static COMMAND: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[\s$(;&|])platform-integration +([a-z][a-z0-9-]*)").expect("a constant pattern")
});

pub(super) const CHECK: Check =
    Check { code: "unknown-command", finds: "A document names a subcommand that the binary does not have.", run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for document in &subject.skill.documents {
        for (code, at) in document.code() {
            // A comment of the shell is prose.
            let code = if code.starts_with('#') { "" } else { code.split(" #").next().unwrap_or(code) };
            for found in COMMAND.captures_iter(code) {
                let name = &found[1];
                if subject.known_commands.contains(&name) {
                    continue;
                }
                let near = nearest(name, subject.known_commands.iter().copied());
                let fix = near.map_or_else(
                    || "see platform-integration --help".to_owned(),
                    |n| format!("write platform-integration {n}"),
                );
                let at = Location::at(&document.file, at);
                out.push(
                    Finding::error(CHECK.code, at, format!("there is no command platform-integration {name}")).fix(fix),
                );
            }
        }
    }
    out
}
