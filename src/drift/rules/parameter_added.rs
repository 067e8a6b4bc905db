//! A parameter is new; one that must be sent breaks every call without it.

use super::super::change::{Change, Side};
use super::super::ops::Ops;
use super::parameter_removed::{place, told_elsewhere};
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "parameter-added";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A parameter is new; one that must be sent breaks every call without it.",
    look: Look::Operations(look),
    drills: &["happy-path"],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    for p in Ops::alone(&o.new.parameters, &o.old.parameters) {
        if told_elsewhere(o, &p.name) {
            continue;
        }
        let subject = format!("{} {}", o.subject(), p.name);
        let must = if p.required { "requires" } else { "takes" };
        let message = format!(
            "{} {must} the new parameter {} ({})",
            quoted(&o.subject(), 160),
            quoted(&p.name, 80),
            place(p.place)
        );
        let change = Change::note(CODE, Side::Request, subject, message)
            .about(place(p.place))
            .of(&p.name)
            .at(None, Some(&p.pointer));
        out.push(if p.required { change.breaks("send it") } else { change });
    }
}
