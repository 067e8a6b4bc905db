//! A constraint about a system, flow or field that the contract does not have.

use super::{Check, Subject, among};
use crate::base::text::quoted;
use crate::base::yaml::Spanned;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "constraint-binds-unknown",
    summary: "A constraint binds a system, flow or field that the contract does not have, so nothing can honour it.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let contract = subject.contract;
    let systems = || contract.systems.keys().map(String::as_str);
    for c in &contract.constraints {
        let mut unknown = |what: &str, name: &Spanned<String>, fix: String| {
            let message =
                format!("{} binds the {what} \"{}\", which is not in this contract", c.id.value, quoted(name, 80));
            out.push(subject.error(&CHECK, name.at, message).fix(fix));
        };
        for name in c.binds.systems.iter().filter(|n| !contract.systems.contains_key(n.as_str())) {
            unknown("system", name, among(name, systems()));
        }
        for name in c.binds.flows.iter().filter(|n| !contract.flows.contains_key(n.as_str())) {
            unknown("flow", name, among(name, contract.flows.keys().map(String::as_str)));
        }
        for name in &c.binds.fields {
            let system = name.split_once('.').map_or(name.as_str(), |(system, _)| system);
            if !contract.systems.contains_key(system) || !name.contains('.') {
                unknown("field", name, format!("write system.path, {}", among(system, systems())));
            }
        }
    }
}
