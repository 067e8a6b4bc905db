//! A value is allowed no more, or is answered no more.

use super::super::change::{Change, Side};
use super::super::pair::Pair;
use super::{Look, Rule};
use crate::base::text::{nearest, quoted};
use serde_json::Value;

const CODE: &str = "enum-value-removed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "A value is allowed no more, or is answered no more.",
    look: Look::Schemas(look),
    drills: &["happy-path"],
};

fn look(p: &Pair<'_>, out: &mut Vec<Change>) {
    let (Some(was), Some(now)) = (&p.old.values, &p.new.values) else { return };
    for value in was.iter().filter(|v| !v.is_null() && !now.contains(v)) {
        let shown = plain(value);
        let added = now.iter().filter(|v| !was.contains(v)).filter_map(Value::as_str);
        // Versions and dates are all alike.
        let named = value.as_str().filter(|v| v.starts_with(char::is_alphabetic));
        let guess = named.and_then(|v| nearest(v, added)).map(str::to_owned);
        let change =
            p.of_values(CODE, format!("{} knows the value {shown} no more", quoted(p.enumeration(), 160))).about(shown);
        let change = change.perhaps(guess);
        out.push(if p.is(Side::Request) { change.breaks("do not send it") } else { change });
    }
}

/// A value as it is read, bounded.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| quoted(&value.to_string(), 80), |text| quoted(text, 80))
}
