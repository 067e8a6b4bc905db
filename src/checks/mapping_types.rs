//! The mapping against both schemas (law 3). Its findings have the codes of the type checker.

use super::used::Role;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};
use crate::mapping;

pub(super) static CHECK: Check = Check {
    code: "mapping-types",
    summary: "The mapping does not fit the schemas: required fields, types, null, values, lengths, formats, units.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let Some(map) = subject.mappings.get(&flow.name) else { continue };
        let used = subject.used_by(flow);
        let Some(list) = used.iter().find(|u| u.role == Role::List) else { continue };
        let Some(record) = list.operation.record else { continue };
        let source = (&list.system.schemas, record);
        let mut seen: Vec<Finding> = Vec::new();
        for write in used.iter().filter(|u| matches!(u.role, Role::Create | Role::Put | Role::Update | Role::Bulk)) {
            let Some(body) = write.body() else { continue };
            let target = (&write.system.schemas, body);
            let found = mapping::check(map, source, target, &flow.unmapped, &subject.contract.file);
            for mut finding in found {
                let known = |s: &Finding| {
                    s.code == finding.code && s.location == finding.location && s.message == finding.message
                };
                if seen.iter().any(known) {
                    continue;
                }
                seen.push(finding.clone());
                if write.role == Role::Update {
                    // The same record is sent to create and to update; what only the second refuses is said so.
                    finding.message.push_str(&format!(" (in {})", quoted(&write.operation.id, 60)));
                }
                out.push(finding);
            }
        }
    }
}
