//! A value is of another type.

use super::super::change::{Change, Side};
use super::super::pair::Pair;
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::TypeSet;

const CODE: &str = "type-changed";

/// See [`Rule`].
pub(super) const RULE: Rule =
    Rule { code: CODE, finds: "A value is of another type.", look: Look::Schemas(look), drills: &["happy-path"] };

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    let (was, now) = p.types();
    let (was, now) = (was.without(TypeSet::NULL), now.without(TypeSet::NULL));
    if was == now {
        return;
    }
    let message = format!("{} was {was} and is {now}", quoted(p.subject, 160));
    let change = p.change(CODE, message).about(format!("{was} {now}"));
    // A type that nobody stated says nothing about what is sent.
    let unsaid = was.is_any() || now.is_any();
    let (kept, fix) = match p.side {
        Side::Response => (covers(was, now), "read the new type"),
        Side::Request | Side::Call => (covers(now, was), "send the new type"),
    };
    out.push(match (kept, unsaid) {
        (true, _) => change,
        (false, true) => change.may_break(fix),
        (false, false) => change.breaks(fix),
    });
}

/// Whatever is of a type of `these` is of one of `all`.
pub(super) fn covers(all: TypeSet, these: TypeSet) -> bool {
    const EACH: [TypeSet; 6] =
        [TypeSet::BOOLEAN, TypeSet::INTEGER, TypeSet::NUMBER, TypeSet::STRING, TypeSet::ARRAY, TypeSet::OBJECT];
    all.is_any() || !these.is_any() && EACH.into_iter().all(|one| !these.has(one) || all.allows(one))
}
