//! The largest page is smaller than it was.

use super::super::change::{Change, Side};
use super::super::ops::Ops;
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::{Operation, System};

const CODE: &str = "page-size-lowered";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "The largest page is smaller than it was.",
    look: Look::Operations(look),
    drills: &["short-page"],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    // A bound of the parameter itself is judged as that.
    let bound = |s: &System, op: &Operation| {
        let name = op.pagination.as_ref().and_then(|p| p.limit_param.as_deref())?;
        s.schemas.get(op.parameter(name)?.schema?).maximum.clone()
    };
    if bound(o.systems.old, o.old) != bound(o.systems.new, o.new) {
        return;
    }
    let most = |op: &Operation| op.pagination.as_ref().and_then(|p| p.limit_max);
    let (was, now) = (most(o.old), most(o.new));
    if let Some(now) = now
        && was.is_none_or(|was| was > now)
        && o.old.pagination.is_some()
    {
        let before = was.map_or_else(|| "not limited".to_owned(), |w| format!("{w} records"));
        let message = format!("a page of {} was {before} at most and is {now}", quoted(&o.subject(), 160));
        let change =
            Change::note(CODE, Side::Request, o.subject(), message).at(Some(&o.old.pointer), Some(&o.new.pointer));
        out.push(change.may_break("ask for pages no larger than that"));
    }
}
