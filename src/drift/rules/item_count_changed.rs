//! A list may hold fewer or more items than it could.

use std::cmp::Ordering;

use super::super::change::{Change, Side};
use super::super::walk::Pair;
use super::length_changed::{compare_high, compare_low, shown};
use super::{Look, Rule};
use crate::base::text::quoted;

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
    let (low, high) = (compare_low(was.0, now.0), compare_high(was.1, now.1));
    if low == Ordering::Equal && high == Ordering::Equal {
        return;
    }
    let message = format!("the number of items of {} was {} and is {}", quoted(p.subject, 160), shown(was), shown(now));
    let change = p.change(CODE, message).about(format!("{} {}", shown(was), shown(now)));
    let narrower = low == Ordering::Greater || high == Ordering::Less;
    let wider = low == Ordering::Less || high == Ordering::Greater;
    out.push(match p.side {
        Side::Response if wider => change.may_break("see whether the target takes such a value"),
        Side::Request if narrower => change.breaks("keep to the new bounds"),
        _ => change,
    });
}
