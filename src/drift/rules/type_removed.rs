//! A GraphQL type is there no more: fragments and variables cannot name it.

use std::collections::BTreeMap;

use super::super::change::{Change, Side};
use super::super::ops::Systems;
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::System;

const CODE: &str = "type-removed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A GraphQL type is there no more: fragments and variables cannot name it.",
    look: Look::Systems(look),
    drills: &[],
};

fn look(s: &Systems<'_>, out: &mut Vec<Change>) {
    for (name, pointer) in alone(s.old, s.new) {
        let message = format!("the type {} is defined no more", quoted(name, 120));
        out.push(
            Change::note(CODE, Side::Call, name, message)
                .breaks("name another type in fragments and variables")
                .at(Some(pointer), None),
        );
    }
}

/// Named types of one GraphQL schema that the other lacks, each with its place. Of no other format: there the names of
/// schemas are not sent.
pub(super) fn alone<'s>(these: &'s System, those: &'s System) -> BTreeMap<&'s str, &'s str> {
    if these.format != "graphql" || those.format != "graphql" {
        return BTreeMap::new();
    }
    let named =
        |system: &'s System| system.schemas.iter().filter_map(|s| Some((s.name.as_deref()?, s.pointer.as_str())));
    let mut out: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, pointer) in named(these) {
        out.entry(name).or_insert(pointer);
    }
    for (name, _) in named(those) {
        out.remove(name);
    }
    out
}
