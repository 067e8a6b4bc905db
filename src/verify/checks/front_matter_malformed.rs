//! Front matter that does not read, or holds what clients do not take.

use std::ops::Range;

use crate::finding::{Change, Finding, Location, Severity};
use crate::skill::{Document, NoFrontMatter, Skill, parse_front_matter};
use crate::verify::{Check, Profile, Rule, Subject};

/// Longest `compatibility` of the standard, in characters; other texts are held to it too.
const MAX: usize = 500;

const RULE: Rule = Rule {
    code: "front-matter-malformed",
    id: "PI001",
    severity: Severity::Error,
    finds: "The front matter is not the YAML that clients read.",
    source: "Agent Skills specification, \"Frontmatter\": YAML, license and compatibility as text",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Spec, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(of).collect()
}

fn of(skill: &Skill) -> Vec<Finding> {
    let main = skill.main();
    let front = match &skill.front {
        Err(NoFrontMatter::Malformed { at, because, yaml }) => {
            let finding = RULE.in_document(main, *at, because.clone());
            return vec![match quoting(main, yaml, at.line) {
                Some((range, with)) => {
                    let change = Change::Replace { from: range.start, to: range.end, with };
                    finding.fix("put the value in quotes, because it holds a colon").edit(&main.path, change)
                }
                None => finding.fix("write plain key: value lines, each key once; quote a value that holds a colon"),
            }];
        }
        Err(_) => return Vec::new(),
        Ok(front) => front,
    };
    let mut out = Vec::new();
    for key in ["license", "compatibility"] {
        let Some(node) = front.node.get(key) else { continue };
        let because = if node.items().is_some() || node.entries().is_some() {
            format!("{key} must be text, this is {}", node.kind_name())
        } else if node.as_str().is_some_and(|t| t.chars().count() > MAX) {
            format!("{key} has more than {MAX} characters")
        } else {
            continue;
        };
        out.push(RULE.at(Location::at(&main.file, node.at), because).fix(format!("write {key} as one line of text")));
    }
    out
}

/// The value near a line that quotes would make readable, and what to write instead.
fn quoting(main: &Document, yaml: &Range<usize>, line: u32) -> Option<(Range<usize>, String)> {
    let mut start = yaml.start;
    for (number, text) in (2_u32..).zip(main.text.get(yaml.clone())?.split_inclusive('\n')) {
        let from = start;
        start += text.len();
        if number.abs_diff(line) > 1 {
            continue;
        }
        let text = text.trim_end();
        let Some((key, value)) = text.split_once(": ") else { continue };
        let plain = key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        let value_start = from + key.len() + 2 + (value.len() - value.trim_start().len());
        let value = value.trim();
        if !plain
            || !(value.contains(": ") || value.ends_with(':'))
            || value.starts_with(['"', '\'', '|', '>', '[', '{'])
        {
            continue;
        }
        let range = value_start..value_start + value.len();
        let with = serde_json::to_string(value).ok()?;
        let mut next = main.text.clone();
        next.replace_range(range.clone(), &with);
        // Only what mends it is offered.
        if parse_front_matter(&next).is_ok() {
            return Some((range, with));
        }
    }
    None
}
