//! Fields that the description does not name are refused.

use super::super::change::{Change, Side};
use super::super::pair::Pair;
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::Additional;

const CODE: &str = "properties-closed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "Fields that the description does not name are refused.",
    look: Look::Schemas(look),
    drills: &[],
};

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    let closed = |a: Additional| a == Additional::No;
    if closed(p.new.additional) && !closed(p.old.additional) && !p.new.properties.is_empty() {
        let change = p.change(CODE, format!("{} takes no fields but those named", quoted(p.subject, 160)));
        out.push(if p.is(Side::Request) { change.may_break("send only fields that are named") } else { change });
    }
}
