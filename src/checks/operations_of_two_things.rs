//! An upsert that finds one kind of thing and writes another.

use std::collections::BTreeMap;

use super::used::{Role, Used};
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::Write;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "operations-of-two-things",
    summary: "find, create and update of one upsert are about different things: the id that was found is that of another record.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        if !matches!(flow.target.write, Write::Upsert { .. }) {
            continue;
        }
        let used = subject.used_by(flow);
        let of = |role: Role| used.iter().find(|u| u.role == role);
        let (Some(create), others) = (of(Role::Create), [of(Role::Find), of(Role::Update)]) else { continue };
        for other in others.into_iter().flatten() {
            let (Some(a), Some(b)) = (&create.operation.entity, &other.operation.entity) else { continue };
            if a == b || alike(create, other) {
                continue;
            }
            let (first, second) = (quoted(&create.operation.id, 80), quoted(&other.operation.id, 80));
            let message = format!("{second} is about a {}, and {first} makes a {}", quoted(b, 60), quoted(a, 60));
            let same: BTreeMap<&str, ()> = other
                .system
                .operations
                .iter()
                .filter(|o| o.entity.as_ref() == Some(a) && o.action == other.operation.action)
                .map(|o| (o.id.as_str(), ()))
                .collect();
            let fix = super::among(&other.operation.id, same.into_keys());
            // A search over many kinds of things answers with records of a shape of its own.
            let finding = if other.role == Role::Find {
                subject.warning(&CHECK, other.name.at, message)
            } else {
                subject.error(&CHECK, other.name.at, message)
            };
            out.push(finding.sure(0.8).fix(fix).because_of(&other.operation.pointer));
        }
    }
}

/// Both have the same schema, or most fields of the one are fields of the other: two names of one thing.
fn alike(a: &Used<'_>, b: &Used<'_>) -> bool {
    let schema = |u: &Used<'_>| if u.role == Role::Find { u.operation.record } else { u.body().or(u.operation.record) };
    let (Some(x), Some(y)) = (schema(a), schema(b)) else { return true };
    if x == y {
        return true;
    }
    let schemas = &a.system.schemas;
    let (first, second) = (schemas.properties(x), schemas.properties(y));
    let shared = first.keys().filter(|name| second.get(name).is_some()).count();
    shared * 2 >= first.len().min(second.len())
}
