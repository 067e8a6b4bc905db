//! A body may be left out that had to be sent.

use super::super::change::{Change, Side};
use super::super::ops::Ops;
use super::body_required::needs;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "body-became-optional";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A body may be left out that had to be sent.",
    look: Look::Operations(look),
    drills: &[],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    if let (Some(was), Some(now)) = (&o.old.body, &o.new.body)
        && needs(o.old)
        && !needs(o.new)
    {
        let message = format!("{} needs no body any more", quoted(&o.subject(), 160));
        let change = Change::note(CODE, Side::Request, o.subject(), message);
        out.push(change.at(Some(&was.pointer), Some(&now.pointer)));
    }
}
