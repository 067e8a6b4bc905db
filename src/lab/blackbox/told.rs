//! What a program tells of records that it could not deliver. A record counts as told when its key, or its identity in the
//! target, stands in the file of dead letters, in a file below the state directory, or in what the program printed; there not in the
//! same words as the records that were delivered: a journal of all that was seen tells of none.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::base::clock::Timestamp;
use crate::evidence::{DeadLetter, DeadState};
use crate::lab::judge::Expected;

/// The keys that stand in the file of dead letters: those of records that some line of it names.
pub(super) fn filed(expected: &[Expected], file: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for line in file.lines() {
        match serde_json::from_str::<Value>(line) {
            Ok(letter) => texts(&letter, &mut named),
            // A line that is no JSON still names what it names.
            Err(_) => {
                named.insert(line.to_owned());
            }
        }
    }
    let has = |name: &str| named.contains(name) || named.iter().any(|n| names(n, name));
    expected.iter().filter(|x| has(&x.key) || x.identity.as_deref().is_some_and(has)).map(|x| x.key.clone()).collect()
}

fn texts(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            into.insert(text.clone());
        }
        Value::Number(n) => {
            into.insert(n.to_string());
        }
        Value::Array(items) => items.iter().for_each(|v| texts(v, into)),
        Value::Object(map) => map.iter().for_each(|(name, v)| {
            into.insert(name.clone());
            texts(v, into);
        }),
        Value::Null | Value::Bool(_) => {}
    }
}

/// The text names it, as a word of its own: `cus_1` is not named by `cus_12`.
fn names(text: &str, name: &str) -> bool {
    places(text, name).next().is_some()
}

/// Where a text names it.
fn places<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = usize> {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let whole = move |at: &usize| !text[..*at].ends_with(part) && !text[at + name.len()..].starts_with(part);
    text.match_indices(name).map(|(at, _)| at).filter(move |_| !name.is_empty()).filter(whole)
}

/// The dead letters: of the records that may be some, those that are told, and all that stand in the file. What a program keeps
/// in its state directory is otherwise no word of it: a record that waits there is not given up.
pub(super) fn letters(
    flow: &str,
    expected: &[Expected],
    excusable: &BTreeSet<String>,
    filed: &BTreeSet<String>,
    wrote: &[(String, String)],
    at: Timestamp,
) -> Vec<DeadLetter> {
    let journals: Vec<Journal<'_>> = wrote.iter().map(|(_, text)| Journal::of(text, expected, excusable)).collect();
    let told = |x: &Expected| {
        let named = |name: &str| journals.iter().any(|journal| journal.tells(name));
        named(&x.key) || x.identity.as_deref().is_some_and(named)
    };
    expected
        .iter()
        .filter(|x| filed.contains(&x.key) || (excusable.contains(&x.key) && told(x)))
        .map(|x| DeadLetter {
            id: 0,
            flow: flow.to_owned(),
            key: x.key.clone(),
            code: "told".to_owned(),
            because: "the program told it".to_owned(),
            payload: x.record.clone(),
            attempts: 0,
            at,
            state: DeadState::Waiting,
            history: Vec::new(),
            closed: None,
        })
        .collect()
}

/// A text of the program, with the words in which it names the records that can be delivered.
struct Journal<'t> {
    text: &'t str,
    /// Words around a name, and how many deliverable records are named in them.
    words: BTreeMap<String, usize>,
    /// From so many on they are said of every record.
    of_all: usize,
}

impl<'t> Journal<'t> {
    fn of(text: &'t str, expected: &[Expected], excusable: &BTreeSet<String>) -> Self {
        let mut words = BTreeMap::new();
        let mut named = 0;
        for x in expected.iter().filter(|x| !excusable.contains(&x.key)) {
            let around: BTreeSet<String> = [Some(x.key.as_str()), x.identity.as_deref()]
                .into_iter()
                .flatten()
                .flat_map(|n| around(text, n))
                .collect();
            named += usize::from(!around.is_empty());
            for said in around {
                *words.entry(said).or_insert(0) += 1;
            }
        }
        Self { text, words, of_all: (named / 2).max(2) }
    }

    /// It names the record in words of its own.
    fn tells(&self, name: &str) -> bool {
        around(self.text, name).iter().any(|said| self.words.get(said).is_none_or(|count| *count < self.of_all))
    }
}

/// What stands right before and behind each place where the name stands, on its line, without what differs from record to record.
fn around(text: &str, name: &str) -> Vec<String> {
    /// Characters before and behind that are looked at.
    const NEAR: usize = 24;
    let one = |at: usize| {
        let before = text[..at].rsplit('\n').next().unwrap_or_default();
        let behind = text[at + name.len()..].split('\n').next().unwrap_or_default();
        let skip = before.chars().count().saturating_sub(NEAR);
        let before: String = before.chars().skip(skip).collect();
        let behind: String = behind.chars().take(NEAR).collect();
        format!("{}\u{0}{}", plain(&before), plain(&behind))
    };
    places(text, name).map(one).collect()
}

/// The text with every word that holds a digit and is no short number by one sign: times, digests, keys of other records.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for word in text.split_inclusive(|c: char| !c.is_alphanumeric() && !":.-+_@".contains(c)) {
        let bare = word.trim_end_matches(|c: char| !c.is_alphanumeric());
        if bare.contains(|c: char| c.is_ascii_digit()) && bare.len() > 3 {
            out.push('#');
            out.push_str(&word[bare.len()..]);
        } else {
            out.push_str(word);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn expected(key: &str, identity: &str) -> Expected {
        Expected {
            key: key.to_owned(),
            record: json!({ "id": key }),
            mapped: Ok(json!({})),
            identity: Some(identity.to_owned()),
        }
    }

    #[test]
    fn a_record_is_told_by_its_key_or_its_identity_as_a_word_of_its_own() {
        let all =
            [expected("cus_1", "a@x.example"), expected("cus_12", "b@x.example"), expected("cus_3", "c@x.example")];
        let file = "{\"key\": \"cus_12\", \"reason\": \"422\"}\n{\"record\": {\"email\": \"c@x.example\"}}\n";
        assert_eq!(filed(&all, file), BTreeSet::from(["cus_12".to_owned(), "cus_3".to_owned()]));
        let excusable = BTreeSet::from(["cus_1".to_owned()]);
        let none = BTreeSet::new();
        let keys = |wrote: &str| {
            let wrote = [("what it printed".to_owned(), wrote.to_owned())];
            letters("f", &all, &excusable, &none, &wrote, Timestamp(0)).into_iter().map(|l| l.key).collect::<Vec<_>>()
        };
        assert_eq!(keys("gave up cus_1: 422"), ["cus_1"]);
        assert_eq!(keys("gave up <a@x.example>"), ["cus_1"]);
        assert!(keys("gave up cus_12, cus_3").is_empty());
    }

    #[test]
    fn who_names_every_record_in_the_same_words_has_told_of_none() {
        let all: Vec<Expected> = (1..=6).map(|n| expected(&format!("cus_{n}"), &format!("{n}@x.example"))).collect();
        let excusable = BTreeSet::from(["cus_4".to_owned()]);
        let told = |line: &dyn Fn(&str) -> String| {
            let text: String = all.iter().map(|x| line(&x.key)).collect();
            let wrote = [("STATE_DIR/journal".to_owned(), text)];
            !letters("f", &all, &excusable, &BTreeSet::new(), &wrote, Timestamp(0)).is_empty()
        };
        assert!(!told(&|key| format!("{{\"seen\":\"{key}\"}}\n")));
        assert!(!told(&|key| format!("\"{key}\":\"2026-11-27T14:00:0{}Z\",", &key[4..])), "times differ, words do not");
        assert!(told(&|key| format!("{key} {}\n", if key == "cus_4" { "refused" } else { "written" })));
        assert!(told(&|key| format!("POST {key}: {}\n", if key == "cus_4" { 422 } else { 201 })));
        assert!(told(&|key| if key == "cus_4" { format!("gave up {key}\n") } else { String::new() }));
    }
}
