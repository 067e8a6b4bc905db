//! Evidence that is shipped with a skill proves what it says, and tags of sessions are whole.

use std::io::BufReader;
use std::sync::LazyLock;

use regex::Regex;

use crate::base::pack;
use crate::base::text::quoted;
use crate::base::yaml::Span;
use crate::evidence::bundle::{self, NotProven};
use crate::finding::{Finding, Location, Severity};
use crate::skill::Skill;
use crate::verify::{Check, Profile, Rule, Subject, texts};

/// A tag with its value: `WHO=x`, `"WHEN": "x"`, `WHY: x`.
static TAG: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\b(WHO|WHEN|PROJECT|WHY)["']?\s*[=:]\s*["']?([^\s"',;)`]*)"#).expect("a constant pattern")
});
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$")
        .expect("a constant pattern")
});

const BROKEN: Rule = Rule {
    code: "evidence-broken",
    id: "PI043",
    severity: Severity::Error,
    finds: "An exported evidence log does not prove: a record was altered or removed, or it ends before its head.",
    source: "docs/evidence.md, \"A bundle\": each record names the hash of the one before it",
};

const TAGS: Rule = Rule {
    code: "tag-malformed",
    id: "PI043",
    severity: Severity::Warning,
    finds: "A tag of a session (WHO, WHEN, WHY) is empty or not of its form.",
    source: "the procedure: tag sessions WHO=operations-{name}-{session_id}, WHY=skill-execution",
};

pub(super) const CHECK: Check = Check { rules: &[BROKEN, TAGS], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let bundles = bundles(subject).filter_map(|(path, bytes)| proven(subject, path, bytes));
    bundles.chain(subject.skills().flat_map(|skill| of(skill, subject))).collect()
}

/// The bundles of the project, wherever they lie in it: JSON Lines, packed or not.
pub(super) fn bundles<'a>(subject: &Subject<'a>) -> impl Iterator<Item = (&'a str, &'a [u8])> {
    subject.project.tree.iter().filter(|(path, _)| !texts::is_fixture(path)).filter_map(|(path, file)| {
        let bytes = file.bytes()?;
        let named = path.ends_with(".jsonl") || path.ends_with(".jsonl.gz") || path.ends_with(".ndjson");
        (named && is_bundle(bytes)).then_some((path, bytes))
    })
}

/// Whether the first line says that it is one; of what is packed and cut, whether it begins so.
fn is_bundle(bytes: &[u8]) -> bool {
    let mut first = Vec::new();
    let _ = std::io::Read::read_to_end(&mut std::io::Read::take(pack::gunzipped(bytes), 4096), &mut first);
    let line = first.split(|b| *b == b'\n').next().unwrap_or_default();
    String::from_utf8_lossy(line).contains(bundle::BUNDLE)
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for (path, text) in texts::of(skill, subject) {
        if texts::ending(path) == "jsonl" && is_bundle(text.as_bytes()) {
            continue;
        }
        if !matches!(texts::ending(path).as_str(), "md" | "json" | "yaml" | "yml" | "txt" | "log" | "jsonl") {
            continue;
        }
        for (start, line) in texts::lines(text).filter(|(_, l)| l.contains("WHO") || l.contains("WHEN")) {
            out.extend(tags(line).map(|(at, because, fix)| TAGS.at(subject.place(path, start + at), because).fix(fix)));
        }
    }
    out
}

fn proven(subject: &Subject<'_>, path: &str, bytes: &[u8]) -> Option<Finding> {
    let wrong = bundle::prove(BufReader::new(pack::gunzipped(bytes)), &[], |_| {}).err()?;
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let line = match &wrong {
        NotProven::Malformed { line, .. } => u32::try_from(*line).unwrap_or(u32::MAX),
        NotProven::Record(fault) => {
            let wanted = format!("\"seq\":{},", fault.seq);
            text.lines().position(|l| l.contains(&wanted)).and_then(|i| u32::try_from(i + 1).ok()).unwrap_or(1)
        }
    };
    let at = Location::at(subject.project.show(path), Span { line, column: 1 });
    Some(
        BROKEN
            .at(at, format!("the log does not prove: {wrong}"))
            .fix("export it again from its store, with `evidence --bundle`"),
    )
}

/// The first tag of a line that is not of its form; patterns for tags are none.
fn tags(line: &str) -> Option<(usize, String, &'static str)> {
    let found: Vec<(usize, &str, regex::Match<'_>)> =
        TAG.captures_iter(line).filter_map(|c| Some((c.get(0)?.start(), c.get(1)?.as_str(), c.get(2)?))).collect();
    // One word in capitals is an English sentence; two are tags.
    if found.len() < 2 || line.contains(['{', '<', '$']) && !line.trim_start().starts_with('{') {
        return None;
    }
    found.into_iter().find_map(|(at, tag, found)| {
        let value = found.as_str();
        // `"WHEN:" + now()` is filled in when it runs.
        let rest = line.get(found.end()..).unwrap_or_default().trim_start_matches(['"', '\'']).trim_start();
        let joined = value.is_empty() && rest.starts_with(['+', '.']);
        let pattern = joined || value.contains(['{', '<', '$', '[', '…']) || value.contains("...");
        if pattern || value.eq_ignore_ascii_case("ISO8601") {
            return None;
        }
        let shown = quoted(value, 60);
        let wrong = match tag {
            "WHEN" if !TIME.is_match(value) => Some("write it as 2026-01-31T12:00:00Z"),
            "WHO" if value.split('-').filter(|p| !p.is_empty()).count() < 2 => {
                Some("write it as operations-NAME-SESSION")
            }
            "PROJECT" | "WHY" if value.is_empty() => Some("say it in one word"),
            _ => None,
        };
        wrong.map(|fix| (at, format!("{tag} is \"{shown}\", which is not of its form"), fix))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_told_from_patterns_and_prose() {
        for line in [
            "tag sessions WHO=operations-{name}-{session_id}, WHY=skill-execution",
            "WHO=operations-demo-01J9, WHEN=2026-01-31T12:00:00Z, PROJECT=demo, WHY=skill-execution",
            "| WHO | WHEN | WHY |",
            "WHO decides WHEN: that is the question",
            "{\"WHO\": \"operations-demo-1\", \"WHY\": \"x\"}",
            "tags: [\"WHO:lead-demo\", \"WHEN:\" + now(), \"WHY:vote\"]",
        ] {
            assert_eq!(tags(line), None, "{line}");
        }
        for line in [
            "WHO=operations-demo-01J9, WHEN=yesterday, WHY=skill-execution",
            "{\"WHO\": \"me\", \"WHY\": \"x\"}",
            "WHO=operations-demo-1, WHY=",
        ] {
            assert!(tags(line).is_some(), "{line}");
        }
    }
}
