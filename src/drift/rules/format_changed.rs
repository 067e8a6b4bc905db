//! A value is written in another format.

use super::super::change::{Change, Side};
use super::super::pair::Pair;
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::TypeSet;

const CODE: &str = "format-changed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A value is written in another format.",
    look: Look::Schemas(look),
    drills: &["happy-path"],
};

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    let (was, now) = (p.old.format.as_deref(), p.new.format.as_deref());
    let (old, new) = p.types();
    // A file is one whether it is called so or, as from OpenAPI 3.1 on, its media type says it.
    let same = was == now || matches!((was, now), (Some("binary"), None) | (None, Some("binary")));
    if same || p.unlike() || old.without(TypeSet::NULL) != new.without(TypeSet::NULL) {
        return;
    }
    let shown = |f: Option<&str>| f.map_or_else(|| "without format".to_owned(), |f| quoted(f, 60));
    let message = format!("{} was {} and is {}", quoted(p.subject, 160), shown(was), shown(now));
    let change = p.change(CODE, message).about(format!("{} {}", was.unwrap_or("-"), now.unwrap_or("-")));
    let wider = |a: Option<&str>, b: Option<&str>| {
        b.is_none() || matches!((a, b), (Some("int32"), Some("int64")) | (Some("float"), Some("double")))
    };
    out.push(match p.side {
        Side::Response if wider(now, was) => change,
        Side::Response if now.is_none() => change.may_break("do not rely on the format"),
        Side::Response => change.breaks("read the new format"),
        _ if wider(was, now) => change,
        _ if was.is_none() => change.may_break("send the format"),
        _ => change.breaks("send the new format"),
    });
}
