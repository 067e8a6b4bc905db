//! A status is described no more that a call could answer with.

use super::super::change::{Change, Side};
use super::super::ops::Ops;
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::Response;

const CODE: &str = "status-removed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A status is described no more that a call could answer with.",
    look: Look::Operations(look),
    drills: &[],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    for old in alone(&o.old.responses, &o.new.responses) {
        // The success that everybody reads is judged where another takes its place.
        if o.old.success().is_some_and(|s| s.status == old.status) {
            continue;
        }
        let status = quoted(&old.status, 20);
        let message = format!("{} is no longer described to answer {status}", quoted(&o.subject(), 160));
        let change = Change::note(CODE, Side::Response, o.subject(), message).about(&*old.status);
        let change = change.at(Some(&old.pointer), Some(&o.new.pointer));
        let success = old.status.starts_with('2');
        out.push(if success { change.may_break("take any status from 200 to 299 for success") } else { change });
    }
}

/// Answers of one side whose status nothing of the other covers.
pub(super) fn alone<'r>(these: &'r [Response], those: &'r [Response]) -> impl Iterator<Item = &'r Response> {
    these.iter().filter(move |r| {
        !those.iter().any(|other| {
            let range = other.status.len() == 3
                && other.status[1..].eq_ignore_ascii_case("XX")
                && r.status.starts_with(&other.status[..1]);
            other.status.eq_ignore_ascii_case(&r.status) || range
        })
    })
}
