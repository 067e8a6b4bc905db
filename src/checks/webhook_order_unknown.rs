//! An older event could overwrite a newer one.

use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::Write;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "webhook-order-unknown",
    summary: "Events update records in the order in which they arrive, and no field says which of two is newer.",
    severity: Severity::Warning,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let Some(hook) = &flow.source.webhook else { continue };
        let ordered = hook.version.is_some() || flow.source.incremental.is_some();
        // What is only created has one form.
        if ordered || matches!(flow.target.write, Write::Create { .. }) {
            continue;
        }
        // What is signed is the body alone, and neither time nor id.
        let replayed = hook.verify.as_ref().is_some_and(|v| !v.has_time());
        let replayed =
            if replayed { "; so would one that somebody captured and sends again under another id" } else { "" };
        let message = format!(
            "{} may come after a newer one of the same record, and would overwrite it{replayed}",
            quoted(&hook.event, 60)
        );
        let fix = "add version: the field of the record that grows with every change";
        out.push(subject.warning(&CHECK, hook.at, message).fix(fix));
    }
}
