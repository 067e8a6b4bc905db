//! A fixed value that its parameter does not take.

use serde_json::Value;

use super::used::{Role, Used};
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::base::yaml::Span;
use crate::contract::Paginate;
use crate::finding::{Finding, Severity};
use crate::model::{Direction, SchemaId, TypeSet, validate};

pub(super) static CHECK: Check = Check {
    code: "param-value-refused",
    summary: "params gives a parameter a value that its schema does not allow: the operation refuses it, or reads something else.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let mut told: Vec<(Span, String)> = Vec::new();
    for used in subject.used() {
        let fixed = if used.role == Role::List { &used.flow.source.params } else { &used.flow.target.params };
        for (name, value) in fixed {
            let schemas = &used.system.schemas;
            let of_parameter = || used.operation.parameters.iter().find(|p| p.name.eq_ignore_ascii_case(name));
            let parameter = used.operation.parameter(name).or_else(of_parameter);
            let schema = parameter.and_then(|p| p.schema).or_else(|| used.operation.argument(schemas, name));
            let Some(schema) = schema.filter(|_| !is_size(&used, name, value)) else { continue };
            let Some(because) = refused(&used, schema, value) else { continue };
            let message = format!("{} of {} {because}", quoted(name, 60), quoted(&used.operation.id, 80));
            // One parameter of several operations is one slip.
            if told.iter().any(|(at, known)| *at == name.at && *known == because) {
                continue;
            }
            told.push((name.at, because));
            let pointer = parameter.map_or(&used.operation.pointer, |p| &p.pointer);
            let fix = format!("give {} a value that its description allows, or leave it out", quoted(name, 60));
            out.push(subject.error(&CHECK, name.at, message).fix(fix).because_of(pointer));
        }
    }
}

/// A page size above its maximum is reported as that.
fn is_size(used: &Used<'_>, name: &str, value: &Value) -> bool {
    let explicit = if let Paginate::Explicit(p) = &used.flow.source.paginate { p.limit_param.as_ref() } else { None };
    let known = used.operation.pagination.as_ref().and_then(|p| p.limit_param.as_deref());
    let size = explicit.is_some_and(|p| p.as_str() == name) || known == Some(name);
    let number = value.as_u64().or_else(|| value.as_str().and_then(|t| t.parse().ok()));
    size && used.role == Role::List && number.is_some_and(|n| n > 0)
}

/// Why the value does not fit in any of the ways in which it can be read: everything in a URL or a header is text.
fn refused(used: &Used<'_>, schema: SchemaId, value: &Value) -> Option<String> {
    let schemas = &used.system.schemas;
    let types = schemas.get(schema).types;
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if let Some(items) = schemas.get(schema).items.filter(|_| types.has(TypeSet::ARRAY)) {
        // `a,b` is a list of two (OpenAPI, style form), and one value a list of one.
        let one = |text: &str| scalar(used, items, &Value::String(text.to_owned()));
        one(&text)?;
        return text.split(',').map(str::trim).filter(|t| !t.is_empty()).find_map(one);
    }
    if types.has(TypeSet::OBJECT) {
        return None;
    }
    scalar(used, schema, value)
}

fn scalar(used: &Used<'_>, schema: SchemaId, value: &Value) -> Option<String> {
    let schemas = &used.system.schemas;
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let read: Option<Value> = serde_json::from_str(&text).ok().filter(|v: &Value| v.is_number() || v.is_boolean());
    let ways = [Some(Value::String(text)), read];
    let mut because = Vec::new();
    for way in ways.into_iter().flatten() {
        let found = validate(schemas, schema, &way, Direction::Request);
        let first = found.into_iter().next()?;
        because.push(first.because);
    }
    // How it fails as what it was written as says most.
    let number = value.is_number() || value.is_boolean() || !schemas.get(schema).types.has(TypeSet::STRING);
    let chosen = if number { because.pop() } else { because.into_iter().next() };
    chosen.map(|b| quoted(&b, 160))
}
