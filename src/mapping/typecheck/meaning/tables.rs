//! Value tables that give one value the meaning of another, though the target has its own word for it.

use serde_json::Value;

use super::{Doubt, Pair};
use crate::base::text::{quoted, words};

/// A word as it is compared: letters alone, and one spelling of what has two.
fn plain(text: &str) -> String {
    words(text).concat().replace("cancelled", "canceled")
}

/// Two entries that are crossed, or one that takes another's value although the target has its own.
pub(super) fn crossed(pair: &Pair<'_>) -> Option<Doubt> {
    let table = pair.table.filter(|t| pair.steps.is_empty() && t.entries.len() <= 200)?;
    let targets: Vec<String> = pair.to.kind.values.as_ref()?.iter().filter_map(Value::as_str).map(plain).collect();
    let letters = |t: &str| t.chars().any(char::is_alphabetic);
    let entries: Vec<(String, String, &str, &str)> = table
        .entries
        .iter()
        .filter_map(|(k, v)| Some((plain(&k.value), plain(v.as_str()?), k.value.as_str(), v.as_str()?)))
        .filter(|(k, v, ..)| letters(k) && letters(v))
        .collect();
    // The own word of each is there, and another's is written.
    let strange = |e: &&(String, String, &str, &str)| e.0 != e.1 && targets.contains(&e.0);
    let (key, value, shown, written) = entries.iter().find(|e| strange(e) && entries.iter().any(|o| o.0 == e.1))?;
    let other = entries.iter().find(|o| o.0 == *value)?;
    let swapped = other.1 == *key;
    let message = if swapped {
        format!("the table turns {} into {} and the other way round", quoted(shown, 40), quoted(written, 40))
    } else {
        format!(
            "the table makes {} of {}, and target {{to}} has a word of its own for it",
            quoted(written, 40),
            quoted(shown, 40)
        )
    };
    // Numbers of priorities and the like run both ways; of words the same is rare, and a description would say so.
    let sure = if swapped { 0.7 } else { 0.6 };
    let fix =
        format!("write {}: its own value, or make sure that both systems mean other things by it", quoted(shown, 40));
    Some(Doubt::new("values-crossed", sure, message, fix))
}
