//! A security scheme is another kind of scheme under the same name.

use super::super::change::{Change, Side};
use super::super::matching::signature;
use super::super::ops::Systems;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "auth-scheme-changed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A security scheme is another kind of scheme under the same name.",
    look: Look::Systems(look),
    drills: &["token-expires-midway"],
};

fn look(s: &Systems<'_>, out: &mut Vec<Change>) {
    for (name, old) in &s.old.schemes {
        let Some(new) = s.new.schemes.get(name) else { continue };
        let (was, now) = (signature(&old.kind), signature(&new.kind));
        if was != now {
            let (shown, was, now) = (quoted(name, 80), quoted(&was, 80), quoted(&now, 80));
            out.push(
                Change::note(CODE, Side::Call, format!("scheme {name}"), format!("{shown} was {was} and is {now}"))
                    .breaks("authenticate as the new description says")
                    .at(Some(&old.pointer), Some(&new.pointer)),
            );
        }
    }
}
