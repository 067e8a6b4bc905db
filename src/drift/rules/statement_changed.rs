//! What only words say of limits, retries or money is said differently, or no more.

use serde_json::Value;

use super::super::change::{Change, Side};
use super::super::ops::Systems;
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::{Basis, System};

const CODE: &str = "statement-changed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "What only words say of limits, retries or money is said differently, or no more.",
    look: Look::Systems(look),
    drills: &["rate-limited-seconds"],
};

/// Facts that prose alone tells, and what each is called.
const SAID: [(&str, &str); 4] = [
    ("rate_limit", "how many requests are allowed"),
    ("concurrency_limit", "how many requests may be under way at once"),
    ("idempotency", "how a write is repeated safely"),
    ("money", "the unit in which money is counted"),
];

/// Each value that prose tells of a fact, without the sentence, and its place. Nothing where more than prose tells it: prose is
/// asked last, so that its value may come and go while the text stays.
fn told<'s>(system: &'s System, name: &'s str) -> Option<Vec<(Value, &'s str)>> {
    let of_words = system.facts_named(name).map(|fact| match &fact.basis {
        Basis::Inferred { rule, from } if rule.ends_with("-in-prose") => {
            let mut value = fact.value.clone();
            if let Value::Object(map) = &mut value {
                map.shift_remove("says");
            }
            Some((value, from.first()?.as_str()))
        }
        _ => None,
    });
    of_words.collect()
}

/// `requests 5, window_ms 1000`
fn in_words(value: &Value) -> String {
    let stated = value.as_object().into_iter().flatten().filter(|(_, v)| !v.is_null());
    let parts: Vec<String> = stated
        .map(|(name, value)| format!("{name} {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect();
    parts.join(", ")
}

fn look(s: &Systems<'_>, out: &mut Vec<Change>) {
    for (name, what) in SAID {
        let (Some(old), Some(new)) = (told(s.old, name), told(s.new, name)) else { continue };
        let gone = old.iter().find(|(value, _)| !new.iter().any(|(v, _)| v == value));
        let come = new.iter().find(|(value, _)| !old.iter().any(|(v, _)| v == value));
        // What holds for operations, they tell.
        let limits = |system: &System| -> Vec<Option<(u64, u64)>> {
            system.operations.iter().map(|o| o.rate_limit.as_ref().map(|r| (r.requests, r.window_ms))).collect()
        };
        if (gone.is_none() && come.is_none()) || (name == "rate_limit" && limits(s.old) != limits(s.new)) {
            continue;
        }
        let shown = |told: Option<&(Value, &str)>| {
            told.map_or_else(|| "nothing".to_owned(), |(value, _)| quoted(&in_words(value), 120))
        };
        let (was, is) = (shown(gone), shown(come));
        let message = format!("of {what}, the text said {was}, and says {is}");
        let change = Change::note(CODE, Side::Call, what, message).about(format!("{was} {is}"));
        let (at, now) = (gone.map(|(_, at)| *at), come.map(|(_, at)| *at));
        out.push(change.bites("read both texts, and hold the contract to what the new one says").at(at, now));
    }
}
