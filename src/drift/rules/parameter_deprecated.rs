//! A parameter or argument is marked deprecated: it may go.

use super::super::change::{Change, Side};
use super::super::ops::Ops;
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::{Parameter, System};

const CODE: &str = "parameter-deprecated";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A parameter or argument is marked deprecated: it may go.",
    look: Look::Operations(look),
    drills: &[],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    let marked = |system: &System, p: &Parameter| p.schema.is_some_and(|id| system.schemas.get(id).deprecated);
    for (p, q) in o.parameters() {
        if marked(o.systems.new, q) && !marked(o.systems.old, p) {
            let subject = format!("{} {}", o.subject(), p.name);
            let message =
                format!("the parameter {} of {} is deprecated", quoted(&p.name, 80), quoted(&o.subject(), 160));
            let change = Change::note(CODE, Side::Request, subject, message).of(&p.name);
            out.push(change.bites("find out what takes its place").at(Some(&p.pointer), Some(&q.pointer)));
        }
    }
}
