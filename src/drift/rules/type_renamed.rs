//! A GraphQL field is of another named type: fragments and variables name the old one.

use super::super::change::Change;
use super::super::pair::Pair;
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::{SchemaId, System};

const CODE: &str = "type-renamed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A GraphQL field is of another named type: fragments and variables name the old one.",
    look: Look::Schemas(look),
    drills: &[],
};

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    if p.systems.old.format != "graphql" || p.systems.new.format != "graphql" {
        return; // elsewhere names of schemas are not sent
    }
    for (name, was, now) in p.kept() {
        let named = |system: &System, id: SchemaId| {
            let schema = system.schemas.get(id);
            schema.items.map_or_else(|| schema.name.clone(), |i| system.schemas.get(i).name.clone())
        };
        let (Some(was), Some(now)) = (named(p.systems.old, was.0), named(p.systems.new, now.0)) else { continue };
        if was != now {
            let message = format!(
                "{} of {} was of type {} and is of type {}",
                quoted(name, 80),
                quoted(p.subject, 120),
                quoted(&was, 80),
                quoted(&now, 80)
            );
            out.push(
                p.property(CODE, name, message)
                    .about(format!("{was} {now}"))
                    .breaks("name the new type in fragments and variables"),
            );
        }
    }
}
