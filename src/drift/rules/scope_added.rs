//! A call needs a scope that it did not need.

use super::super::change::{Change, Side};
use super::super::matching::security;
use super::super::ops::Ops;
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::{Operation, System};

const CODE: &str = "scope-added";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A call needs a scope that it did not need.",
    look: Look::Operations(look),
    drills: &["token-expires-midway"],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    let s = o.systems;
    for scope in alone((s.new, o.new), (s.old, o.old)) {
        let message = format!("{} needs the scope {} now", quoted(&o.subject(), 160), quoted(scope, 80));
        out.push(
            Change::note(CODE, Side::Call, o.subject(), message)
                .breaks("ask for the scope, and have those who gave consent give it again")
                .about(scope)
                .at(Some(&o.old.pointer), Some(&o.new.pointer)),
        );
    }
}

/// Scopes that one operation asks for and the other does not, by the ways of authenticating that both accept.
pub(super) fn alone<'s>(these: (&'s System, &'s Operation), those: (&'s System, &'s Operation)) -> Vec<&'s str> {
    let other = security(those.0, these.0, those.1);
    let mut out = Vec::new();
    for (made, scopes) in security(these.0, those.0, these.1) {
        let Some(before) = other.get(&made) else { continue };
        // Of several sets of scopes, each enough, the new one that is nearest counts.
        let missing = |set: &Vec<&'s str>| -> Vec<&'s str> {
            let lacks = |known: &Vec<&str>| set.iter().copied().filter(|s| !known.contains(s)).collect::<Vec<_>>();
            before.iter().map(lacks).min_by_key(Vec::len).unwrap_or_default()
        };
        out.extend(scopes.iter().map(missing).min_by_key(Vec::len).unwrap_or_default());
    }
    out
}
