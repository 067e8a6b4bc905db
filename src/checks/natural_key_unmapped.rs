//! The natural key of an upsert that the mapping does not write, or not always.

use super::used::{Role, natural_key};
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};
use crate::mapping::rule::Source;
use crate::mapping::{Mapping, Path, field};

pub(super) static CHECK: Check = Check {
    code: "natural-key-unmapped",
    summary: "upsert.match, put.key or bulk.key is a field that no rule writes, or that a rule leaves empty for some records.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let Some(key) = natural_key(&flow.target.write) else { continue };
        let (Some(mapping), Ok(path)) = (subject.mappings.get(&flow.name), Path::parse(key)) else { continue };
        let shown = quoted(key, 60);
        let Some(rule) = mapping.rules().iter().find(|r| r.target.covers(&path)) else {
            // A rule that did not compile has been reported.
            if !wants(mapping, &path) {
                let message = format!("the natural key {shown} is not mapped");
                out.push(subject.error(&CHECK, key.at, message).fix(format!("add a rule for {shown} to map")));
            }
            continue;
        };
        if let Source::Const(_) = rule.source {
            let message = format!("the natural key {shown} is a constant: all records would become one");
            out.push(subject.error(&CHECK, key.at, message).fix("map it from a field that identifies the record"));
            continue;
        }
        let list = subject.used_by(flow).into_iter().find(|u| u.role == Role::List);
        let (Source::Path(from), Some(list)) = (&rule.source, list) else { continue };
        let Some(kind) = list.operation.record.and_then(|r| field(&list.system.schemas, r, from).ok()) else {
            continue;
        };
        if rule.default.is_some() {
            let message = format!("the natural key {shown} has a default: records without it would become one");
            out.push(subject.error(&CHECK, key.at, message).fix("remove the default, or match by another field"));
        } else if rule.required.is_none() && (kind.optional || kind.nullable) {
            let message = format!("the natural key {shown} comes from {from}, which may be missing or null");
            let fix =
                "records without it are rejected: say so with required: true, or match by a field that is always there";
            out.push(subject.warning(&CHECK, key.at, message).fix(fix));
        }
    }
}

fn wants(mapping: &Mapping, path: &Path) -> bool {
    mapping.left_out().iter().any(|l| l.covers(path))
}
