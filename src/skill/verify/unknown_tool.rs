//! A tool that the skill names must be one that the server lists.

use std::sync::LazyLock;

use regex::Regex;

use super::{Check, Subject};
use crate::base::text::{nearest, quoted};
use crate::finding::{Finding, Location};

static CALLED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#""tool"\s*:\s*"([^"]*)""#).expect("a constant pattern"));
static NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[a-z][a-z0-9]*(?:_[a-z0-9]+)+$").expect("a constant pattern"));

pub(super) const CHECK: Check =
    Check { code: "unknown-tool", finds: "A document names a tool that the server does not list.", run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for document in &subject.skill.documents {
        let called = document.code().flat_map(|(code, at)| {
            CALLED.captures_iter(code).filter_map(move |c| c.get(1).map(|m| (m.as_str(), at))).collect::<Vec<_>>()
        });
        for (name, at) in called {
            if !subject.known_tools.contains(&name) {
                out.push(finding(subject, Location::at(&document.file, at), name));
            }
        }
        for span in &document.spans {
            // Fields and parameters look like tools too; only what is nearly a tool is taken for one.
            let name = span.text.trim_end_matches("()");
            if NAME.is_match(name) && !subject.known_tools.contains(&name) && nearly(name, subject.known_tools) {
                out.push(finding(subject, Location::at(&document.file, span.at), name));
            }
        }
    }
    out
}

fn nearly(name: &str, tools: &[&str]) -> bool {
    let verb = |n: &str| n.split('_').next().unwrap_or("").to_owned();
    tools.iter().any(|tool| {
        strsim::osa_distance(name, tool) <= 2 || (verb(name) == verb(tool) && strsim::jaro_winkler(name, tool) >= 0.88)
    })
}

fn finding(subject: &Subject<'_>, at: Location, name: &str) -> Finding {
    let near = nearest(name, subject.known_tools.iter().copied());
    let fix = near.map_or_else(|| "name a tool of tools/list".to_owned(), |n| format!("write {n}"));
    Finding::error(CHECK.code, at, format!("the server has no tool {}", quoted(name, 64))).fix(fix)
}
