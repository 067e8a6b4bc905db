//! What a program tells of records that it could not deliver. A record counts as told when its key, or its identity in the
//! target, stands in the file of dead letters, in a file below the state directory, or in what the program printed; there not in the
//! same words as the records that were delivered: a journal of all that was seen tells of none.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::base::clock::Timestamp;
use crate::base::text;
use crate::evidence::{DeadLetter, DeadState};
use crate::lab::judge::{Expected, TOLD};

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

/// The keys of which some line of the file is a letter: those that it has as its `key`.
pub(super) fn lettered(expected: &[Expected], file: &str) -> BTreeSet<String> {
    let keys: BTreeSet<String> = file
        .lines()
        .filter_map(|line| match serde_json::from_str::<Value>(line).ok()?.get("key")? {
            Value::String(key) => Some(key.clone()),
            Value::Number(key) => Some(key.to_string()),
            _ => None,
        })
        .collect();
    expected.iter().filter(|x| names_of(x).any(|name| keys.contains(name))).map(|x| x.key.clone()).collect()
}

/// Names under which a letter says why.
const WHY: [&str; 10] =
    ["reason", "reasons", "error", "errors", "message", "because", "why", "cause", "detail", "violations"];

/// Of these keys those of which no letter says why: neither under `reason` nor under another name for it.
pub(super) fn unreasoned(lettered: &BTreeSet<String>, file: &str) -> BTreeSet<String> {
    let letters: Vec<Value> = file.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let says = |value: &Value| match value {
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
        Value::Number(_) => true,
        Value::Null | Value::Bool(_) => false,
    };
    let reasoned = |letter: &Value| WHY.iter().any(|name| letter.get(name).is_some_and(says));
    let silent = |key: &&String| {
        let mut its = letters.iter().filter(|letter| is_of(letter, key)).peekable();
        its.peek().is_some() && !its.any(reasoned)
    };
    lettered.iter().filter(silent).cloned().collect()
}

/// It is the letter of this key.
fn is_of(letter: &Value, key: &str) -> bool {
    match letter.get("key") {
        Some(Value::String(text)) => text == key,
        Some(Value::Number(number)) => number.to_string() == key,
        _ => false,
    }
}

/// The reason that the last letter of the record gives.
pub(super) fn reason(file: &str, key: &str) -> Option<String> {
    let lines = file.lines().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut its = lines.filter(|letter| is_of(letter, key));
    Some(text::truncate(its.find_map(|letter| letter.get("reason")?.as_str().map(str::to_owned))?.trim(), REASON))
}

/// Characters of a reason that are shown.
const REASON: usize = 160;

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
    let told = |x: &Expected| journals.iter().any(|journal| journal.tells(x));
    expected
        .iter()
        .filter(|x| filed.contains(&x.key) || (excusable.contains(&x.key) && told(x)))
        .map(|x| DeadLetter {
            id: 0,
            flow: flow.to_owned(),
            key: x.key.clone(),
            code: "told".to_owned(),
            because: TOLD.to_owned(),
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
    /// Names of all records.
    names: Vec<&'t str>,
    /// Words around a name, and how many deliverable records are named in them.
    words: BTreeMap<String, usize>,
    /// From so many on they are said of every record.
    of_all: usize,
}

impl<'t> Journal<'t> {
    fn of(text: &'t str, expected: &'t [Expected], excusable: &BTreeSet<String>) -> Self {
        let names: Vec<&str> = expected.iter().flat_map(names_of).collect();
        let mut words = BTreeMap::new();
        let mut named = 0;
        for x in expected.iter().filter(|x| !excusable.contains(&x.key)) {
            let around = said_of(text, x, &names);
            named += usize::from(!around.is_empty());
            for said in around {
                *words.entry(said).or_insert(0) += 1;
            }
        }
        Self { text, names, words, of_all: (named / 2).max(2) }
    }

    /// It names the record in words of its own.
    fn tells(&self, x: &Expected) -> bool {
        said_of(self.text, x, &self.names)
            .iter()
            .any(|said| self.words.get(said).is_none_or(|count| *count < self.of_all))
    }
}

fn names_of(x: &Expected) -> impl Iterator<Item = &str> {
    std::iter::once(x.key.as_str()).chain(x.identity.as_deref())
}

/// What a record is known by in a text of the program.
struct Own<'x> {
    /// Its values, the longest first: one may be part of another.
    values: Vec<String>,
    /// Its forms: as the source has it, and as the target does.
    forms: Vec<&'x Map<String, Value>>,
}

impl<'x> Own<'x> {
    fn of(x: &'x Expected) -> Self {
        let mapped = x.mapped.as_ref().ok();
        let mut all = Vec::new();
        std::iter::once(&x.record).chain(mapped).for_each(|form| values(form, &mut all));
        all.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self { values: all, forms: std::iter::once(&x.record).chain(mapped).filter_map(Value::as_object).collect() }
    }

    /// The object is the record, whole or in part, whatever else it says.
    fn is_in(&self, object: &Map<String, Value>) -> bool {
        self.forms.iter().any(|form| {
            let common = object.keys().filter(|name| form.contains_key(*name)).count();
            common >= 2 && common * 2 >= form.len()
        })
    }
}

/// The words in which a text names a record, beside the `names` of all.
fn said_of(text: &str, x: &Expected, names: &[&str]) -> BTreeSet<String> {
    let own = Own::of(x);
    let others: Vec<&str> = names.iter().copied().filter(|name| !names_of(x).any(|mine| mine == *name)).collect();
    names_of(x).flat_map(|name| around(text, name, &own, &others)).collect()
}

/// The values of a record that a line of a journal may repeat. Short ones are words of any sentence.
fn values(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) if text.chars().count() >= 3 => into.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|v| values(v, into)),
        Value::Object(map) => map.values().for_each(|v| values(v, into)),
        _ => {}
    }
}

/// What stands before and behind each place where the name stands, on its line, without what differs from record to record.
fn around(text: &str, name: &str, own: &Own<'_>, others: &[&str]) -> Vec<String> {
    /// Bytes of a line at most that may be the entry of one record.
    const ENTRY: usize = 16 * 1024;
    /// Characters before and behind that are looked at in a list of many.
    const NEAR: usize = 24;
    let one = |at: usize| {
        let before = text[..at].rsplit('\n').next().unwrap_or_default();
        let behind = text[at + name.len()..].split('\n').next().unwrap_or_default();
        let of_one = |part: &str| !others.iter().any(|other| part.contains(other) && names(part, other));
        if before.len() + behind.len() <= ENTRY && of_one(before) && of_one(behind) {
            let line = &text[at - before.len()..at + name.len() + behind.len()];
            return match serde_json::from_str::<Value>(line) {
                Ok(entry) if entry.is_object() || entry.is_array() => shape(&entry, own),
                _ => format!("{}\u{0}{}", plain(before, own), plain(behind, own)),
            };
        }
        let skip = before.chars().count().saturating_sub(NEAR);
        let before: String = before.chars().skip(skip).collect();
        let behind: String = behind.chars().take(NEAR).collect();
        format!("{}\u{0}{}", plain(&before, own), plain(&behind, own))
    };
    places(text, name).map(one).collect()
}

/// An entry of a journal without what differs from record to record: of a copy of the record only what it says beside it.
fn shape(value: &Value, own: &Own<'_>) -> String {
    match value {
        Value::Object(map) => {
            let copy = own.is_in(map);
            let of_record = |name: &String| copy && own.forms.iter().any(|form| form.contains_key(name));
            let said = map.iter().filter(|(name, _)| !of_record(name));
            let said: Vec<String> = said.map(|(name, v)| format!("{}:{}", plain(name, own), shape(v, own))).collect();
            format!("{}{{{}}}", if copy { "#" } else { "" }, said.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(|v| shape(v, own)).collect::<Vec<_>>().join(",")),
        // A body as it came.
        Value::String(text) if text.starts_with(['{', '[']) => match serde_json::from_str::<Value>(text) {
            Ok(inner) => shape(&inner, own),
            Err(_) => plain(text, own),
        },
        Value::String(text) => plain(text, own),
        Value::Number(n) => plain(&n.to_string(), own),
        Value::Bool(_) | Value::Null => value.to_string(),
    }
}

/// The text with one sign for each value of the record and for each word that holds a digit and is no status of a refusal: times,
/// digests, counts, keys.
fn plain(text: &str, own: &Own<'_>) -> String {
    let mut text = text.to_owned();
    for value in &own.values {
        if text.contains(value.as_str()) {
            text = text.replace(value.as_str(), "#");
        }
    }
    let refusal =
        |word: &str| word.len() == 3 && word.starts_with(['4', '5']) && word.bytes().all(|b| b.is_ascii_digit());
    let mut out = String::new();
    for word in text.split_inclusive(|c: char| !c.is_alphanumeric() && !":.-+_@".contains(c)) {
        let inner = word.trim_start_matches(|c: char| !c.is_alphanumeric());
        let bare = inner.trim_end_matches(|c: char| !c.is_alphanumeric());
        if bare.contains(|c: char| c.is_ascii_digit()) && !refusal(bare) {
            out.push_str(&word[..word.len() - inner.len()]);
            out.push('#');
            out.push_str(&inner[bare.len()..]);
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

    #[test]
    fn the_reason_is_that_of_the_last_letter_of_the_record() {
        let file = "{\"key\":\"7\",\"reason\":\"first\"}\nnot JSON\n{\"key\":7,\"reason\":\" second \"}\n{\"key\":\"77\",\"reason\":\"other\"}\n";
        assert_eq!(reason(file, "7").as_deref(), Some("second"));
        assert_eq!(reason(file, "77").as_deref(), Some("other"));
        assert_eq!(reason("{\"key\":\"7\"}", "7"), None);
    }

    #[test]
    fn a_letter_says_why_under_whatever_name() {
        let keys = BTreeSet::from(["7".to_owned()]);
        let silent = |file: &str| !unreasoned(&keys, file).is_empty();
        assert!(silent("{\"key\":\"7\"}") && silent("{\"key\":7,\"reason\":\" \",\"record\":{\"message\":\"hello\"}}"));
        assert!(!silent("{\"key\":\"7\",\"reason\":422}") && !silent("{\"key\":\"7\",\"errors\":[{\"code\":\"x\"}]}"));
        assert!(!silent("{\"key\":\"7\"}\n{\"key\":\"7\",\"why\":\"refused\"}"), "one of them says it");
        assert!(!silent("{\"id\":\"7\"}"), "a letter without a key is judged by what it names");
    }

    fn expected(key: &str, identity: &str) -> Expected {
        Expected {
            key: key.to_owned(),
            record: json!({ "id": key, "name": format!("Name of {}", &key[4..]) }),
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
        // A letter of its own has the one alone whose key the line gives.
        assert_eq!(lettered(&all, file), BTreeSet::from(["cus_12".to_owned()]));
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
        let of_a_log = |key: &str| {
            let status = if key == "cus_4" { 422 } else { 201 };
            format!("{{\"key\":\"{key}\",\"operation\":\"createContact\",\"status\":{status}}}\n")
        };
        assert!(told(&of_a_log), "one word of the line differs");
        let whole = |key: &str| format!("read {{\"id\":\"{key}\",\"name\":\"Name of {}\"}}\n", &key[4..]);
        assert!(!told(&whole), "values of the record are no words of the program");
        let stored = |key: &str| {
            let body =
                json!({"id": key, "name": if key == "cus_4" { Value::Null } else { json!("x") }, "n": 7}).to_string();
            json!({"event": format!("evt_{key}"), "seq": key[4..].parse::<u64>().unwrap(), "body": body}).to_string()
                + "\n"
        };
        assert!(!told(&stored), "a journal of what was received is no word about what became of it");
        let letter = |key: &str| {
            let because = if key == "cus_4" { json!("no such plan") } else { Value::Null };
            json!({"id": key, "name": "x", "error": because}).to_string() + "\n"
        };
        assert!(told(&letter), "what an entry says beside the record is");
        assert!(told(&|key| if key == "cus_4" { format!("gave up {key}\n") } else { String::new() }));
    }
}
