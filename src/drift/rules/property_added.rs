//! A field is new; one that must be sent breaks every request without it.

use super::super::change::{Change, Side};
use super::super::pair::Pair;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "property-added";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A field is new; one that must be sent breaks every request without it.",
    look: Look::Schemas(look),
    drills: &["happy-path"],
};

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    for (name, _) in p.added() {
        let what = format!("{} of {}", quoted(name, 80), quoted(p.subject, 160));
        let needed = p.is(Side::Request) && p.new_needs(name);
        let change = p.property(
            CODE,
            name,
            if needed { format!("{what} is new and must be sent") } else { format!("{what} is new") },
        );
        out.push(if needed { change.breaks("map it, or send a constant") } else { change });
    }
}
