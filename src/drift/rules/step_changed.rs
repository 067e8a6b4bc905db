//! A number is a multiple of something else than it was.

use super::super::change::{Change, Side};
use super::super::pair::Pair;
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::multiple::{is_multiple, step};
use rust_decimal::Decimal;

const CODE: &str = "step-changed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A number is a multiple of something else than it was.",
    look: Look::Schemas(look),
    drills: &[],
};

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    let (was, now) = (step(p.old.multiple_of.as_ref()), step(p.new.multiple_of.as_ref()));
    if was == now || p.unlike() || p.apart() {
        return;
    }
    // Whatever fits the one step fits the other.
    let within = |inner: Option<Decimal>, outer: Option<Decimal>| match (inner, outer) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(inner), Some(outer)) => is_multiple(inner, outer) == Some(true),
    };
    let shown = |s: Option<Decimal>| s.map_or_else(|| "of any step".to_owned(), |s| format!("a multiple of {s}"));
    let message = format!("{} was {} and is {}", quoted(p.subject, 160), shown(was), shown(now));
    let change = p.change(CODE, message).about(format!("{} {}", shown(was), shown(now)));
    out.push(match p.side {
        Side::Response if !within(now, was) => change.may_break("see whether the target takes such a number"),
        Side::Request if !within(was, now) => change.breaks("round to the new step"),
        _ => change,
    });
}
