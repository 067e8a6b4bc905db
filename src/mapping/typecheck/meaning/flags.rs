//! Flags that say the opposite of each other.

use super::{Doubt, Pair};
use crate::model::TypeSet;

/// What is so, and the words that say that it is not.
const OPPOSITES: [(&str, &[&str]); 20] = [
    ("enabled", &["disabled"]),
    ("active", &["inactive", "deactivated"]),
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
    if !flags || pair.table || turns != pair.steps.len() {
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
