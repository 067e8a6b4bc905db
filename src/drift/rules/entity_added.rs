//! A table or record type is new, of a description that states no operations.

use super::super::change::{Change, Side};
use super::super::ops::Systems;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "entity-added";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A table or record type is new, of a description that states no operations.",
    look: Look::Systems(look),
    drills: &[],
};

fn look(s: &Systems<'_>, out: &mut Vec<Change>) {
    if !s.only_records() {
        return;
    }
    for (name, entity) in s.new.entities.iter().filter(|(name, _)| !s.old.entities.contains_key(*name)) {
        let at = entity.schema.map(|id| s.new.schemas.get(id).pointer.as_str());
        let message = format!("the record type {} is new", quoted(name, 120));
        out.push(Change::note(CODE, Side::Call, name, message).at(None, at));
    }
}
