//! A list that leaves out part of the records unless it is asked for all.
//!
//! GitHub lists issues with `state=open` by default, Stripe subscriptions that are not canceled: a record that leaves that state
//! leaves the list, and its last change is never read.

use serde_json::Value;

use super::told::{Field, leaf};
use super::used::Used;
use super::{Check, Subject};
use crate::base::text::{quoted, words};
use crate::finding::{Finding, Severity};
use crate::model::{ParamIn, Parameter};

pub(super) static CHECK: Check = Check {
    code: "list-filtered-by-default",
    summary: "The list gives records of one state alone unless a parameter asks for others, and nothing asks: a record that changes its state \
              disappears, and the target keeps the state before.",
    severity: Severity::Warning,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.lists() {
        // What is gone from the list, events tell.
        if used.flow.source.webhook.is_some() {
            continue;
        }
        let found = used.operation.parameters.iter().find_map(|p| Some((p, filtered(&used, p)?)));
        let Some((param, (by, field))) = found else { continue };
        // Nothing is lost where nobody reads it, unless the parameter has a word for all records: then some are kept back.
        let read = subject
            .mappings
            .get(&used.flow.name)
            .is_some_and(|m| m.reads_all() || m.reads().any(|path| path.join(".") == field));
        if !(read || offers_all(&used, param)) || used.flow.source.params.iter().any(|(n, _)| n.value == param.name) {
            continue;
        }
        let (name, id) = (quoted(&param.name, 60), quoted(&used.operation.id, 80));
        let message = format!(
            "{id} gives records with {} {} unless {name} asks for others: one that changes it is never read again",
            quoted(&field, 60),
            quoted(&by, 60)
        );
        let fix = format!("add params: {{{name}: …}} to the source, the value for all of them");
        out.push(subject.warning(&CHECK, used.name.at, message).fix(fix).because_of(&param.pointer));
    }
}

/// The value by which the parameter filters when it is left out, and the field of the record that it is about.
fn filtered(used: &Used<'_>, p: &Parameter) -> Option<(String, String)> {
    if !matches!(p.place, ParamIn::Query | ParamIn::Variable) {
        return None;
    }
    let schemas = &used.system.schemas;
    let default = schemas.get(p.schema?).default.as_deref().and_then(Value::as_str)?;
    let wanted = core(&p.name);
    let record = used.operation.record?;
    let name =
        schemas.properties(record).keys().find(|name| !wanted.is_empty() && core(leaf(name)) == wanted)?.to_owned();
    let field = Field::of(used.system, record, &name)?;
    // `all` and `any` are no state of a record.
    let one = match &field.kind.values {
        Some(values) => values.len() > 1 && values.iter().any(|v| v.as_str() == Some(default)),
        None => !is_all(default) && offers_all(used, p),
    };
    one.then(|| (default.to_owned(), name))
}

/// One of the parameter's values asks for all records.
fn offers_all(used: &Used<'_>, p: &Parameter) -> bool {
    let values = p.schema.map(|id| &used.system.schemas.get(id).values);
    values.into_iter().flatten().flatten().filter_map(Value::as_str).any(is_all)
}

fn is_all(value: &str) -> bool {
    ["all", "any", "both", "*"].contains(&value.to_ascii_lowercase().as_str())
}

/// `status` of `filter[status]`, `statuses` and `by_status`.
fn core(name: &str) -> Vec<String> {
    const AROUND: [&str; 7] = ["filter", "filters", "by", "eq", "with", "in", "where"];
    let kept = words(name).into_iter().filter(|w| !AROUND.contains(&w.as_str()));
    kept.map(|w| crate::base::text::singular(&w)).collect()
}
