//! A text may be shorter or longer than it could.

use std::cmp::Ordering;

use super::super::change::{Change, Side};
use super::super::pair::Pair;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "length-changed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A text may be shorter or longer than it could.",
    look: Look::Schemas(look),
    drills: &[],
};

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    let (was, now) = ((p.old.min_length, p.old.max_length), (p.new.min_length, p.new.max_length));
    out.extend(of_bounds(p, CODE, "length", was, now));
}

/// Least and most of something that is counted.
pub(super) type Bounds = (Option<u64>, Option<u64>);

/// What became of the bounds of a subject; `counted` says of what. Nothing where they are the same.
pub(super) fn of_bounds(p: &Pair<'_>, code: &'static str, counted: &str, was: Bounds, now: Bounds) -> Option<Change> {
    let (low, high) = (compare_low(was.0, now.0), compare_high(was.1, now.1));
    if low == Ordering::Equal && high == Ordering::Equal || p.unlike() || p.apart() {
        return None;
    }
    let message = format!("the {counted} of {} was {} and is {}", quoted(p.subject, 160), shown(was), shown(now));
    let change = p.change(code, message).about(format!("{} {}", shown(was), shown(now)));
    let narrower = low == Ordering::Greater || high == Ordering::Less;
    let wider = low == Ordering::Less || high == Ordering::Greater;
    Some(match p.side {
        Side::Response if wider => change.may_break("see whether the target takes such a value"),
        Side::Request if narrower => change.breaks("keep to the new bounds"),
        _ => change,
    })
}

/// Whether the lower bound rose.
fn compare_low(was: Option<u64>, now: Option<u64>) -> Ordering {
    now.unwrap_or(0).cmp(&was.unwrap_or(0))
}

/// Whether the upper bound rose.
fn compare_high(was: Option<u64>, now: Option<u64>) -> Ordering {
    now.unwrap_or(u64::MAX).cmp(&was.unwrap_or(u64::MAX))
}

/// `1 to 20`, `at most 20`.
fn shown(bounds: Bounds) -> String {
    match bounds {
        (None | Some(0), None) => "not bounded".to_owned(),
        (Some(low), None) => format!("at least {low}"),
        (None, Some(high)) => format!("at most {high}"),
        (Some(low), Some(high)) => format!("{low} to {high}"),
    }
}
