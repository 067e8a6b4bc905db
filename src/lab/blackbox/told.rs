//! What a program tells of records that it could not deliver. A record counts as told when its key, or its identity in the
//! target, stands in the file of dead letters, in a file below the state directory, or in what the program printed.

use std::collections::BTreeSet;

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
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    !name.is_empty()
        && text
            .match_indices(name)
            .any(|(at, _)| !text[..at].ends_with(part) && !text[at + name.len()..].starts_with(part))
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
    let told = |x: &Expected| {
        let named = |name: &str| wrote.iter().any(|(_, text)| names(text, name));
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
}
