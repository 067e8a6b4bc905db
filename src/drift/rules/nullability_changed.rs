//! A value may be null that never was, or must not be null any more.

use super::super::change::{Change, Side};
use super::super::pair::Pair;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "nullability-changed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A value may be null that never was, or must not be null any more.",
    look: Look::Schemas(look),
    drills: &["poison-record"],
};

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    let (old, new) = p.types();
    let unsaid = old.is_any() || new.is_any();
    let (was, now) = (p.old.nullable(), p.new.nullable());
    if unsaid || was == now {
        return;
    }
    let message = if now { "may be null now" } else { "is never null any more" };
    let change =
        p.change(CODE, format!("{} {message}", quoted(p.subject, 160))).about(if now { "null" } else { "never null" });
    out.push(match (p.side, now) {
        (Side::Response, true) => change.breaks("give the rule a default, or let the target take null"),
        (Side::Request, false) => change.breaks("do not send null"),
        _ => change,
    });
}
