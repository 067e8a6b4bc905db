//! What a lock holds of a server's tools is what documents, scripts and habits rely on. A server may take a promise back
//! with a major version, and not without.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::text::{nearest, quoted};
use crate::base::yaml::Span;
use crate::finding::{Finding, Location, Severity};
use crate::skill::Skill;
use crate::verify::lock::{self, Field, Hints, Lock, Promise};
use crate::verify::{Check, Profile, Rule, Subject, formats};

const RULE: Rule = Rule {
    code: "tool-contract-broken",
    id: "PI025",
    severity: Severity::Error,
    finds: "A tool takes back what the lock says that it promised, and the server's version does not say so.",
    source: "Semantic Versioning 2.0.0, sections 4 and 8; MCP, tool annotations",
};
const BEHIND: Rule = Rule {
    code: "lock-behind",
    id: "PI025",
    severity: Severity::Note,
    finds: "The server offers more than the lock says, or says by its version that it takes something back.",
    source: "skill.lock.json: what was reviewed is what is shipped",
};

pub(super) const CHECK: Check = Check { rules: &[RULE, BEHIND], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| of(skill, subject)).collect()
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let path = skill.path(lock::FILE);
    let Some(text) = subject.project.tree.text(&path) else { return Vec::new() };
    // One that cannot be read is the finding of another check.
    let Ok(lock) = serde_json::from_str::<Lock>(formats::without_mark(text)) else { return Vec::new() };
    if lock.tools.is_empty() || subject.facts.answered().next().is_none() {
        return Vec::new();
    }
    let mut now: BTreeMap<&str, Promise> = BTreeMap::new();
    for (_, surface) in subject.facts.answered() {
        for tool in &surface.tools {
            now.entry(&tool.name).or_insert_with(|| Promise::of(tool));
        }
    }
    let places = formats::yaml(text).unwrap_or_default();
    let at = |tool: &str| {
        let pointer = format!("/tools/{}", crate::base::pointer::escape(tool));
        let span = places.first().map_or(Span { line: 1, column: 1 }, |root| root.locate(&pointer));
        Location::at(subject.project.show(&path), span)
    };
    let mut changes = Changes::default();
    for (name, before) in &lock.tools {
        match now.get(name.as_str()) {
            None => {
                let near = nearest(name, now.keys().copied().filter(|n| !lock.tools.contains_key(*n)));
                changes.broken(name, format!("tool {} is gone", quoted(name, 60)), near);
            }
            Some(after) => compare(name, before, after, &mut changes),
        }
    }
    let new = now.keys().filter(|n| !lock.tools.contains_key(**n));
    changes.more.extend(new.map(|n| format!("tool {}", quoted(n, 60))));
    let then = lock.server.clone().unwrap_or_default();
    let surfaces = || subject.facts.answered().map(|(_, s)| s);
    let version = surfaces()
        .find(|s| s.name == then.name)
        .or_else(|| surfaces().next())
        .map(|s| s.version.as_str())
        .unwrap_or_default();
    report(&changes, &then.version, version, &super::lock_stale::fix(subject, skill), at)
}

fn report(changes: &Changes, then: &str, now: &str, renew: &str, at: impl Fn(&str) -> Location) -> Vec<Finding> {
    let (shown_then, shown_now) = (quoted(then, 40), quoted(now, 40));
    let mut out = Vec::new();
    for (tool, because, near) in &changes.broken {
        let found = if breaks(then, now) {
            let because = format!("{because}; the server's version says so: {shown_now}, and {shown_then} in the lock");
            BEHIND.at(at(tool), because).fix(renew)
        } else {
            let because = format!(
                "{because}, and the server's version does not say so: {shown_now}, and {shown_then} in the lock"
            );
            RULE.at(at(tool), because)
                .fix("give back what was promised, or raise the server's major version and lock again")
        };
        out.push(found.near(near.as_deref()));
    }
    if !changes.more.is_empty() {
        let named: Vec<&str> = changes.more.iter().take(10).map(String::as_str).collect();
        let rest = changes.more.len().saturating_sub(named.len());
        let rest = if rest == 0 { String::new() } else { format!(" and {rest} more") };
        let because = format!("the server offers what the lock does not hold: {}{rest}", named.join(", "));
        out.push(BEHIND.at(at(""), because).fix(renew));
    }
    out
}

#[derive(Default)]
struct Changes {
    /// Tool, what it takes back, and what stands in its place.
    broken: Vec<(String, String, Option<String>)>,
    more: Vec<String>,
}

impl Changes {
    fn broken(&mut self, tool: &str, because: String, near: Option<&str>) {
        self.broken.push((tool.to_owned(), because, near.map(str::to_owned)));
    }
}

fn compare(tool: &str, before: &Promise, after: &Promise, changes: &mut Changes) {
    // Destructured, so that a new promise is a decision here.
    let Promise { arguments, closed, result, hints: hints_now } = after;
    for (name, field) in &before.arguments {
        let shown = format!("argument {} of {tool}", dotted(name));
        match arguments.get(name) {
            None => {
                let new = arguments.keys().map(String::as_str).filter(|n| !before.arguments.contains_key(*n));
                changes.broken(tool, format!("{shown} is gone"), nearest(name, new).map(dotted).as_deref());
            }
            Some(next) => argument(tool, &shown, field, next, changes),
        }
    }
    for (name, field) in arguments.iter().filter(|(name, _)| !before.arguments.contains_key(*name)) {
        // Inside something new it is new together with it.
        let parent = name.rsplit_once('/').map(|(p, _)| p.trim_end_matches("/*")).unwrap_or_default();
        if field.required && (parent.is_empty() || before.arguments.contains_key(parent)) {
            changes.broken(tool, format!("argument {} of {tool} is new and required", dotted(name)), None);
        } else {
            changes.more.push(format!("argument {} of {tool}", dotted(name)));
        }
    }
    if *closed && !before.closed {
        changes.broken(tool, format!("{tool} now refuses arguments that it does not name"), None);
    }
    for (name, field) in &before.result {
        let shown = format!("{} in the result of {tool}", dotted(name));
        let Some(next) = result.get(name) else {
            let new = result.keys().map(String::as_str).filter(|n| !before.result.contains_key(*n));
            changes.broken(tool, format!("{shown} is gone"), nearest(name, new).map(dotted).as_deref());
            continue;
        };
        if !field.types.is_empty() && !narrower(&next.types, &field.types) {
            let because = format!("{shown} may now be {}, not only {}", list(&next.types), list(&field.types));
            changes.broken(tool, because, None);
        }
        if field.required && !next.required {
            changes.broken(tool, format!("{shown} need no longer be there"), None);
        }
    }
    let fields = result.keys().filter(|name| !before.result.contains_key(*name));
    changes.more.extend(fields.map(|name| format!("{} in the result of {tool}", dotted(name))));
    hints(tool, &before.hints, hints_now, changes);
}

fn argument(tool: &str, shown: &str, before: &Field, after: &Field, changes: &mut Changes) {
    let Field { types, required, values } = after;
    if *required && !before.required {
        changes.broken(tool, format!("{shown} is now required"), None);
    }
    if !types.is_empty() && (before.types.is_empty() || !narrower(&before.types, types)) {
        changes.broken(tool, format!("{shown} takes {}, it took {}", list(types), list(&before.types)), None);
    } else if before.types != *types {
        changes.more.push(format!("types of {shown}"));
    }
    if values.is_empty() || before.values == *values {
        if values.is_empty() && !before.values.is_empty() {
            changes.more.push(format!("values of {shown}"));
        }
    } else if before.values.is_empty() {
        changes.broken(tool, format!("{shown} takes only {} now", quoted(&list(values), 120)), None);
    } else if let Some(gone) = before.values.iter().find(|v| !values.contains(*v)) {
        let near = nearest(gone, values.iter().filter(|v| !before.values.contains(*v)).map(String::as_str));
        changes.broken(tool, format!("{shown} no longer takes {}", quoted(gone, 60)), near);
    } else {
        changes.more.push(format!("values of {shown}"));
    }
}

/// Whether everything of the first types is of the second; no types at all are any.
fn narrower(first: &BTreeSet<String>, second: &BTreeSet<String>) -> bool {
    let takes = |t: &String| second.contains(t) || t == "integer" && second.contains("number");
    second.is_empty() || !first.is_empty() && first.iter().all(takes)
}

fn hints(tool: &str, before: &Hints, after: &Hints, changes: &mut Changes) {
    let Hints { read_only, destructive, idempotent, open_world } = after;
    if *destructive && !before.destructive {
        changes.broken(tool, format!("{tool} may now destroy: destructiveHint is true, or no longer false"), None);
    } else if before.read_only && !read_only {
        changes.broken(tool, format!("{tool} no longer only reads: readOnlyHint is gone"), None);
    }
    if before.idempotent && !idempotent && !before.read_only {
        changes.broken(tool, format!("{tool} is no longer safe to call twice: idempotentHint is gone"), None);
    }
    let milder =
        before.destructive && !destructive || !before.read_only && *read_only || !before.idempotent && *idempotent;
    if milder || before.open_world != *open_world {
        changes.more.push(format!("hints of {tool}"));
    }
}

/// `/filter/ids/*` as `filter.ids.*`.
fn dotted(path: &str) -> String {
    quoted(&path.trim_start_matches('/').replace('/', "."), 80)
}

fn list(words: &BTreeSet<String>) -> String {
    if words.is_empty() {
        "anything".to_owned()
    } else {
        words.iter().map(String::as_str).collect::<Vec<_>>().join(" or ")
    }
}

/// Whether the second version may break what the first promised: another major, or another minor of 0.x.
fn breaks(before: &str, now: &str) -> bool {
    let parts = |text: &str| -> Option<(u64, u64)> {
        let mut numbers = text.trim_start_matches('v').split(['.', '-', '+']).map(|p| p.parse::<u64>().ok());
        Some((numbers.next()??, numbers.next().flatten().unwrap_or(0)))
    };
    match (parts(before), parts(now)) {
        (Some((0, before)), Some((0, now))) => now > before,
        (Some((before, _)), Some((now, _))) => now > before,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::breaks;

    #[test]
    fn only_a_major_version_takes_back() {
        for (before, now, may) in [
            ("1.2.0", "1.3.0", false),
            ("1.9.9", "2.0.0", true),
            ("0.1.0", "0.1.9", false),
            ("0.1.0", "0.2.0", true),
            ("0.9.0", "1.0.0", true),
            ("2.0.0", "1.0.0", false),
            ("", "1.0.0", false),
            ("v1.0", "v2.0", true),
        ] {
            assert_eq!(breaks(before, now), may, "{before} {now}");
        }
    }
}
