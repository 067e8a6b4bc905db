//! What is taken where nothing is sent is another value.

use super::super::change::{Change, Side};
use super::super::walk::Pair;
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
    if p.is(Side::Request) && p.old.default.is_some() && p.new.default.is_some() && p.old.default != p.new.default {
        let shown = |v: &Option<Box<Value>>| v.as_deref().map(plain).unwrap_or_default();
        let message = format!(
            "{} was {} by default and is {}",
            quoted(p.subject, 160),
            shown(&p.old.default),
            shown(&p.new.default)
        );
        out.push(p.change(CODE, message).bites("send the value that is wanted"));
    }
}
