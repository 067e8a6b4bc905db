//! An object may have fewer or more properties than it could.

use super::super::change::Change;
use super::super::pair::Pair;
use super::length_changed::of_bounds;
use super::{Look, Rule};

const CODE: &str = "property-count-changed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "An object may have fewer or more properties than it could.",
    look: Look::Schemas(look),
    drills: &[],
};

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    let (was, now) = ((p.old.min_properties, p.old.max_properties), (p.new.min_properties, p.new.max_properties));
    out.extend(of_bounds(p, CODE, "number of properties", was, now));
}
