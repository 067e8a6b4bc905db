//! A flow waits for an event that its system does not send.

use super::{Check, Subject, among};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "unknown-event",
    summary: "A flow waits for a webhook or callback that the description of its system does not have.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let Some(hook) = &flow.source.webhook else { continue };
        let Some((_, system)) = subject.system(&flow.source.system) else { continue };
        if system.event(&hook.event).is_none() {
            let message =
                format!("{} has no webhook or callback \"{}\"", flow.source.system.value, quoted(&hook.event, 80));
            let names = || system.events.iter().map(|e| e.name.as_str());
            let finding = subject.error(&CHECK, hook.event.at, message).fix(among(&hook.event, names()));
            out.push(finding.meant(&hook.event, names()));
        }
    }
}
