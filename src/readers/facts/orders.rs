//! What the last word of a path orders done.

use super::path::Segment;
use super::verbs::{is_command, is_compound, parts, verb};
use crate::base::text::singular;
use crate::model::Action;

/// The path ends in an order (`…/cancel`, `…/actions/delete-permanent`) rather than in a thing (`…/merge-fields`).
pub(super) fn is_order(steps: &[Segment]) -> bool {
    let Some(last) = steps.last().and_then(Segment::word) else { return false };
    let before = steps.len().checked_sub(2).and_then(|i| steps.get(i)).and_then(Segment::word);
    if before.is_some_and(|w| matches!(w, "actions" | "action")) {
        return true;
    }
    let parts = parts(last);
    let many = parts.len() > 1 && parts.last().is_some_and(|w| singular(w) != *w);
    match steps.last() {
        // A custom method does something, unless its verb is known to read or write.
        Some(Segment::Call(_)) => verb_of_words(&parts).is_none(),
        // Sent and set is also what is many; other verbs may be nouns: `test-results`.
        _ if parts.len() > 1
            && parts.first().is_some_and(|w| {
                matches!(w.as_str(), "send" | "set" | "unpin" | "forward" | "answer" | "restrict")
            }) =>
        {
            true
        }
        // `issueDelete` deletes.
        _ => parts.first().is_some_and(|w| is_command(w)) && !many && parts.last().is_none_or(|w| verb(w).is_none()),
    }
}

/// An order that stands before the key of what it is about: `/export/cancel/{job}`.
pub(super) fn is_order_before_key(steps: &[Segment]) -> bool {
    // Words that are nothing else.
    const ORDERS: [&str; 14] = [
        "activate",
        "approve",
        "archive",
        "cancel",
        "confirm",
        "deactivate",
        "disable",
        "enable",
        "publish",
        "reject",
        "resend",
        "restore",
        "revoke",
        "submit",
    ];
    matches!(steps, [.., Segment::Word(_), Segment::Word(order), Segment::Param(_)] if ORDERS.contains(&order.as_str()))
}

/// The verb of a path's last word: alone (`search`), first (`postMessage` has none, `list_folder` has), or last
/// (`tag-search`).
pub(super) fn verb_of(segment: &Segment) -> Option<Action> {
    let word = segment.word()?;
    if is_compound(word) {
        return None;
    }
    verb_of_words(&parts(word))
}

fn verb_of_words(parts: &[String]) -> Option<Action> {
    match parts {
        [only] => verb(only),
        [create, or, update] if or == "or" && verb(create).is_some() && verb(update).is_some() => Some(Action::Upsert),
        [first, .., last] => {
            // `answerInlineQuery` answers.
            verb(first).or_else(|| verb(last).filter(|a| *a == Action::Search && !is_command(first)))
        }
        [] => None,
    }
}

/// A call that only reads, though it is sent as a write: `/accounts/get`, `/files/get_metadata`.
pub(super) fn is_get(segment: &Segment) -> bool {
    segment.word().map(parts).is_some_and(|w| w.first().is_some_and(|w| w == "get") && !w.iter().any(|w| w == "create"))
}

/// The path is a call of a method: `/users.info`, `/users:lookup`.
pub(super) fn called(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or(path);
    last.split_once(['.', ':']).is_some_and(|(noun, verb)| {
        let word = |w: &str| !w.is_empty() && w.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
        word(noun) && word(verb) && !matches!(verb, "json" | "xml" | "php" | "aspx" | "do")
    })
}
