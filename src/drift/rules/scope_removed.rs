//! A call needs a scope no more.

use super::super::change::{Change, Side};
use super::super::ops::Ops;
use super::scope_added::alone;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "scope-removed";

/// See [`Rule`].
pub(super) const RULE: Rule =
    Rule { code: CODE, finds: "A call needs a scope no more.", look: Look::Operations(look), drills: &[] };

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    let s = o.systems;
    for scope in alone((s.old, o.old), (s.new, o.new)).into_keys() {
        let message = format!("{} needs the scope {} no more", quoted(&o.subject(), 160), quoted(scope, 80));
        let change = Change::note(CODE, Side::Call, o.subject(), message).about(scope);
        out.push(change.at(Some(&o.old.pointer), Some(&o.new.pointer)));
    }
}
