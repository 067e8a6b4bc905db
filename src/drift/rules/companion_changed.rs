//! A field asks for another one beside it that it did not ask for, or no longer does.

use super::super::change::{Change, Side};
use super::super::pair::Pair;
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::Schema;

const CODE: &str = "companion-changed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A field asks for another one beside it that it did not ask for, or no longer does.",
    look: Look::Schemas(look),
    drills: &[],
};

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    if p.old.needs == p.new.needs || p.unlike() || p.apart() {
        return;
    }
    let fresh = |of: &Schema, from: &Schema| -> Vec<(String, String)> {
        let pairs = of.needs.iter().flat_map(|(name, all)| all.iter().map(move |n| (name, n)));
        let known = |name: &str, n: &str| from.needs.iter().any(|(known, all)| known == name && all.contains(n));
        pairs.filter(|(name, n)| !known(name, n)).map(|(name, n)| (name.clone(), n.clone())).collect()
    };
    for (name, needed) in fresh(p.new, p.old) {
        let (subject, beside) = (quoted(p.subject, 120), quoted(&name, 60));
        let message = format!("{subject} must have {} where it has {beside}", quoted(&needed, 60));
        let change = p.change(CODE, message).about(format!("{name} {needed}"));
        // What is required anyway is there.
        let breaks = p.is(Side::Request) && !p.old.required.contains(&needed);
        out.push(if breaks { change.breaks("send both") } else { change });
    }
    for (name, needed) in fresh(p.old, p.new) {
        let (subject, beside) = (quoted(p.subject, 120), quoted(&name, 60));
        let message = format!("{subject} need no longer have {} where it has {beside}", quoted(&needed, 60));
        let change = p.change(CODE, message).about(format!("{name} {needed}"));
        let breaks = p.is(Side::Response) && !p.new.required.contains(&needed);
        out.push(if breaks { change.may_break("see whether the rule that reads it has a default") } else { change });
    }
}
