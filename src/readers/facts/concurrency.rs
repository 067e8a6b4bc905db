//! `concurrency_limit`: how many requests may be under way at once. Descriptions say it in prose or in an extension.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::json;

use super::path::norm;
use super::said::Topic;
use super::{Detector, Hints, Look};
use crate::model::{Fact, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "concurrency_limit", look: Look::Observe(run) };

static COUNT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)(?-u:\b)(\d{1,5})\s+(?:\w+\s+){0,2}?(?:concurrent|simultaneous|(?:requests?|calls?|connections?)\s+",
        r"(?:\w+\s+){0,3}?(?:concurrently|simultaneously|in parallel|at one time))",
        r"|(?:concurren\w+|simultaneous\w*)(?:\s+\w+){0,5}?\s+(?:is|to|of|than|:)\s+(\d{1,5})(?-u:\b)",
    ))
    .expect("a constant that a test compiles")
});

/// The number that a sentence allows.
fn allowed(sentence: &str) -> Option<u64> {
    let lower = sentence.to_lowercase();
    let about = ["request", "call", "connection", "job"].iter().any(|w| lower.contains(w));
    let c = COUNT.captures(sentence).filter(|_| about)?;
    c.get(1).or_else(|| c.get(2))?.as_str().parse().ok().filter(|n| *n > 0)
}

fn run(_: &System, hints: &Hints<'_>, found: &mut Vec<Fact>) {
    let extension = hints.extensions.iter().filter(|e| e.operation.is_none()).find_map(|e| {
        let count = e.value.as_u64().filter(|_| norm(e.name).contains("concurren"))?;
        Some(Fact::stated("concurrency_limit", json!({"requests": count}), e.pointer()))
    });
    let said = || {
        hints.said(Topic::Concurrency).find_map(|s| {
            let value = json!({"requests": allowed(&s.sentence)?, "says": s.sentence});
            Some(Fact::inferred("concurrency_limit", value, "concurrency-in-prose", vec![s.pointer], 0.60))
        })
    };
    found.extend(extension.or_else(said));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_tells_how_many_at_once() {
        for (text, expected) in [
            ("At most 5 concurrent requests are served per account", Some(5)),
            ("No more than 100 simultaneous connections are allowed", Some(100)),
            ("You may make 10 calls in parallel", Some(10)),
            ("The number of concurrent requests is limited to 25 per key", Some(25)),
            ("Concurrent requests update the record in turn", None),
            ("The 3 concurrent editors are listed", None),
        ] {
            assert_eq!(allowed(text), expected, "{text}");
        }
    }
}
