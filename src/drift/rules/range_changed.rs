//! A number may be smaller or larger than it could.

use super::super::change::{Change, Side};
use super::super::pair::Pair;
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::Schema;
use serde_json::Number;

const CODE: &str = "range-changed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A number may be smaller or larger than it could.",
    look: Look::Schemas(look),
    drills: &[],
};

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    let bound = |n: Option<&Number>, none: f64| n.and_then(Number::as_f64).unwrap_or(none);
    let low = |s: &Schema| (bound(s.minimum.as_ref(), f64::NEG_INFINITY), s.exclusive_minimum);
    let high = |s: &Schema| (bound(s.maximum.as_ref(), f64::INFINITY), s.exclusive_maximum);
    let ((a, a_open), (b, b_open)) = (low(p.old), low(p.new));
    let ((c, c_open), (d, d_open)) = (high(p.old), high(p.new));
    let narrower = b > a || b == a && b_open && !a_open || d < c || d == c && d_open && !c_open;
    let wider = b < a || b == a && a_open && !b_open || d > c || d == c && c_open && !d_open;
    if !narrower && !wider || p.unlike() || p.apart() {
        return;
    }
    let shown = |s: &Schema| {
        let one = |n: &Option<Number>, open: bool, words: [&str; 2]| {
            n.as_ref().map(|n| format!("{} {n}", words[usize::from(open)]))
        };
        let parts = [
            one(&s.minimum, s.exclusive_minimum, ["at least", "more than"]),
            one(&s.maximum, s.exclusive_maximum, ["at most", "less than"]),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "not bounded".to_owned() } else { parts.join(" and ") }
    };
    let message = format!("{} was {} and is {}", quoted(p.subject, 160), shown(p.old), shown(p.new));
    let change = p.change(CODE, message).about(format!("{} {}", shown(p.old), shown(p.new)));
    out.push(match p.side {
        Side::Response if wider => change.may_break("see whether the target takes such a number"),
        Side::Request if narrower => change.breaks("keep to the new bounds"),
        _ => change,
    });
}
