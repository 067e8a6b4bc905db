//! An idempotency key that the target does not promise to honour.

use super::used::Role;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::Write;
use crate::finding::{Finding, Severity};
use crate::model::ParamIn;

pub(super) static CHECK: Check = Check {
    code: "idempotency-header-not-stated",
    summary: "The contract sends an idempotency key in a header that the operation does not state, so it protects nobody.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.used() {
        let (Role::Create, Write::Create { idempotency, .. } | Write::Upsert { idempotency, .. }) =
            (used.role, &used.flow.target.write)
        else {
            continue;
        };
        // Where the contract names none, the one that the description states is sent.
        let known = used.operation.idempotency.as_ref();
        let sent = idempotency.as_ref().map(|h| h.as_str()).or(known.map(|k| k.header.as_str()));
        let same = |name: &str| sent.is_some_and(|header| name.eq_ignore_ascii_case(header));
        if let Some((name, _)) = used.flow.target.params.iter().find(|(name, _)| same(name)) {
            let message = format!(
                "params gives {} one value for every record: the target takes all but the first for repeats",
                quoted(name, 60)
            );
            out.push(
                subject.error(&CHECK, name.at, message).fix("take it out of params: the key is made for each record"),
            );
        }
        let stated = used.operation.parameters.iter().any(|p| p.place == ParamIn::Header && same(&p.name));
        let Some(header) = idempotency else { continue };
        if stated || known.is_some_and(|k| same(&k.header)) {
            continue;
        }
        let message = format!("{} does not state the header {}", quoted(&used.operation.id, 80), quoted(header, 60));
        let fix = known.map_or_else(
            || "use upsert with a natural key, or accept_duplicates: {by: name, because: …}".to_owned(),
            |k| format!("write {}, which it honours", quoted(&k.header, 60)),
        );
        out.push(subject.error(&CHECK, header.at, message).fix(fix).because_of(&used.operation.pointer));
    }
}
