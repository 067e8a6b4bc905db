//! Front matter that does not read, or holds what clients do not take.

use crate::finding::{Finding, Location, Severity};
use crate::skill::{NoFrontMatter, Skill};
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "front-matter-malformed",
    id: "PI001",
    severity: Severity::Error,
    finds: "The front matter is not the YAML that clients read.",
    source: "Agent Skills specification, \"Frontmatter\": YAML, license and compatibility as text, metadata as text to text",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Spec, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(of).collect()
}

fn of(skill: &Skill) -> Vec<Finding> {
    let file = &skill.main().file;
    let front = match &skill.front {
        Err(NoFrontMatter::Missing | NoFrontMatter::Displaced { .. }) => return Vec::new(),
        Err(NoFrontMatter::Malformed { at, because, .. }) => {
            return vec![
                Finding::error(RULE.code, Location::at(file, *at), because.clone())
                    .fix("write plain key: value lines; quote a value that holds a colon"),
            ];
        }
        Ok(front) => front,
    };
    let mut out = Vec::new();
    for key in ["license", "compatibility", "allowed-tools"] {
        if let Some(node) = front.node.get(key).filter(|n| n.as_str().is_none_or(|t| t.chars().count() > 500)) {
            out.push(
                Finding::error(
                    RULE.code,
                    Location::at(file, node.at),
                    format!("{key} must be text of at most 500 characters, this is {}", node.kind_name()),
                )
                .fix(format!("write {key} as one line of text")),
            );
        }
    }
    if let Some(metadata) = front.node.get("metadata") {
        match metadata.entries() {
            None => out.push(
                Finding::error(
                    RULE.code,
                    Location::at(file, metadata.at),
                    format!("metadata must be a mapping, this is {}", metadata.kind_name()),
                )
                .fix("write metadata as indented key: \"text\" lines"),
            ),
            Some(entries) => out.extend(entries.iter().filter(|e| e.value.as_str().is_none()).map(|e| {
                Finding::error(
                    RULE.code,
                    Location::at(file, e.value.at),
                    format!("metadata.{} must be text, this is {}", e.key, e.value.kind_name()),
                )
                .fix("put the value in quotes")
            })),
        }
    }
    out
}
