//! An answer has no body that it had.

use super::super::change::{Change, Side};
use super::super::ops::{Ops, answers};
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "answer-emptied";

/// See [`Rule`].
pub(super) const RULE: Rule =
    Rule { code: CODE, finds: "An answer has no body that it had.", look: Look::Operations(look), drills: &[] };

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    for (a, b) in answers(o.old, o.new) {
        if a.schema.is_some() && b.schema.is_none() && b.content_type.is_empty() {
            let message = format!("{} answers {} without a body now", quoted(&o.subject(), 160), quoted(&a.status, 20));
            let change = Change::note(CODE, Side::Response, format!("{} {}", o.subject(), a.status), message);
            out.push(change.breaks("read what is needed with another call").at(Some(&a.pointer), Some(&b.pointer)));
        }
    }
}
