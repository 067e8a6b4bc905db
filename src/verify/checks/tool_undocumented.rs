//! A tool that no document names is one that no agent uses as it is meant.

use serde_json::Value;

use crate::base::text::quoted;
use crate::base::yaml::Span;
use crate::finding::{Finding, Location, Severity};
use crate::skill::Skill;
use crate::verify::tools::{is_named, is_own};
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "tool-undocumented",
    id: "PI021",
    severity: Severity::Warning,
    finds: "The skill's own server lists a tool that no document names; an error where the tool is destructive.",
    source: "a tool that no document names is used as its name suggests, not as it is meant",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let hidden = hidden(subject);
    let mut out = Vec::new();
    for (server, surface) in subject.facts.answered() {
        let own: Vec<&Skill> = subject.skills().filter(|skill| is_own(subject, skill, server)).collect();
        let Some(first) = own.first() else { continue };
        // Of several skills of one server, one may be about half of it.
        let unnamed = surface.tools.iter().filter(|t| !own.iter().any(|skill| is_named(skill, &t.name)));
        for tool in unnamed.filter(|t| !hidden.contains(&t.name)) {
            let at = Location::at(&first.main().file, Span { line: 1, column: 1 });
            let destroys = tool.annotations.get("destructiveHint").and_then(Value::as_bool) == Some(true);
            let name = quoted(&tool.name, 64);
            let what = if destroys { "the destructive tool" } else { "the tool" };
            let mut found = RULE.at(at, format!("no document names {what} {name}")).fix(format!(
                "say in SKILL.md or references/ when to call `{name}`, or list it as hidden in integ.toml"
            ));
            if destroys {
                found.severity = Severity::Error;
                found.confidence = 0.95;
            }
            out.push(found);
        }
    }
    out
}

/// Tools that are left out on purpose: `hidden = [...]` of `integ.toml`, at its top or in any of its tables.
fn hidden(subject: &Subject<'_>) -> Vec<String> {
    let table = subject.project.tree.text("integ.toml").and_then(|text| text.parse::<toml::Table>().ok());
    let Some(table) = table else { return Vec::new() };
    let lists = table.get("hidden").into_iter().chain(table.values().filter_map(|v| v.get("hidden")));
    lists.filter_map(toml::Value::as_array).flatten().filter_map(toml::Value::as_str).map(str::to_owned).collect()
}
