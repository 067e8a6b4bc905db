//! An operation answers at another path or by another method.

use super::super::change::{Change, Side};
use super::super::matching;
use super::super::ops::{Ops, subject};
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "operation-moved";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "An operation answers at another path or by another method.",
    look: Look::Operations(look),
    drills: &["happy-path"],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    let (was, now) = (o.subject(), subject(o.new));
    if o.old.root_field.is_none() && (o.old.method != o.new.method || !same_place(o)) {
        let message = format!("{} is {} now", quoted(&was, 160), quoted(&now, 160));
        out.push(
            Change::note(CODE, Side::Call, &was, message)
                .breaks("call it where it is now")
                .at(Some(&o.old.pointer), Some(&o.new.pointer)),
        );
    }
}

/// The same steps, whatever their parameters are called; a base path that moved into the servers is no move.
fn same_place(o: &Ops<'_>) -> bool {
    let steps = |path: &str| -> Vec<String> {
        let steps = path.split('/').filter(|s| !s.is_empty());
        steps.map(|s| if s.contains('{') { "{}".to_owned() } else { s.to_owned() }).collect()
    };
    let (was, now) = (steps(&o.old.path), steps(&o.new.path));
    was == now || (was.len() != now.len() && matching::same_wire(o.systems.old, o.old, o.systems.new, o.new))
}
