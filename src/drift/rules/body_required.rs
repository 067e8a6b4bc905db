//! A request needs a body that could be left out.

use super::super::change::{Change, Side};
use super::super::ops::Ops;
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::Operation;

const CODE: &str = "body-required";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A request needs a body that could be left out.",
    look: Look::Operations(look),
    drills: &[],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    if needs(o.new) && !needs(o.old) {
        let at = |op: &'_ Operation| op.body.as_ref().map(|b| b.pointer.clone());
        out.push(
            Change::note(CODE, Side::Request, o.subject(), format!("{} needs a body now", quoted(&o.subject(), 160)))
                .breaks("send a body")
                .at(at(o.old).as_deref(), at(o.new).as_deref()),
        );
    }
}

/// It has a body, which must be sent.
pub(super) fn needs(op: &Operation) -> bool {
    op.body.as_ref().is_some_and(|b| b.required)
}
