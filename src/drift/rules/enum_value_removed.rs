//! A value is allowed no more, or is answered no more.

use std::collections::HashSet;

use super::super::change::{Change, Side};
use super::super::matching::few;
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
    let (removed, added) = (alone(was, now), alone(now, was));
    let few = few(removed.len(), added.len());
    for value in removed {
        let shown = plain(value);
        // Versions and dates are all alike.
        let named = value.as_str().filter(|v| v.starts_with(char::is_alphabetic));
        let others = added.iter().filter_map(|v| v.as_str());
        let guess = named.filter(|_| few).and_then(|v| nearest(v, others)).map(str::to_owned);
        let change =
            p.of_values(CODE, format!("{} knows the value {shown} no more", quoted(p.enumeration(), 160))).about(shown);
        let change = change.perhaps(guess);
        out.push(if p.is(Side::Request) { change.breaks("do not send it") } else { change });
    }
}

/// Values of one list that the other lacks; null is judged as that.
pub(super) fn alone<'v>(these: &'v [Value], those: &[Value]) -> Vec<&'v Value> {
    let known: HashSet<String> = those.iter().map(Value::to_string).collect();
    these.iter().filter(|v| !v.is_null() && !known.contains(&v.to_string())).collect()
}

/// A value as it is read, bounded.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| quoted(&value.to_string(), 80), |text| quoted(text, 80))
}
