//! A field is marked deprecated: it may go.

use super::super::change::Change;
use super::super::pair::Pair;
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::System;

const CODE: &str = "field-deprecated";

/// See [`Rule`].
pub(super) const RULE: Rule =
    Rule { code: CODE, finds: "A field is marked deprecated: it may go.", look: Look::Schemas(look), drills: &[] };

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    for (name, was, now) in p.kept() {
        let marked = |system: &System, id| system.schemas.get(id).deprecated;
        if marked(p.systems.new, now.0) && !marked(p.systems.old, was.0) {
            let mut what = format!("{} of {} is deprecated", quoted(name, 80), quoted(p.subject, 160));
            // Until when, and what takes its place, stands in its text where it stands anywhere.
            let said = &p.systems.new.schemas.get(now.0).description;
            if !said.is_empty() {
                what.push_str(&format!(": \"{}\"", quoted(said, 160)));
            }
            out.push(p.property(CODE, name, what).bites("find out what takes its place"));
        }
    }
}
