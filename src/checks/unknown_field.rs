//! A key names a field that the record or body does not have.

use super::used::Role;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::base::yaml::Spanned;
use crate::contract::Write;
use crate::finding::{Finding, Severity};
use crate::mapping::{Path, field};
use crate::model::{SchemaId, System};

pub(super) static CHECK: Check = Check {
    code: "unknown-field",
    summary: "source.key, webhook.version, incremental.field, upsert.match, put.key or bulk.key names a field that the schema does not have.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let named: Vec<&Spanned<String>> = std::iter::once(&flow.source.key)
            .chain(flow.source.webhook.iter().filter_map(|w| w.version.as_ref()))
            .collect();
        for i in subject.incoming(flow) {
            out.extend(named.iter().filter_map(|name| look(subject, i.system, i.schema, name, i.from)));
        }
    }
    for used in subject.used() {
        let (source, target) = (&used.flow.source, &used.flow.target);
        let named: Vec<&Spanned<String>> = match (used.role, &target.write) {
            (Role::List, _) => source.incremental.as_ref().map(|i| &i.field).into_iter().collect(),
            (Role::Create, Write::Upsert { matching, .. }) => vec![matching],
            (Role::Put, Write::Put { key: Some(key), .. }) | (Role::Bulk, Write::Bulk { key, .. }) => vec![key],
            _ => continue,
        };
        let schema = if used.role == Role::List { used.operation.record } else { used.body() };
        let Some(schema) = schema else { continue };
        out.extend(named.into_iter().filter_map(|name| look(subject, used.system, schema, name, &used.operation.id)));
    }
}

fn look(
    subject: &Subject<'_>,
    system: &System,
    schema: SchemaId,
    name: &Spanned<String>,
    operation: &str,
) -> Option<Finding> {
    let fix = match Path::parse(name) {
        Ok(path) => field(&system.schemas, schema, &path).err()?,
        Err(because) => format!("write a path; this one {because}"),
    };
    let message = format!("the schema of {} has no field \"{}\"", quoted(operation, 80), quoted(name, 60));
    let pointer = system.schemas.get(schema).pointer.clone();
    Some(subject.error(&CHECK, name.at, message).fix(fix).because_of(pointer))
}
