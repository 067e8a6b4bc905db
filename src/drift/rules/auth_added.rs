//! Another way to authenticate is accepted.

use super::super::change::{Change, Side};
use super::super::matching::security;
use super::super::ops::Ops;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "auth-added";

/// See [`Rule`].
pub(super) const RULE: Rule =
    Rule { code: CODE, finds: "Another way to authenticate is accepted.", look: Look::Operations(look), drills: &[] };

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    let (s, was) = (o.systems, security(o.systems.old, o.systems.new, o.old));
    if was.is_empty() {
        return;
    }
    for made in security(s.new, s.old, o.new).into_keys().filter(|m| !was.contains_key(m)) {
        let how =
            if made.is_empty() { "calls without authentication".to_owned() } else { quoted(&made.join(" with "), 120) };
        let message = format!("{} accepts {how} too", quoted(&o.subject(), 160));
        let change = Change::note(CODE, Side::Call, o.subject(), message).about(made.join("+"));
        out.push(change.at(Some(&o.old.pointer), Some(&o.new.pointer)));
    }
}
