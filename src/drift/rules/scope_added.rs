//! A call needs a scope that it did not need.

use std::collections::BTreeMap;

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
    for (scope, everybody) in alone((s.new, o.new), (s.old, o.old)) {
        let message = format!("{} needs the scope {} now", quoted(&o.subject(), 160), quoted(scope, 80));
        let change = Change::note(CODE, Side::Call, o.subject(), message)
            .about(scope)
            .at(Some(&o.old.pointer), Some(&o.new.pointer));
        let fix = "ask for the scope, and have those who gave consent give it again";
        // Who holds the other of two scopes that were enough may hold this one as well.
        out.push(if everybody { change.breaks(fix) } else { change.may_break(fix) });
    }
}

/// Scopes that one operation asks for of somebody who held what the other asks for, by the ways of authenticating that both
/// accept; each with whether everybody lacks it, whichever of several sets of scopes he held.
pub(super) fn alone<'s>(
    these: (&'s System, &'s Operation),
    those: (&'s System, &'s Operation),
) -> BTreeMap<&'s str, bool> {
    let other = security(those.0, these.0, those.1);
    let mut out = BTreeMap::new();
    for (made, asked) in security(these.0, those.0, these.1) {
        let Some(held) = other.get(&made) else { continue };
        let lacking = |held: &Vec<&'s str>| -> Vec<&'s str> {
            let lacks = |set: &Vec<&'s str>| set.iter().copied().filter(|s| !held.contains(s)).collect::<Vec<_>>();
            asked.iter().map(lacks).min_by_key(Vec::len).unwrap_or_default()
        };
        let each: Vec<Vec<&str>> = held.iter().map(lacking).collect();
        let everybody = each.iter().all(|lacking| !lacking.is_empty());
        out.extend(each.into_iter().flatten().map(|scope| (scope, everybody)));
    }
    out
}
