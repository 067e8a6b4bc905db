//! It is said until when something answers: by a header (RFC 8594, RFC 9745), an extension or in words.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::change::{Change, Side};
use super::super::ops::Ops;
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::{Operation, System};

const CODE: &str = "sunset-announced";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "It is said until when something answers: by a header (RFC 8594, RFC 9745), an extension or in words.",
    look: Look::Operations(look),
    drills: &[],
};

fn look(o: &Ops<'_>, out: &mut Vec<Change>) {
    let carried = |op: &Operation, name: &str| {
        op.responses.iter().any(|r| r.headers.iter().any(|h| h.eq_ignore_ascii_case(name)))
    };
    for name in ["Sunset", "Deprecation"] {
        if carried(o.new, name) && !carried(o.old, name) {
            out.push(
                Change::note(
                    CODE,
                    Side::Response,
                    o.subject(),
                    format!("{} answers with a {name} header now", quoted(&o.subject(), 160)),
                )
                .bites("read the header: it says until when the operation answers")
                .about(name)
                .at(Some(&o.old.pointer), Some(&o.new.pointer)),
            );
        }
    }
    for (of, own) in [(o.subject(), true), ("the system".to_owned(), false)] {
        let was = said(o.systems.old, own.then_some(o.old));
        for (until, at) in said(o.systems.new, own.then_some(o.new)) {
            if was.contains_key(until) {
                continue;
            }
            let message = format!("{} is said to go: {}", quoted(&of, 160), quoted(until, 160));
            let change = Change::note(CODE, Side::Call, &of, message).about(until);
            out.push(change.bites("find out what takes its place, and move before then").at(None, at));
        }
    }
}

/// Dates or sentences that say until when an operation answers, or all of the system; each with its place.
fn said<'s>(system: &'s System, of: Option<&Operation>) -> BTreeMap<&'s str, Option<&'s str>> {
    let about = |value: &Value| value.get("operation").and_then(Value::as_str) == of.map(|o| o.id.as_str());
    let facts = system.facts_named("deprecation").filter(|f| about(&f.value));
    let until =
        |value: &'s Value| ["sunset", "says"].into_iter().find_map(|key| value.get(key).and_then(Value::as_str));
    facts.filter_map(|f| Some((until(&f.value)?, f.pointer()))).collect()
}
