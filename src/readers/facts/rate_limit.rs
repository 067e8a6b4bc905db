//! `rate_limit`: how many requests in which time, from extensions (stated) and from prose (inferred).

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::json;

use super::path::norm;
use super::said::denies;
use super::{Detector, Hints, Look, Prose};
use crate::base::tree::Node;
use crate::model::{Basis, Fact, RateLimit, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "rate_limit", look: Look::Derive(run) };

/// A limit and whom it counts for.
struct Found {
    limit: RateLimit,
    scope: Option<&'static str>,
    operation: Option<usize>,
}

fn run(system: &mut System, hints: &Hints<'_>) {
    let mut found: Vec<Found> = Vec::new();
    for extension in &hints.extensions {
        let name = norm(extension.name);
        if (name.contains("ratelimit") || name.contains("throttl"))
            && let Some((requests, window_ms)) = of_extension(extension.value)
        {
            let basis = Basis::Stated { pointer: extension.pointer() };
            found.push(Found {
                limit: RateLimit { requests, window_ms, basis },
                scope: None,
                operation: extension.operation,
            });
        }
    }
    for prose in &hints.prose {
        // A cheap look before the expensive one.
        if !prose.text.contains(|c: char| c.is_ascii_digit()) {
            continue;
        }
        if let Some((requests, window_ms, scope)) = of_prose(prose.text, of_limits(hints, prose)) {
            let basis = Basis::Inferred { rule: "rate-limit-in-prose", from: vec![prose.pointer.to_string()] };
            found.push(Found { limit: RateLimit { requests, window_ms, basis }, scope, operation: prose.operation });
        }
    }
    let whole = found.iter().find(|f| f.operation.is_none()).map(|f| f.limit.clone());
    for (i, operation) in system.operations.iter_mut().enumerate() {
        // What is stated goes before what is inferred, and stands first in the list.
        let own = found.iter().find(|f| f.operation == Some(i)).map(|f| f.limit.clone());
        operation.rate_limit = own.or_else(|| whole.clone());
    }
    // The system's own limits first, then the operations'; each value once, with the scope where one was told.
    found.sort_by_key(|f| f.operation.is_some());
    let mut facts: indexmap::IndexMap<(u64, u64), (Option<&'static str>, &Basis)> = indexmap::IndexMap::new();
    for Found { limit, scope, .. } in &found {
        let (known, basis) = facts.entry((limit.requests, limit.window_ms)).or_insert((*scope, &limit.basis));
        *known = known.or(*scope);
        if matches!(limit.basis, Basis::Stated { .. }) && matches!(basis, Basis::Inferred { .. }) {
            *basis = &limit.basis;
        }
    }
    let facts = facts.into_iter().take(5).map(|((requests, window_ms), (scope, basis))| {
        let value = json!({"requests": requests, "window_ms": window_ms, "scope": scope});
        match basis {
            Basis::Stated { pointer } => Fact::stated("rate_limit", value, pointer.clone()),
            Basis::Inferred { rule, from } => Fact::inferred("rate_limit", value, rule, from.clone(), 0.65),
        }
    });
    system.facts.extend(facts);
}

/// `{limit: 100, window: 10s}`, `100/10s`, `100 per minute`.
fn of_extension(value: Node<'_>) -> Option<(u64, u64)> {
    match value {
        Node::Text(text) => of_text(text),
        Node::List(items) => items.iter().copied().find_map(of_extension),
        Node::Map(map) => {
            let get = |names: &[&str]| map.iter().find(|(k, _)| names.contains(&norm(k).as_str())).map(|(_, v)| v);
            let requests = get(&["limit", "requests", "max", "rate", "maxrequests", "count", "quota", "calls"]);
            let window = get(&[
                "window",
                "period",
                "per",
                "interval",
                "unit",
                "duration",
                "timeunit",
                "seconds",
                "windowseconds",
                "renewalperiod",
            ]);
            match (requests, window) {
                (Some(Node::Number(n)), Some(window)) => Some((n.parse().ok()?, window_of(window)?)),
                (Some(Node::Text(text)), Some(window)) => Some((text.trim().parse().ok()?, window_of(window)?)),
                (Some(inner), None) => of_extension(inner),
                _ => map.iter().map(|(_, v)| v).filter(|v| v.is_map()).find_map(of_extension),
            }
        }
        _ => None,
    }
}

fn window_of(value: Node<'_>) -> Option<u64> {
    match value {
        Node::Number(n) => n.parse::<u64>().ok()?.checked_mul(1000).filter(|w| *w > 0),
        Node::Text(text) => {
            let text = text.trim().to_lowercase();
            let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
            let unit = text.get(digits.len()..)?.trim();
            let count: u64 = if digits.is_empty() { 1 } else { digits.parse().ok()? };
            count.checked_mul(if unit.is_empty() { 1000 } else { unit_ms(unit)? }).filter(|w| *w > 0)
        }
        _ => None,
    }
}

fn unit_ms(unit: &str) -> Option<u64> {
    Some(match unit {
        "ms" | "millisecond" | "milliseconds" => 1,
        "s" | "sec" | "secs" | "second" | "seconds" => 1000,
        "m" | "min" | "mins" | "minute" | "minutes" => 60_000,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => 86_400_000,
        _ => return None,
    })
}

static SHORT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^\s*(\d+)\s*(?:requests?|calls?)?\s*(?:/|per)\s*(\d*)\s*([a-z]+)\s*$")
        .expect("a constant that a test compiles")
});

fn of_text(text: &str) -> Option<(u64, u64)> {
    let c = SHORT.captures(text)?;
    let count: u64 = c.get(2).map_or("", |m| m.as_str()).parse().unwrap_or(1);
    let window = count.checked_mul(unit_ms(&c.get(3)?.as_str().to_lowercase())?)?;
    Some((c.get(1)?.as_str().parse().ok()?, window)).filter(|(r, w)| *r > 0 && *w > 0)
}

static PROSE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)(\d[\d,]*)\s*(?:\w+\s+){0,2}?(?P<what>requests?|calls?|reads?|writes?|queries|times|hits|rps|rpm)",
        r"(?:\s+(?:may|can) be \w+)?\s*",
        r"(?P<per>per|/|in|within|every|each|over|during|in each|an?(?-u:\b))\s*(?:an?\s+|any\s+|one\s+|each\s+|every\s+|the\s+)?",
        r"(?P<n>\d+)?[\s-]*(?P<unit>milliseconds?|seconds?|secs?|minutes?|mins?|hours?|days?|s|h)(?-u:\b)",
    ))
    .expect("a constant that a test compiles")
});

/// The text is that of an answer 429: what it counts is a limit, whether it says so or not.
fn of_limits(hints: &Hints<'_>, prose: &Prose<'_>) -> bool {
    prose.operation.is_some() && !hints.of_429.is_empty() && hints.of_429.contains(&prose.pointer.to_string())
}

/// The first limit that a text tells; `of_limits`: it is about nothing else.
fn of_prose(text: &str, of_limits: bool) -> Option<(u64, u64, Option<&'static str>)> {
    for c in PROSE.captures_iter(text) {
        let whole = c.get(0)?;
        let around = sentence(text, whole.start(), whole.end());
        let what = c.name("what").map_or("", |m| m.as_str()).to_lowercase();
        let per = c.name("per").map_or("", |m| m.as_str()).to_lowercase();
        // "The webhook is retried 3 times in 24 hours" limits nothing.
        let retries = ["retr", "attempt", "redeliver"].iter().any(|w| around.contains(w));
        let strong = of_limits
            || [
                "limit",
                "at most",
                "up to",
                "maximum",
                "more than",
                "may ",
                "can ",
                "allow",
                "429",
                "rate",
                "thrott",
                "quota",
            ]
            .iter()
            .any(|w| around.contains(w));
        if (retries && !around.contains("limit"))
            || (what == "times" && per != "per" && !around.contains("limit"))
            || !strong
            || denies(&around)
        {
            continue;
        }
        let Some((requests, window)) = counted(&c) else { continue };
        return Some((requests, window, scope(&around)));
    }
    None
}

/// Requests and window of the first limit that a sentence counts, whether it says that it is one or not: for sentences
/// that are known to be about one.
pub(crate) fn limit_in(sentence: &str) -> Option<(u64, u64)> {
    PROSE.captures_iter(sentence).find_map(|c| counted(&c))
}

fn counted(c: &Captures<'_>) -> Option<(u64, u64)> {
    let requests = c.get(1)?.as_str().replace(',', "").parse::<u64>().ok()?;
    let count: u64 = c.name("n").and_then(|n| n.as_str().parse().ok()).unwrap_or(1);
    let unit = unit_ms(&c.name("unit")?.as_str().to_lowercase())?;
    let window = count.checked_mul(unit).filter(|w| *w > 0 && requests > 0)?;
    Some((requests, window))
}

/// The sentence around a match, in lower case.
fn sentence(text: &str, start: usize, end: usize) -> String {
    let before = text.get(..start).unwrap_or("");
    let after = text.get(end..).unwrap_or("");
    let from = before.rfind(['.', '\n', '!']).map_or(0, |i| i + 1);
    // Line breaks fold sentences in YAML; the line before belongs to it unless it ended.
    let from = if from > 0 && before.as_bytes().get(from - 1) == Some(&b'\n') {
        before.get(..from - 1).and_then(|b| b.rfind(['.', '\n', '!'])).map_or(0, |i| i + 1)
    } else {
        from
    };
    let to = after.find(['.', '\n', '!']).unwrap_or(after.len());
    format!("{}{}", text.get(from..end).unwrap_or(""), after.get(..to).unwrap_or("")).to_lowercase()
}

fn scope(sentence: &str) -> Option<&'static str> {
    const SCOPES: [(&str, &str); 12] = [
        ("token", "token"),
        ("api key", "key"),
        ("key", "key"),
        ("ip address", "ip"),
        (" ip", "ip"),
        ("user", "user"),
        ("account", "account"),
        ("merchant", "account"),
        ("organization", "organization"),
        ("app", "app"),
        ("client", "client"),
        ("workspace", "workspace"),
    ];
    let near = |w: &str| {
        ["per ", "every ", "each ", "one ", "a ", "by "].iter().any(|p| sentence.contains(&format!("{p}{}", w.trim())))
    };
    SCOPES.iter().find(|(w, _)| near(w)).map(|(_, s)| *s)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::tree::Arena;

    #[test]
    fn prose_tells_limits() {
        for (text, expected) in [
            ("At most 100 requests per 10 seconds per token; a request above", Some((100, 10_000, Some("token")))),
            ("Every token may send 50 requests per second. A request", Some((50, 1000, Some("token")))),
            ("Every key may read 100 times per second.", Some((100, 1000, Some("key")))),
            ("At most 20 requests per\nsecond per key; a", Some((20, 1000, Some("key")))),
            ("More than 100 requests in 10 seconds with one token.", Some((100, 10_000, Some("token")))),
            ("Rate limit: 1,000 requests/minute", Some((1000, 60_000, None))),
            ("The API allows 5 calls per second per IP address", Some((5, 1000, Some("ip")))),
            ("You may send 5 requests a second", Some((5, 1000, None))),
            ("Too many requests. 100 requests a minute.", None),
            ("It answered 3 requests an hour ago", None),
            ("A webhook is retried 3 times in 24 hours", None),
            ("Returns 10 reads", None),
        ] {
            assert_eq!(of_prose(text, false), expected, "{text}");
        }
    }

    #[test]
    fn what_the_answer_429_counts_is_a_limit() {
        for (text, expected) in [
            ("Too many requests. 100 requests a minute.", Some((100, 60_000, None))),
            ("10 requests an hour per token", Some((10, 3_600_000, Some("token")))),
            ("Too many requests", None),
        ] {
            assert_eq!(of_prose(text, true), expected, "{text}");
        }
        let system = super::super::system_of(
            "openapi: 3.0.3
info: {title: T, version: '1'}
paths:
  /things:
    get: {responses: {'200': {description: ok}, '429': {description: Too many requests. 100 requests a minute.}}}
    post: {responses: {'200': {description: ok}, '429': {$ref: '#/components/responses/Slow'}}}
  /others:
    get: {responses: {'200': {description: 100 requests a minute were counted.}}}
components: {responses: {Slow: {description: 5 requests a second.}}}
",
        );
        let limits: Vec<Option<(u64, u64)>> =
            system.operations.iter().map(|o| o.rate_limit.as_ref().map(|l| (l.requests, l.window_ms))).collect();
        assert_eq!(limits, [Some((100, 60_000)), Some((5, 1000)), None]);
    }

    #[test]
    fn extensions_take_several_forms() {
        for (value, expected) in [
            (json!({"limit": 100, "window": "10s"}), Some((100, 10_000))),
            (json!({"limit": 20, "window": "1s"}), Some((20, 1000))),
            (json!({"requests": 5, "per": "minute"}), Some((5, 60_000))),
            (json!({"limit": 5, "period": 60}), Some((5, 60_000))),
            (json!("100/10s"), Some((100, 10_000))),
            (json!("100 per minute"), Some((100, 60_000))),
            (json!({"read": {"limit": 3, "window": "s"}}), Some((3, 1000))),
            (json!(100), None),
            (json!({"limit": 3, "window": "0s"}), None),
        ] {
            assert_eq!(of_extension(Arena::default().of_value(&value)), expected, "{value}");
        }
    }
}
