//! A flow names a system that the contract does not have.

use super::{Check, Subject, among};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "unknown-system",
    summary: "A flow names a system that is not under systems.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        for name in [&flow.source.system, &flow.target.system] {
            if !subject.contract.systems.contains_key(name.as_str()) {
                let message = format!("there is no system \"{}\"", quoted(name, 60));
                let names = || subject.contract.systems.keys().map(String::as_str);
                out.push(subject.error(&CHECK, name.at, message).fix(among(name, names())).meant(name, names()));
            }
        }
    }
}
