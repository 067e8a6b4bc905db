//! A value comes in one more shape: a reader that knows only the old ones meets it.

use super::super::change::{Change, Side};
use super::super::pair::Pair;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "variant-added";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A value comes in one more shape: a reader that knows only the old ones meets it.",
    look: Look::Schemas(look),
    drills: &[],
};

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    let Some(variants) = p.variants() else { return };
    for id in &variants.added {
        let schema = p.systems.new.schemas.get(*id);
        let name = schema.name.clone().unwrap_or_else(|| format!("a variant ({})", schema.types));
        let change =
            p.change(CODE, format!("{} may also be {}", quoted(p.subject, 160), quoted(&name, 120))).about(name);
        out.push(if p.is(Side::Response) {
            change.bites("read the new shape, or leave it out on purpose")
        } else {
            change
        });
    }
}
