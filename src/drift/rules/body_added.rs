//! A request may carry a body that carried none.

use super::super::change::{Change, Side};
use super::super::ops::Ops;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "body-added";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A request may carry a body that carried none.",
    look: Look::Operations(look),
    drills: &[],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    // One that must be sent is told as that.
    if let (None, Some(body)) = (&o.old.body, &o.new.body)
        && !body.required
    {
        let message = format!("{} takes a body now, which may be left out", quoted(&o.subject(), 160));
        let change = Change::note(CODE, Side::Request, o.subject(), message);
        out.push(change.at(Some(&o.old.pointer), Some(&body.pointer)));
    }
}
