//! An operation goes by another operationId: nothing on the wire, but contracts and generated clients name it.

use super::super::change::{Change, Side};
use super::super::ops::Ops;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "operation-id-changed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "An operation goes by another operationId: nothing on the wire, but contracts and generated clients name it.",
    look: Look::Operations(look),
    drills: &[],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    let (was, now) = (&o.old.id, &o.new.id);
    if was != now && !was.contains(' ') && !now.contains(' ') {
        let message =
            format!("{} was called {} and is called {}", quoted(&o.subject(), 160), quoted(was, 80), quoted(now, 80));
        out.push(
            Change::note(CODE, Side::Call, o.subject(), message)
                .bites("name it by its new operationId, or by method and path")
                .at(Some(&o.old.pointer), Some(&o.new.pointer)),
        );
    }
}
