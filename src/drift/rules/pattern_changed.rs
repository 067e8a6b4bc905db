//! A text follows another pattern.

use super::super::change::{Change, Side};
use super::super::pair::Pair;
use super::{Look, Rule};
use crate::base::text::quoted;

const CODE: &str = "pattern-changed";

/// See [`Rule`].
pub(super) const RULE: Rule =
    Rule { code: CODE, finds: "A text follows another pattern.", look: Look::Schemas(look), drills: &[] };

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    if p.old.pattern == p.new.pattern || p.unlike() || p.apart() {
        return;
    }
    let shown = |s: Option<&str>| s.map_or_else(|| "no pattern".to_owned(), |s| quoted(s, 80));
    let (was, now) = (p.old.pattern.as_deref(), p.new.pattern.as_deref());
    let message = format!("{} followed {} and follows {}", quoted(p.subject, 160), shown(was), shown(now));
    let change = p.change(CODE, message).about(format!("{} {}", shown(was), shown(now)));
    out.push(match p.side {
        Side::Response if was.is_some() => change.may_break("do not rely on the old pattern"),
        Side::Request if now.is_some() => change.may_break("send what follows the new pattern"),
        _ => change,
    });
}
