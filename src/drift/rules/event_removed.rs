//! A webhook or callback is sent no more.

use super::super::change::{Change, Side};
use super::super::matching::few;
use super::super::ops::Systems;
use super::{Look, Rule};
use crate::base::text::{nearest, quoted};

const CODE: &str = "event-removed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A webhook or callback is sent no more.",
    look: Look::Systems(look),
    drills: &["webhook-missed"],
};

fn look(s: &Systems<'_>, out: &mut Vec<Change>) {
    let (removed, added) = (s.events_alone(s.old), s.events_alone(s.new));
    let few = few(removed.len(), added.len());
    for event in removed {
        let near = added.iter().map(|e| e.name.as_str()).filter(|_| few);
        let guess = nearest(&event.name, near).map(str::to_owned);
        out.push(
            Change::note(
                CODE,
                Side::Response,
                format!("event {}", event.name),
                format!("the event {} is described no more", quoted(&event.name, 120)),
            )
            .breaks("listen to another event, or poll")
            .at(Some(&event.pointer), None)
            .perhaps(guess)
            .on(&event.name),
        );
    }
}
