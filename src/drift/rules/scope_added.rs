//! A call needs a scope that it did not need.

use super::super::change::{Change, Side};
use super::super::matching::security;
use super::super::walk::Ops;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "scope-added";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A call needs a scope that it did not need.",
    look: Look::Operations(look),
    drills: &["token-expires-midway"],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    let (s, was) = (o.systems, security(o.systems.old, o.systems.new, o.old));
    for (made, scopes) in security(s.new, s.old, o.new) {
        let Some(before) = was.get(&made) else { continue };
        for scope in scopes.into_iter().filter(|scope| !before.contains(scope)) {
            let message = format!("{} needs the scope {} now", quoted(&o.subject(), 160), quoted(scope, 80));
            out.push(
                Change::note(CODE, Side::Call, o.subject(), message)
                    .breaks("ask for the scope, and have those who gave consent give it again")
                    .about(scope)
                    .at(Some(&o.old.pointer), Some(&o.new.pointer)),
            );
        }
    }
}
