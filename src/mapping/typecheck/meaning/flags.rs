//! Flags that say the opposite of each other.

use serde_json::Value;

use super::{Doubt, Pair};
use crate::model::TypeSet;

/// What is so, and the words that say that it is not.
const OPPOSITES: [(&str, &[&str]); 19] = [
    ("active", &["inactive", "deactivated", "disabled", "archived", "suspended"]),
    ("visible", &["hidden", "invisible"]),
    ("public", &["private"]),
    ("valid", &["invalid"]),
    ("allowed", &["denied", "blocked", "forbidden"]),
    ("subscribed", &["unsubscribed"]),
    ("verified", &["unverified"]),
    ("taxable", &["untaxed", "taxfree"]),
    ("available", &["unavailable"]),
    ("published", &["unpublished"]),
    ("read", &["unread"]),
    ("paid", &["unpaid"]),
    ("locked", &["unlocked"]),
    ("required", &["optional"]),
    ("online", &["offline"]),
    ("billable", &["nonbillable", "unbillable"]),
    ("refundable", &["nonrefundable"]),
    ("allow", &["deny", "block", "disallow"]),
    ("exclude", &["include"]),
];
/// Words that turn the rest of a name round.
const NOT: [&str; 5] = ["not", "no", "non", "never", "without"];
/// Words that say nothing of which flag it is.
const WEAK: [&str; 8] = ["is", "has", "flag", "was", "should", "be", "can", "opted"];

/// The flag that a name speaks of, and whether it says that it is so.
fn polarity(words: &[String]) -> (Vec<String>, bool) {
    let mut so = true;
    let mut rest = Vec::new();
    for (i, word) in words.iter().enumerate() {
        let word = word.as_str();
        // `opt_in`, `opt_out`
        if i > 0 && matches!(word, "in" | "out") && words.get(i - 1).is_some_and(|w| w == "opt" || w == "opted") {
            so ^= word == "out";
        } else if NOT.contains(&word) {
            so = !so;
        } else if let Some((yes, _)) = OPPOSITES.iter().find(|(_, no)| no.contains(&word)) {
            so = !so;
            rest.push((*yes).to_owned());
        } else if word == "enabled" {
            rest.push("active".to_owned());
        } else if !WEAK.contains(&word) {
            rest.push(word.to_owned());
        }
    }
    (rest, so)
}

/// A flag that ends in one with the opposite meaning, or that is turned round where both mean the same.
pub(super) fn inverted(pair: &Pair<'_>) -> Option<Doubt> {
    let flags = pair.from.kind.types == TypeSet::BOOLEAN && pair.to.kind.types == TypeSet::BOOLEAN;
    let turns = pair.steps.iter().filter(|s| s.transform.name == "not").count();
    if !flags || pair.table.is_some() || turns != pair.steps.len() {
        return None;
    }
    let (from, to) = (polarity(&pair.from.words), polarity(&pair.to.words));
    if from.0.is_empty() || from.0 != to.0 {
        return None;
    }
    let turned = turns % 2 == 1;
    if (from.1 == to.1) != turned {
        return None;
    }
    let (message, fix) = if turned {
        ("source {from} and target {to} mean the same, and the rule turns it round", "take not out")
    } else {
        ("source {from} means the opposite of target {to}", "add not")
    };
    Some(Doubt::new("flag-inverted", 0.7, message.to_owned(), fix))
}

/// Words for yes and for no.
const YES: [&str; 10] = ["y", "yes", "true", "1", "on", "j", "ja", "oui", "si", "t"];
const NO: [&str; 9] = ["n", "no", "false", "0", "off", "nein", "non", "nee", "f"];

/// Flags of which being so is what is hoped for; those of one table say the same.
const GOOD: [&str; 9] =
    ["enabled", "active", "visible", "valid", "subscribed", "verified", "available", "published", "online"];

/// A table that calls what is so by the word for what is not: `active` true becomes `disabled`.
fn called_the_opposite(pair: &Pair<'_>) -> bool {
    let good = |rest: &[String]| rest.iter().any(|w| GOOD.contains(&w.as_str()));
    let (rest, so) = polarity(&pair.from.words);
    let Some(table) = pair.table.filter(|t| t.entries.len() == 2 && good(&rest)) else { return false };
    table.entries.iter().all(|(key, value)| {
        let (Some(word), Ok(key)) = (value.as_str(), key.value.parse::<bool>()) else { return false };
        let (called, is) = polarity(&crate::base::text::words(word));
        good(&called) && is != (key == so)
    })
}

/// A table that makes yes of no, between names that say the same.
pub(super) fn inverted_table(pair: &Pair<'_>) -> Option<Doubt> {
    let table = pair.table.filter(|_| pair.steps.is_empty())?;
    if called_the_opposite(pair) {
        let message = "the table calls source {from} the opposite of what it is".to_owned();
        return Some(Doubt::new("flag-inverted", 0.7, message, "turn the values of the table round"));
    }
    let turned = |key: &str, value: &Value| {
        let key = key.to_lowercase();
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_lowercase);
        let (yes, no) = (YES.contains(&key.as_str()), NO.contains(&key.as_str()));
        (yes && NO.contains(&value.as_str())) || (no && YES.contains(&value.as_str()))
    };
    let all = table.entries.len() > 1 && table.entries.iter().all(|(k, v)| turned(&k.value, v));
    // Names of opposite meaning want exactly such a table.
    if !all || polarity(&pair.from.words).1 != polarity(&pair.to.words).1 {
        return None;
    }
    let message = "the table makes no of yes, and neither source {from} nor target {to} is named as the opposite";
    Some(Doubt::new(
        "flag-inverted",
        0.65,
        message.to_owned(),
        "turn the values of the table round, or make sure of it",
    ))
}
