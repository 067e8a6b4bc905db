//! What is taken where nothing is sent is another value.

use super::super::change::{Change, Side};
use super::super::pair::Pair;
use super::enum_value_removed::plain;
use super::{Look, Rule};
use crate::base::text::quoted;
use serde_json::Value;

const CODE: &str = "default-changed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "What is taken where nothing is sent is another value.",
    look: Look::Schemas(look),
    drills: &[],
};

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    if p.is(Side::Request) && p.old.default != p.new.default {
        let shown = |v: &Option<Box<Value>>| v.as_deref().map_or_else(|| "not stated".to_owned(), plain);
        let (was, now) = (shown(&p.old.default), shown(&p.new.default));
        let message = format!("the default of {} was {was} and is {now}", quoted(p.subject, 160));
        let change = p.change(CODE, message).about(format!("{was} {now}"));
        // What was never stated may have been the same all along.
        out.push(if p.old.default.is_some() { change.bites("send the value that is wanted") } else { change });
    }
}
