//! A field is there no more.

use super::super::change::{Change, Side};
use super::super::matching::{few, renamed};
use super::super::pair::Pair;
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::Additional;

const CODE: &str = "property-removed";

/// See [`Rule`].
pub(super) const RULE: Rule =
    Rule { code: CODE, finds: "A field is there no more.", look: Look::Schemas(look), drills: &["happy-path"] };

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    let removed = p.removed();
    let added = p.added();
    let few = few(removed.len(), added.len());
    for (name, schema) in removed {
        let guess = few.then(|| renamed(name, schema, added.iter().copied())).flatten();
        let needed = p.old.required.contains(name);
        let what = format!("{} of {}", quoted(name, 80), quoted(p.subject, 160));
        out.push(match p.side {
            Side::Response => {
                let change = p.property(CODE, name, format!("{what} is answered no more")).perhaps(guess);
                let fix = "map another field, or give the rule a default";
                if needed { change.breaks(fix) } else { change.may_break(fix) }
            }
            _ => {
                let change = p.property(CODE, name, format!("{what} is taken no more")).perhaps(guess);
                // What is not named is refused here, as it is in GraphQL.
                if p.new.additional == Additional::No {
                    change.breaks("do not send it: it is refused")
                } else {
                    change.may_break("do not send it: it is ignored or refused")
                }
            }
        });
    }
}
