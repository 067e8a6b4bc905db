//! A call needs no authentication any more.

use super::super::change::{Change, Side};
use super::super::ops::Ops;
use super::auth_required::open;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "auth-dropped";

/// See [`Rule`].
pub(super) const RULE: Rule =
    Rule { code: CODE, finds: "A call needs no authentication any more.", look: Look::Operations(look), drills: &[] };

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    // That it may be left out where others still authenticate is told as one more way.
    if o.new.security.is_empty() && !open(o.old) {
        let message = format!("{} needs no authentication any more", quoted(&o.subject(), 160));
        let change = Change::note(CODE, Side::Call, o.subject(), message);
        let change = change.at(Some(&o.old.pointer), Some(&o.new.pointer));
        // Descriptions lose their security by mistake more often than systems do.
        out.push(change.bites("go on authenticating, and ask whether the description is right"));
    }
}
