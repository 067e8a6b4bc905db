//! An argument of a GraphQL field is declared with another type: a request that names the old one is refused.

use super::super::change::{Change, Side};
use super::super::ops::Ops;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "argument-type-changed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "An argument of a GraphQL field is declared with another type: a request that names the old one is refused.",
    look: Look::Operations(look),
    drills: &[],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    let (Some(a), Some(b)) = (&o.old.root_field, &o.new.root_field) else { return };
    for (name, was) in &a.arguments {
        let Some(now) = b.arguments.get(name).filter(|now| *now != was) else { continue };
        let plain = |t: &str| t.replace('!', "");
        // That it must be sent now, or need not, is told as that.
        if was.trim_end_matches('!') == now.trim_end_matches('!') {
            continue;
        }
        let change = Change::note(
            CODE,
            Side::Request,
            format!("{} {name}", o.subject()),
            format!(
                "the argument {} of {} was {} and is {}",
                quoted(name, 80),
                quoted(&o.subject(), 120),
                quoted(was, 80),
                quoted(now, 80)
            ),
        )
        .of(name)
        .at(Some(&o.old.pointer), Some(&o.new.pointer));
        // A variable of a stricter type may stand where a laxer one is declared.
        let laxer = plain(was) == plain(now) && now.len() < was.len();
        out.push(if laxer { change } else { change.breaks("declare the variable with the new type") });
    }
}
