//! A call needs authentication that was open, or could be made without.

use super::super::change::{Change, Side};
use super::super::ops::Ops;
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::Operation;

const CODE: &str = "auth-required";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A call needs authentication that was open, or could be made without.",
    look: Look::Operations(look),
    drills: &["token-expires-midway"],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    if open(o.old) && !open(o.new) {
        out.push(
            Change::note(
                CODE,
                Side::Call,
                o.subject(),
                format!("{} needs authentication now", quoted(&o.subject(), 160)),
            )
            .breaks("authenticate")
            .at(Some(&o.old.pointer), Some(&o.new.pointer)),
        );
    }
}

/// It can be called without authentication.
pub(super) fn open(o: &Operation) -> bool {
    o.security.is_empty() || o.security.iter().any(Vec::is_empty)
}
