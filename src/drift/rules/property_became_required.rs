//! A field must be sent that could be left out.

use super::super::change::{Change, Side};
use super::super::pair::Pair;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "property-became-required";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A field must be sent that could be left out.",
    look: Look::Schemas(look),
    drills: &["happy-path"],
};

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    for (name, was, now) in p.kept() {
        if now.1 && !was.1 {
            let what = format!("{} of {}", quoted(name, 80), quoted(p.subject, 160));
            out.push(if p.is(Side::Request) {
                p.property(CODE, name, format!("{what} must be sent now")).breaks("map it, or send a constant")
            } else {
                p.property(CODE, name, format!("{what} is always answered now"))
            });
        }
    }
}
