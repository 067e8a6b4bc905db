//! One look over all prose for the words that detectors ask for: a description has megabytes of it, and a dozen
//! searches of each text would cost more than reading the file.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};

use super::Hints;
use crate::base::text::quoted;

/// What a text can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    /// How many requests may be under way at once.
    Concurrency,
    /// How much of the time the service answers.
    ServiceLevel,
    /// In which order records come.
    Order,
    /// How a delivery proves who sent it.
    Signature,
    /// When something goes away.
    Sunset,
    /// Money counted in the smallest unit.
    MinorUnits,
    /// Which zone times are in.
    Zone,
    /// Who made the description, and how.
    Origin,
}

/// Words that open a topic, in lower case.
const WORDS: &[(Topic, &str)] = &[
    (Topic::Concurrency, "concurrent"),
    (Topic::Concurrency, "simultaneous"),
    (Topic::Concurrency, "in parallel"),
    (Topic::Concurrency, "at one time"),
    (Topic::ServiceLevel, "uptime"),
    (Topic::ServiceLevel, "service level agreement"),
    (Topic::ServiceLevel, "service-level agreement"),
    (Topic::ServiceLevel, "99.9"),
    (Topic::ServiceLevel, "99.5"),
    (Topic::Order, "sorted by"),
    (Topic::Order, "ordered by"),
    (Topic::Order, "chronological order"),
    (Topic::Order, "most recent first"),
    (Topic::Order, "newest first"),
    (Topic::Order, "oldest first"),
    (Topic::Order, "ascending order"),
    (Topic::Order, "descending order"),
    (Topic::Order, "sorted in"),
    (Topic::Signature, "hmac"),
    (Topic::Signature, "webhook signature"),
    (Topic::Signature, "signature header"),
    (Topic::Signature, "standard webhooks"),
    (Topic::Sunset, "will be removed"),
    (Topic::Sunset, "sunset"),
    (Topic::Sunset, "end of life"),
    (Topic::Sunset, "end-of-life"),
    (Topic::Sunset, "will be discontinued"),
    (Topic::MinorUnits, "smallest currency unit"),
    (Topic::MinorUnits, "smallest unit of the currency"),
    (Topic::MinorUnits, "smallest denomination"),
    (Topic::MinorUnits, "minor unit"),
    (Topic::MinorUnits, "in cents"),
    (Topic::Zone, "utc"),
    (Topic::Zone, "local time"),
    (Topic::Zone, "time zone"),
    (Topic::Zone, "timezone"),
    (Topic::Origin, "unofficial"),
    (Topic::Origin, "converted from"),
    (Topic::Origin, "automatically generated from"),
    (Topic::Origin, "not affiliated"),
];

static FINDER: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasickBuilder::new()
        .ascii_case_insensitive(true)
        .build(WORDS.iter().map(|(_, word)| *word))
        .expect("the words are few and constant")
});

/// Most places kept of one topic.
const MOST: usize = 40;

/// Where topics are spoken of.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    /// Topic, text, and the word's place in it.
    places: Vec<(Topic, usize, usize, usize)>,
}

/// One sentence about a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    /// Index of the operation it is about; nothing for the whole system.
    pub(super) operation: Option<usize>,
    /// Where the text stands.
    pub(super) pointer: String,
    /// The sentence, cleaned, at most 160 characters.
    pub(super) sentence: String,
}

impl Hints<'_> {
    /// What the prose says of a topic, in the order of the description, at most 40 sentences.
    pub(super) fn said(&self, topic: Topic) -> impl Iterator<Item = Statement> {
        let said = self.said.get_or_init(|| look(self));
        said.places.iter().filter(move |(t, ..)| *t == topic).filter_map(|(_, text, from, to)| {
            let prose = self.prose.get(*text)?;
            let sentence = quoted(sentence(prose.text, *from, *to), 160);
            Some(Statement { operation: prose.operation, pointer: prose.pointer.to_string(), sentence })
        })
    }
}

fn look(hints: &Hints<'_>) -> Said {
    let mut said = Said::default();
    for (i, prose) in hints.prose.iter().enumerate() {
        for found in FINDER.find_iter(prose.text) {
            let Some((topic, _)) = WORDS.get(found.pattern().as_usize()) else { continue };
            let kept = said.places.iter().rev().filter(|(t, ..)| t == topic);
            let same = kept.clone().next().is_some_and(|(_, text, _, to)| {
                *text == i && found.start().saturating_sub(*to) < 60 // mostly the same sentence
            });
            if !same && kept.count() < MOST {
                said.places.push((*topic, i, found.start(), found.end()));
            }
        }
    }
    said
}

/// The sentence around a place. A line break ends it only where a list or a paragraph does: YAML folds lines.
pub(super) fn sentence(text: &str, from: usize, to: usize) -> &str {
    const ENDS: [&str; 9] = [". ", ".\n", "! ", "? ", "\n\n", "\n-", "\n*", "\n#", "|"];
    let before = text.get(..from).unwrap_or("");
    let start = ENDS.iter().filter_map(|e| before.rfind(e).map(|i| i + e.len())).max().unwrap_or(0);
    let after = text.get(to..).unwrap_or("");
    let end = ENDS.iter().filter_map(|e| after.find(e)).min().map_or(text.len(), |i| to + i);
    text.get(start..end).unwrap_or("").trim()
}

/// A sentence says that something is not there, or is there no more: what it names is not stated by it.
pub(super) fn denies(sentence: &str) -> bool {
    const DENIES: [&str; 14] = [
        "not support",
        "n't support",
        "not yet support",
        "unsupported",
        "no longer",
        "not available",
        "is ignored",
        "are ignored",
        "been removed",
        "was removed",
        "were removed",
        "do not use",
        "don't use",
        "abolished",
    ];
    let sentence = sentence.to_ascii_lowercase();
    DENIES.iter().any(|w| sentence.contains(w))
}

/// Whether the text speaks of one of these words, in lower case, and does not deny it in the same sentence.
pub(super) fn affirms(text: &str, words: &[&str]) -> bool {
    let lower = text.to_ascii_lowercase();
    words
        .iter()
        .any(|word| lower.match_indices(word).any(|(at, found)| !denies(sentence(&lower, at, at + found.len()))))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::readers::facts::Prose;

    /// Hints that hold one text about the whole system.
    pub(in crate::readers::facts) fn prose(text: &str) -> Hints<'_> {
        let prose = vec![Prose { operation: None, pointer: "#/info/description".to_owned().into(), text }];
        Hints { prose, ..Hints::default() }
    }

    #[test]
    fn a_sentence_is_found_by_its_topic_and_told_whole() {
        let hints = prose("Welcome. At most 5 Concurrent requests\nare served, 99.95% uptime.\n\n- Sorted by id.");
        let of = |topic| hints.said(topic).map(|s| s.sentence).collect::<Vec<_>>();
        assert_eq!(of(Topic::Concurrency), ["At most 5 Concurrent requests are served, 99.95% uptime"]);
        assert_eq!(of(Topic::ServiceLevel).len(), 1);
        assert_eq!(of(Topic::Order), ["Sorted by id."]);
        assert!(of(Topic::Signature).is_empty());
    }

    #[test]
    fn what_a_sentence_denies_is_not_stated_by_it() {
        let facts = |said: &str, fact: &str| {
            let text = format!(
                "openapi: 3.0.3\ninfo: {{title: T, version: '1', description: \"{said}\"}}\npaths: {{/a: {{get: {{responses: {{}}}}}}}}"
            );
            super::super::values_of(&text, fact).iter().filter(|v| v["value"] != false).count()
        };
        for (fact, denied, affirmed) in [
            (
                "idempotency",
                "Idempotency is not supported. The Idempotency-Key header is ignored.",
                "Send an Idempotency-Key header.",
            ),
            ("auth_mode", "OAuth 2.0 is not supported.", "OAuth 2.0 is supported. Basic auth is not supported."),
            ("webhooks", "We no longer support webhooks.", "We send webhooks. Web sockets are not supported."),
            (
                "rate_limit",
                "The limit of 100 requests per minute was removed.",
                "The limit is 100 requests per minute.",
            ),
        ] {
            assert_eq!((facts(denied, fact), facts(affirmed, fact)), (0, 1), "{fact}");
        }
    }
}
