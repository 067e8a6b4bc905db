//! A list may hold equal items that could not, or could and may not.

use super::super::change::{Change, Side};
use super::super::pair::Pair;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "uniqueness-changed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A list may hold equal items that could not, or could and may not.",
    look: Look::Schemas(look),
    drills: &[],
};

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    let (was, now) = (p.old.unique_items, p.new.unique_items);
    if was == now || p.unlike() || p.apart() {
        return;
    }
    let may = if now { "could hold equal items and may not" } else { "held no equal items and may" };
    let change = p.change(CODE, format!("{} {may}", quoted(p.subject, 160)));
    out.push(match p.side {
        Side::Response if !now => change.may_break("see whether the target takes equal items, or add unique"),
        Side::Request if now => change.breaks("add unique"),
        _ => change,
    });
}
