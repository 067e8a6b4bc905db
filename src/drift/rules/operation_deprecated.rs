//! An operation is marked deprecated: it may go.

use super::super::change::{Change, Side};
use super::super::ops::Ops;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "operation-deprecated";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "An operation is marked deprecated: it may go.",
    look: Look::Operations(look),
    drills: &[],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    if o.new.deprecated && !o.old.deprecated {
        out.push(
            Change::note(CODE, Side::Call, o.subject(), format!("{} is deprecated", quoted(&o.subject(), 160)))
                .bites("find out until when it answers, and what takes its place")
                .at(Some(&o.old.pointer), Some(&o.new.pointer)),
        );
    }
}
