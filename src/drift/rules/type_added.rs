//! A GraphQL type is new.

use super::super::change::{Change, Side};
use super::super::ops::Systems;
use super::type_removed::alone;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "type-added";

/// See [`Rule`].
pub(super) const RULE: Rule =
    Rule { code: CODE, finds: "A GraphQL type is new.", look: Look::Systems(look), drills: &[] };

fn look(s: &Systems<'_>, out: &mut Vec<Change>) {
    for (name, pointer) in alone(s.new, s.old) {
        let message = format!("the type {} is new", quoted(name, 120));
        out.push(Change::note(CODE, Side::Call, name, message).at(None, Some(pointer)));
    }
}
