//! One of several shapes is taken no more.

use super::super::change::{Change, Side};
use super::super::pair::Pair;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "variant-removed";

/// See [`Rule`].
pub(super) const RULE: Rule =
    Rule { code: CODE, finds: "One of several shapes is taken no more.", look: Look::Schemas(look), drills: &[] };

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    let Some(variants) = p.variants() else { return };
    for id in &variants.removed {
        let schema = p.systems.old.schemas.get(*id);
        let name = schema.name.clone().unwrap_or_else(|| format!("a variant ({})", schema.types));
        let change = p.change(CODE, format!("{} is never {}", quoted(p.subject, 160), quoted(&name, 120))).about(name);
        out.push(if p.is(Side::Request) { change.breaks("send another of the shapes") } else { change });
    }
}
