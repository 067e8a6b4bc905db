//! A flow names an operation that its system does not have.

use super::{Check, Subject, among};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "unknown-operation",
    summary: "A flow names an operation that the description of its system does not have.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let writes = flow.target.operations().into_iter().map(|(_, name)| (&flow.target.system, name));
        let list = flow.source.operation.iter().map(|name| (&flow.source.system, name));
        for (system_name, name) in list.chain(writes) {
            let Some((_, system)) = subject.system(system_name) else { continue };
            if system.operation(name).is_none() {
                let message = format!("{} has no operation \"{}\"", system_name.value, quoted(name, 80));
                let finding = subject.error(&CHECK, name.at, message).fix(among(name, system.operation_names()));
                out.push(finding.meant(name, system.operation_names()));
            }
        }
    }
}
