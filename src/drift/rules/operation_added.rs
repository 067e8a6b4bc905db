//! An operation is new.

use super::super::change::{Change, Side};
use super::super::ops::{Systems, subject};
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "operation-added";

/// See [`Rule`].
pub(super) const RULE: Rule =
    Rule { code: CODE, finds: "An operation is new.", look: Look::Systems(look), drills: &[] };

fn look(s: &Systems<'_>, out: &mut Vec<Change>) {
    for j in &s.matched.added {
        let o = &s.new.operations[*j];
        let what = subject(o);
        let message = format!("{} is new", quoted(&what, 160));
        out.push(Change::note(CODE, Side::Call, &what, message).at(None, Some(&o.pointer)).on(&o.id));
    }
}
