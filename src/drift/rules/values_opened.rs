//! Any value may come where only listed ones did.

use super::super::change::{Change, Side};
use super::super::pair::Pair;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "values-opened";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "Any value may come where only listed ones did.",
    look: Look::Schemas(look),
    drills: &["unknown-enum"],
};

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    let (Some(_), None) = (&p.old.values, &p.new.values) else { return };
    if p.unlike() || p.apart() {
        return; // the values are those of a variant
    }
    let change = p.of_values(CODE, format!("{} is no longer one of listed values", quoted(p.enumeration(), 160)));
    out.push(if p.is(Side::Response) {
        change.may_break("say what becomes of a value that the table lacks")
    } else {
        change
    });
}
