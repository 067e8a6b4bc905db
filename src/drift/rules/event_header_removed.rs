//! An event carries a header no more.

use super::super::change::{Change, Side};
use super::super::ops::Systems;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "event-header-removed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "An event carries a header no more.",
    look: Look::Systems(look),
    drills: &["webhook-missed"],
};

fn look(s: &Systems<'_>, out: &mut Vec<Change>) {
    for (old, new) in s.events() {
        for header in &old.headers {
            if new.headers.iter().any(|h| h.name.eq_ignore_ascii_case(&header.name)) {
                continue;
            }
            let (name, event) = (quoted(&header.name, 80), quoted(&old.name, 120));
            let change = Change::note(
                CODE,
                Side::Response,
                format!("event {}", old.name),
                format!("the event {event} comes without the header {name} now"),
            );
            let change = change.about(header.name.to_ascii_lowercase()).of(&header.name).on(&old.name);
            let change = change.at(Some(&header.pointer), Some(&new.pointer));
            let fix = "read what it said elsewhere; where it proved the sender, verify another way";
            out.push(if header.required { change.breaks(fix) } else { change.may_break(fix) });
        }
    }
}
