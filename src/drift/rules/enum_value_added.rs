//! A value is new: a reader that knows only the old ones meets it.

use super::super::change::{Change, Side};
use super::super::pair::Pair;
use super::enum_value_removed::{alone, plain};
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "enum-value-added";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A value is new: a reader that knows only the old ones meets it.",
    look: Look::Schemas(look),
    drills: &["unknown-enum"],
};

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    let (Some(was), Some(now)) = (&p.old.values, &p.new.values) else { return };
    for value in alone(now, was) {
        let shown = plain(value);
        let change =
            p.of_values(CODE, format!("{} has the new value {shown}", quoted(p.enumeration(), 160))).about(shown);
        out.push(if p.is(Side::Response) { change.bites("say in the value table what becomes of it") } else { change });
    }
}
