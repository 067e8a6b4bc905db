//! A parameter must be sent that could be left out, or the other way round.

use super::super::change::{Change, Side};
use super::super::ops::Ops;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "parameter-requiredness-changed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A parameter must be sent that could be left out, or the other way round.",
    look: Look::Operations(look),
    drills: &["happy-path"],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    for (p, q) in o.parameters() {
        if p.required == q.required {
            continue;
        }
        let subject = format!("{} {}", o.subject(), p.name);
        let now = if q.required { "requires" } else { "no longer requires" };
        let message = format!("{} {now} the parameter {}", quoted(&o.subject(), 160), quoted(&p.name, 80));
        let change =
            Change::note(CODE, Side::Request, subject, message).of(&p.name).at(Some(&p.pointer), Some(&q.pointer));
        out.push(if q.required { change.about("required").breaks("send it") } else { change.about("optional") });
    }
}
