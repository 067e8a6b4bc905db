//! An operation is described in other words: what it does may be something else.

use super::super::change::{Change, Side};
use super::super::ops::Ops;
use super::text_changed::retold;
use super::{Look, Rule};

const CODE: &str = "operation-text-changed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "An operation is described in other words: what it does may be something else.",
    look: Look::Operations(look),
    drills: &[],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    let subject = o.subject();
    if let Some((message, detail)) = retold(&subject, &o.old.summary, &o.new.summary) {
        let change = Change::note(CODE, Side::Call, subject, message).about(detail);
        out.push(change.at(Some(&o.old.pointer), Some(&o.new.pointer)));
    }
}
