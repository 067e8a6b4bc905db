//! A field may be absent that was always there.

use super::super::change::{Change, Side};
use super::super::pair::Pair;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "property-became-optional";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A field may be absent that was always there.",
    look: Look::Schemas(look),
    drills: &["poison-record"],
};

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    for (name, was, now) in p.kept() {
        if was.1 && !now.1 {
            let what = format!("{} of {}", quoted(name, 80), quoted(p.subject, 160));
            out.push(if p.is(Side::Response) {
                p.property(CODE, name, format!("{what} may be absent now")).breaks("give the rule a default")
            } else {
                p.property(CODE, name, format!("{what} need not be sent any more"))
            });
        }
    }
}
