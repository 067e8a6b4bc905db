//! Shapes are told apart by another field.

use super::super::change::Change;
use super::super::pair::Pair;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "discriminator-changed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "Shapes are told apart by another field.",
    look: Look::Schemas(look),
    drills: &["happy-path"],
};

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    // One that was not named before could only be found by trying, which still works.
    let (Some(was), Some(now)) = (&p.old.discriminator, &p.new.discriminator) else { return };
    if was != now {
        let message = format!(
            "the shapes of {} were told apart by {} and are by {}",
            quoted(p.subject, 160),
            quoted(was, 80),
            quoted(now, 80)
        );
        out.push(
            p.change(CODE, message).about(format!("{was} {now}")).breaks("tell the shapes apart by the new field"),
        );
    }
}
