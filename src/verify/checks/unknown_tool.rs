//! A tool that the skill names must be one that the server lists.

use std::sync::LazyLock;

use regex::Regex;

use crate::base::text::{nearest, quoted};
use crate::finding::{Finding, Location, Severity};
use crate::skill::Skill;
use crate::verify::{Check, Profile, Rule, Subject};

static CALLED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#""tool"\s*:\s*"([^"]*)""#).expect("a constant pattern"));
static NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[a-z][a-z0-9]*(?:_[a-z0-9]+)+$").expect("a constant pattern"));

const RULE: Rule = Rule {
    code: "tool-unknown",
    id: "PI020",
    severity: Severity::Error,
    finds: "A document names a tool that the server does not list.",
    source: "a renamed tool breaks every skill that names it, and no linter of 2026 sees it",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| of(skill, subject)).collect()
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let Some(surface) = subject.facts.surface() else { return Vec::new() };
    let tools: Vec<&str> = surface.tools.iter().map(|t| t.name.as_str()).collect();
    let mut out = Vec::new();
    for document in &skill.documents {
        let called = document.code().flat_map(|(code, at)| {
            CALLED.captures_iter(code).filter_map(move |c| c.get(1).map(|m| (m.as_str(), at))).collect::<Vec<_>>()
        });
        for (name, at) in called {
            if !tools.contains(&name) {
                out.push(finding(&tools, Location::at(&document.file, at), name));
            }
        }
        for span in &document.spans {
            // Fields and parameters look like tools too; only what is nearly a tool is taken for one.
            let name = span.text.trim_end_matches("()");
            if NAME.is_match(name) && !tools.contains(&name) && nearly(name, &tools) {
                out.push(finding(&tools, Location::at(&document.file, span.at), name));
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

fn finding(tools: &[&str], at: Location, name: &str) -> Finding {
    let near = nearest(name, tools.iter().copied());
    let fix = near.map_or_else(|| "name a tool of tools/list".to_owned(), |n| format!("write {n}"));
    Finding::error(RULE.code, at, format!("the server has no tool {}", quoted(name, 64))).fix(fix)
}
