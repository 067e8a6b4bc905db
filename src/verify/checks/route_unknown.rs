//! "Go elsewhere" must lead somewhere, and not back again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use crate::base::text::{nearest, quoted, words};
use crate::finding::{Finding, Severity};
use crate::skill::{Document, Project, Skill};
use crate::verify::texts::lines;
use crate::verify::{Check, Profile, Rule, Subject};

/// Titles of sections that send cases to other skills.
static SECTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:\d+[.)]?\s*)?(?:trigger|when (?:not )?to use|when not|do not use|don't use|not for|routing|routes|out of scope|non-goals|go elsewhere|negative|related skills|scope)")
        .expect("a constant pattern")
});
/// `: name` at the end of a line, and `route to name`.
static TARGET: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:(?::|→|->)\s+`?([a-z][a-z0-9]*(?:[-/][a-z0-9]+)+)`?(?:\s+skill)?[;.,)]?\s*$|\b(?:route[sd]?|reroute|hand(?:ed)? (?:over|off)|defer|switch) to (?:the )?`?([a-z][a-z0-9]*(?:[-/][a-z0-9]+)*)`?(?:\s+skill)?(?:[;.,)]|\s*$)|\buse (?:the )?`([a-z][a-z0-9]*(?:-[a-z0-9]+)+)`|\buse (?:the )?([a-z][a-z0-9]*(?:-[a-z0-9]+)+)(?: skill)?\s*(?:[;.)]|$))")
        .expect("a constant pattern")
});

const UNKNOWN: Rule = Rule {
    code: "route-unknown",
    id: "PI011",
    severity: Severity::Warning,
    finds: "A case is sent to a skill that neither the project nor a given collection has.",
    source: "the procedure, \"Trigger Conditions\": an agent that is sent to a skill which is not there has nowhere to go",
};

const CIRCULAR: Rule = Rule {
    code: "route-circular",
    id: "PI011",
    severity: Severity::Warning,
    finds: "Two skills send the same case to each other.",
    source: "the procedure, \"Trigger Conditions\": an agent that follows both never begins",
};

pub(super) const CHECK: Check = Check { rules: &[UNKNOWN, CIRCULAR], profile: Profile::Sync, run };

/// One case that is sent elsewhere.
struct Route {
    /// The words of the case.
    case: BTreeSet<String>,
    /// The skill it is sent to, as written.
    to: String,
    /// Where that stands, in bytes.
    at: usize,
}

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let others = &subject.facts.collection;
    let mut known: BTreeSet<String> = subject.project.names.clone();
    known.extend(others.keys().cloned());
    known.extend(subject.skills().map(|s| s.name().to_owned()));
    if subject.skills().count() + others.len() < 2 {
        // Of one skill alone nobody can say which others there are.
        return Vec::new();
    }
    let mut all: BTreeMap<&str, Vec<Route>> = subject.skills().map(|s| (s.name(), routes(s.main()))).collect();
    let parsed: Vec<(&str, Document)> =
        others.iter().map(|(n, text)| (n.as_str(), Document::parse("", "", text))).collect();
    for (name, document) in &parsed {
        all.entry(name).or_insert_with(|| routes(document));
    }
    let mut out = Vec::new();
    for skill in subject.skills() {
        let own = skill.name();
        for route in all.get(own).into_iter().flatten() {
            out.extend(judge(subject.project, skill, route, &known, &all));
        }
    }
    out
}

fn judge(
    project: &Project,
    skill: &Skill,
    route: &Route,
    known: &BTreeSet<String>,
    all: &BTreeMap<&str, Vec<Route>>,
) -> Option<Finding> {
    let main = skill.main();
    let at = || main.place(route.at);
    let last = route.to.rsplit('/').next().unwrap_or(&route.to);
    if !known.contains(&route.to) && !known.contains(last) {
        let composed = route.to.contains(['-', '/']);
        // A category of the collection is a fair place to send somebody.
        let category = route
            .to
            .split('/')
            .all(|part| project.tree.iter().any(|(p, _)| p.split('/').rev().skip(1).any(|d| d == part)));
        if !composed || category {
            return None;
        }
        let near = nearest(&route.to, known.iter().map(String::as_str));
        let because = format!("the case is sent to {}, and there is no such skill", quoted(&route.to, 80));
        let fix = near.map_or_else(
            || "name a skill that is there, or say where it is found".to_owned(),
            |n| format!("write {n}"),
        );
        return Some(UNKNOWN.in_document(main, at(), because).fix(fix).near(near));
    }
    let back = all.get(last).into_iter().flatten().find(|r| r.to == skill.name() && same(&r.case, &route.case))?;
    let case: Vec<&str> = back.case.iter().map(String::as_str).collect();
    let because = format!("the case is sent to {last}, which sends it back ({})", quoted(&case.join(" "), 80));
    Some(CIRCULAR.in_document(main, at(), because).fix(format!("decide which of {} and {last} takes it", skill.name())))
}

/// Whether two cases are one: most of their words are the same.
fn same(a: &BTreeSet<String>, b: &BTreeSet<String>) -> bool {
    let common = a.intersection(b).count();
    let all = a.union(b).count();
    all > 0 && common * 10 >= all * 7
}

fn routes(document: &Document) -> Vec<Route> {
    let mut out = Vec::new();
    for (i, _) in document.sections.iter().enumerate().filter(|(_, s)| SECTION.is_match(&s.title)) {
        let range = document.below(i);
        let text = document.text.get(range.clone()).unwrap_or_default();
        for (start, line) in
            lines(text).filter(|(_, l)| l.trim_start().starts_with(['-', '*', '+', '|', '1', '2', '3']))
        {
            let mut from = 0;
            // Several cases stand in one line, each with its own place to go.
            for found in TARGET.captures_iter(line) {
                let Some(all) = found.get(0) else { continue };
                let Some(to) = (1..=4).find_map(|g| found.get(g)) else { continue };
                let before = line.get(from..all.start()).unwrap_or_default();
                let case = before.rsplit([';', ',']).find(|p| p.chars().any(char::is_alphabetic)).unwrap_or(before);
                let case = words(case).into_iter().filter(|w| w.len() > 2).collect();
                let at = range.start + start + to.start();
                if !out.iter().any(|r: &Route| r.at == at) {
                    out.push(Route { case, to: to.as_str().to_owned(), at });
                }
                from = all.end();
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_read_in_the_forms_that_skills_have() {
        let text = "## Trigger Conditions\n- **Negative:** Simple webhooks (route to hooks-automation); Test harness (route to infrastructure/tooling)\n- two files: csv-merge;\n- long-running work: a script of its own.\n- pure analysis (use `general-research`), SRE (route to operations skills).\n## Other\n- x: not-a-route\n";
        let found: Vec<String> = routes(&Document::parse("", "", text)).into_iter().map(|r| r.to).collect();
        assert_eq!(found, ["hooks-automation", "infrastructure/tooling", "csv-merge", "general-research"]);
    }
}
