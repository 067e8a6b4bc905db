//! An operation is there no more.

use super::super::change::{Change, Side};
use super::super::ops::{Systems, subject};
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "operation-removed";

/// See [`Rule`].
pub(super) const RULE: Rule =
    Rule { code: CODE, finds: "An operation is there no more.", look: Look::Systems(look), drills: &["happy-path"] };

fn look(s: &Systems<'_>, out: &mut Vec<Change>) {
    for (i, guess) in &s.matched.removed {
        let o = &s.old.operations[*i];
        let what = subject(o);
        let guess = guess.map(|j| subject(&s.new.operations[j]));
        out.push(
            Change::note(CODE, Side::Call, &what, format!("{} was removed", quoted(&what, 160)))
                .breaks("stop calling it, or call what took its place")
                .at(Some(&o.pointer), None)
                .perhaps(guess)
                .on(&o.id),
        );
    }
}
