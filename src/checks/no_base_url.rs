//! Nobody says where the system is.

use super::{Check, Subject};
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "no-base-url",
    summary: "Neither the contract nor the description gives an absolute base URL.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for (name, system_use) in &subject.contract.systems {
        let Some((_, system)) = subject.system(name) else { continue };
        // Nothing is sent to a system that only sends.
        let uses = |flow: &&crate::contract::Flow| {
            (flow.source.system.value == *name && flow.source.operation.is_some()) || flow.target.system.value == *name
        };
        let sends = |flow: &crate::contract::Flow| flow.source.system.value == *name && flow.source.webhook.is_some();
        let flows = &subject.contract.flows;
        if flows.values().any(sends) && flows.values().find(uses).is_none() {
            continue;
        }
        let absolute = |url: &str| url.starts_with("https://") || url.starts_with("http://");
        if system_use.base_url.is_none() && !system.servers.first().is_some_and(|s| absolute(&s.url)) {
            let message = format!("the description of {name} gives no absolute URL");
            out.push(subject.error(&CHECK, system_use.at, message).fix(format!("add base_url to {name}")));
        }
    }
}
