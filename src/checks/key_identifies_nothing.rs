//! A key of a type that many records share.

use super::key_not_unique::beside;
use super::told::{Field, leaf};
use super::{Check, Subject};
use crate::base::text::{quoted, words};
use crate::finding::{Finding, Severity};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static CHECK: Check = Check {
    code: "key-identifies-nothing",
    summary: "source.key names a flag, one of a few values, a point in time or a fraction: many records share it, and the second \
              is taken for the first.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let key = &flow.source.key;
        let shared = |f: Field<'_>| {
            let (what, sure) = shared(&f.kind, leaf(key))?;
            // Beside a proper id, a time or a fraction is no key by any reading.
            Some(((what, sure || beside(&f, key).is_some()), f.pointer()))
        };
        let Some(((what, sure), pointer)) = subject.source_fields(flow, key).into_iter().find_map(shared) else {
            continue;
        };
        let message = format!("the key {} is {what}, which many records share", quoted(key, 60));
        let finding =
            if sure { subject.error(&CHECK, key.at, message) } else { subject.warning(&CHECK, key.at, message) };
        out.push(finding.fix("choose the field that identifies the record: its id").because_of(pointer));
    }
}

/// Values that are few.
const FEW: usize = 30;

/// What kind of value more than one record has, and whether that is certain.
pub(super) fn shared(kind: &Kind, name: &str) -> Option<(String, bool)> {
    let only = |one: TypeSet| kind.types.has(one) && kind.types.without(one).is_any();
    if only(TypeSet::BOOLEAN) {
        return Some(("a flag".to_owned(), true));
    }
    // The code of a currency or country is one of very many, and a list of those has each once.
    if let Some(values) = kind.values.as_ref().filter(|v| (1..=FEW).contains(&v.len())) {
        return Some((format!("one of {} values", values.len()), true));
    }
    if matches!(kind.format.as_deref(), Some("date" | "date-time" | "time")) {
        return Some(("a point in time".to_owned(), false));
    }
    // Sloppy descriptions call the numbers of ids `number`.
    let numbers = ["id", "no", "number", "key", "code", "nr", "sku", "ean"];
    let counts = words(name).last().is_some_and(|w| numbers.contains(&w.as_str()));
    (only(TypeSet::NUMBER) && !counts).then(|| ("a number that may have a fraction".to_owned(), false))
}
