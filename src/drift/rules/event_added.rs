//! A webhook or callback is new.

use super::super::change::{Change, Side};
use super::super::ops::Systems;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "event-added";

/// See [`Rule`].
pub(super) const RULE: Rule =
    Rule { code: CODE, finds: "A webhook or callback is new.", look: Look::Systems(look), drills: &[] };

fn look(s: &Systems<'_>, out: &mut Vec<Change>) {
    for event in s.events_alone(s.new) {
        let message = format!("the event {} is new", quoted(&event.name, 120));
        let change = Change::note(CODE, Side::Response, format!("event {}", event.name), message);
        out.push(change.at(None, Some(&event.pointer)).on(&event.name));
    }
}
