//! A key that people change, beside one that nobody does.

use super::key_identifies_nothing::shared;
use super::told::{Field, SETTLED, leaf, says};
use super::{Check, Subject};
use crate::base::text::{quoted, words};
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "key-may-change",
    summary: "source.key names what people change (an email, a name, a title, a status) while the record has an id: after a change it \
              is taken for another record.",
    severity: Severity::Warning,
    run,
};

/// Last words of names of what is changed by hand.
pub(super) const CHANGED: [&str; 17] = [
    "email",
    "mail",
    "name",
    "title",
    "status",
    "state",
    "slug",
    "phone",
    "mobile",
    "label",
    "username",
    "login",
    "nickname",
    "handle",
    "subject",
    "description",
    "url",
];
/// Names of what is given once.
pub(super) const IDS: [&str; 8] = ["id", "uuid", "guid", "gid", "uid", "_id", "sid", "key"];

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let key = &flow.source.key;
        let name = words(leaf(key));
        if !name.last().is_some_and(|w| CHANGED.contains(&w.as_str())) {
            continue;
        }
        let beside = |f: Field<'_>| {
            let id = IDS.into_iter().find(|id| Field::of(f.system, f.record, id).is_some_and(|f| !f.kind.nullable))?;
            // One of a few values is reported as that.
            let shared = matches!(shared(&f.kind, leaf(key)), Some((_, true)));
            (!shared && !says(f.description(), &SETTLED)).then(|| (id, f.pointer()))
        };
        let Some((id, pointer)) = subject.source_fields(flow, key).into_iter().find_map(beside) else { continue };
        if subject.constraint_says(flow, &flow.source.system, &SETTLED, &name) {
            continue;
        }
        let shown = quoted(key, 60);
        let message = format!("the key {shown} may change, and the record has {id}");
        let fix = format!("write key: {id}; or, where {shown} never changes, say so in an inferred constraint");
        out.push(subject.warning(&CHECK, key.at, message).fix(fix).because_of(pointer));
    }
}
