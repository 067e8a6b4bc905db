//! An event tells nothing any more of what it is about.

use super::super::change::{Change, Side};
use super::super::ops::Systems;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "event-emptied";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "An event tells nothing any more of what it is about.",
    look: Look::Systems(look),
    drills: &["happy-path"],
};

fn look(s: &Systems<'_>, out: &mut Vec<Change>) {
    for (old, new) in s.events() {
        if old.payload.is_some() && new.payload.is_none() {
            let message = format!("the event {} comes without a body now", quoted(&old.name, 120));
            let change = Change::note(CODE, Side::Response, format!("event {}", old.name), message).on(&old.name);
            let change = change.at(Some(&old.pointer), Some(&new.pointer));
            out.push(change.breaks("read the record with a call when the event comes"));
        }
    }
}
