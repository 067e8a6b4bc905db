//! A list may hold fewer or more items than it could.

use super::super::change::Change;
use super::super::pair::Pair;
use super::length_changed::of_bounds;
use super::{Look, Rule};

const CODE: &str = "item-count-changed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A list may hold fewer or more items than it could.",
    look: Look::Schemas(look),
    drills: &[],
};

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    let (was, now) = ((p.old.min_items, p.old.max_items), (p.new.min_items, p.new.max_items));
    out.extend(of_bounds(p, CODE, "number of items", was, now));
}
