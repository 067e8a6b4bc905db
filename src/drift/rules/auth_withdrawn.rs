//! A way to authenticate is accepted no more.

use super::super::change::{Change, Side};
use super::super::matching::security;
use super::super::ops::Ops;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "auth-withdrawn";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A way to authenticate is accepted no more.",
    look: Look::Operations(look),
    drills: &["token-expires-midway"],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    let (s, was) = (o.systems, security(o.systems.old, o.systems.new, o.old));
    let now = security(s.new, s.old, o.new);
    // Without any requirement whatever is sent is accepted.
    if now.is_empty() || now.keys().any(Vec::is_empty) {
        return;
    }
    for made in was.keys().filter(|m| !m.is_empty()) {
        // What asks for less than before is satisfied by what was sent before.
        if !now.keys().any(|n| n.iter().all(|scheme| made.contains(scheme))) {
            let message =
                format!("{} accepts {} no more", quoted(&o.subject(), 160), quoted(&made.join(" with "), 120));
            out.push(
                Change::note(CODE, Side::Call, o.subject(), message)
                    .breaks("authenticate in a way that the new description names")
                    .about(made.join("+"))
                    .at(Some(&o.old.pointer), Some(&o.new.pointer)),
            );
        }
    }
}
