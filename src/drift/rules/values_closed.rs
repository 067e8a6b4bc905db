//! Only listed values are allowed where any was.

use super::super::change::{Change, Side};
use super::super::pair::Pair;
use super::enum_value_removed::plain;
use super::{Look, Rule};
use crate::base::text::{plural, quoted};

const CODE: &str = "values-closed";

/// See [`Rule`].
pub(super) const RULE: Rule =
    Rule { code: CODE, finds: "Only listed values are allowed where any was.", look: Look::Schemas(look), drills: &[] };

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    let (None, Some(now)) = (&p.old.values, &p.new.values) else { return };
    if p.unlike() || p.apart() {
        return; // the values are those of a variant
    }
    let listed = now.iter().take(6).map(plain).collect::<Vec<_>>().join(", ");
    let subject = quoted(p.enumeration(), 160);
    let message = match now.len() {
        1 => format!("{subject} is always {listed} now"),
        count => format!("{subject} is one of {} now: {listed}", plural(count as u64, "value")),
    };
    let change = p.of_values(CODE, message);
    out.push(if p.is(Side::Request) { change.breaks("send one of them") } else { change });
}
