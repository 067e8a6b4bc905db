//! Front matter that does not read, or holds what clients do not take.

use super::{Check, Subject};
use crate::finding::{Finding, Location};
use crate::skill::frontmatter::NoFrontMatter;

pub(super) const CHECK: Check =
    Check { code: "front-matter-malformed", finds: "The front matter is not the YAML that clients read.", run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let file = &subject.skill.main().file;
    let front = match &subject.skill.front {
        Err(NoFrontMatter::Missing) => return Vec::new(),
        Err(NoFrontMatter::Malformed { at, because }) => {
            return vec![
                Finding::error(CHECK.code, Location::at(file, *at), because.clone())
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
                    CHECK.code,
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
                    CHECK.code,
                    Location::at(file, metadata.at),
                    format!("metadata must be a mapping, this is {}", metadata.kind_name()),
                )
                .fix("write metadata as indented key: \"text\" lines"),
            ),
            Some(entries) => out.extend(entries.iter().filter(|e| e.value.as_str().is_none()).map(|e| {
                Finding::error(
                    CHECK.code,
                    Location::at(file, e.value.at),
                    format!("metadata.{} must be text, this is {}", e.key, e.value.kind_name()),
                )
                .fix("put the value in quotes")
            })),
        }
    }
    out
}
