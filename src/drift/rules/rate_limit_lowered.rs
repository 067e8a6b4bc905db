//! Fewer requests are allowed than were.

use super::super::change::{Change, Side};
use super::super::ops::Ops;
use super::{Look, Rule};
use crate::model::RateLimit;

const CODE: &str = "rate-limit-lowered";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "Fewer requests are allowed than were.",
    look: Look::Operations(look),
    drills: &["rate-limited-seconds"],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    let Some(now) = &o.new.rate_limit else { return };
    let was = o.old.rate_limit.as_ref();
    if was.is_none_or(|was| was.per_second() > now.per_second()) {
        let shown = |r: &RateLimit| format!("{} requests in {} seconds", r.requests, r.window_ms / 1000);
        let before = was.map_or_else(|| "not stated".to_owned(), shown);
        // One limit is usually that of all operations: told once, it reaches each.
        let message = format!("the limit was {before} and is {}", shown(now));
        let change = Change::note(CODE, Side::Call, "rate limit", message).about(format!("{before} {}", shown(now)));
        out.push(change.may_break("send no faster: delivery.rate").at(Some(&o.old.pointer), Some(&o.new.pointer)));
    }
}
