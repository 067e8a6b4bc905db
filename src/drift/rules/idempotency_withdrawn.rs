//! A write cannot be repeated safely any more.

use super::super::change::{Change, Side};
use super::super::ops::Ops;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "idempotency-withdrawn";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A write cannot be repeated safely any more.",
    look: Look::Operations(look),
    drills: &["timeout-after-commit", "committed-then-reset"],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    let (Some(was), None) = (&o.old.idempotency, &o.new.idempotency) else { return };
    let message = format!(
        "{} takes no {} any more: a repeated request may have a second effect",
        quoted(&o.subject(), 160),
        quoted(&was.header, 80)
    );
    out.push(
        Change::note(CODE, Side::Request, o.subject(), message)
            .breaks("do not retry it blindly; find by natural key before writing")
            .at(Some(&o.old.pointer), Some(&o.new.pointer)),
    );
}
