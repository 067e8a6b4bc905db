//! A call may answer with a status that was not described.

use super::super::change::{Change, Side};
use super::super::ops::Ops;
use super::status_removed::alone;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "status-added";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A call may answer with a status that was not described.",
    look: Look::Operations(look),
    drills: &[],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    for new in alone(&o.new.responses, &o.old.responses) {
        // Another success in place of the only one is told as that.
        if o.new.success().is_some_and(|s| s.status == new.status) {
            continue;
        }
        let status = quoted(&new.status, 20);
        let message = format!("{} may answer {status} now", quoted(&o.subject(), 160));
        let change = Change::note(CODE, Side::Response, o.subject(), message).about(&*new.status);
        out.push(change.at(Some(&o.old.pointer), Some(&new.pointer)));
    }
}
