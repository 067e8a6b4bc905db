//! A table or record type is there no more, of a description that states no operations.

use super::super::change::{Change, Side};
use super::super::matching::few;
use super::super::ops::Systems;
use super::{Look, Rule};
use crate::base::text::{nearest, quoted};

const CODE: &str = "entity-removed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A table or record type is there no more, of a description that states no operations.",
    look: Look::Systems(look),
    drills: &["happy-path"],
};

fn look(s: &Systems<'_>, out: &mut Vec<Change>) {
    if !s.only_records() {
        return; // what is called and sent tells of what it is about
    }
    let added: Vec<&str> =
        s.new.entities.keys().filter(|n| !s.old.entities.contains_key(*n)).map(String::as_str).collect();
    let few = few(s.old.entities.len(), added.len());
    for (name, entity) in s.old.entities.iter().filter(|(name, _)| !s.new.entities.contains_key(*name)) {
        let guess = nearest(name, added.iter().copied().filter(|_| few)).map(str::to_owned);
        let message = format!("the record type {} is there no more", quoted(name, 120));
        let at = entity.schema.map(|id| s.old.schemas.get(id).pointer.as_str());
        out.push(
            Change::note(CODE, Side::Call, name, message)
                .breaks("read and write another record type")
                .at(at, None)
                .perhaps(guess),
        );
    }
}
