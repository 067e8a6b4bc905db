//! Only changes are to be read, by a parameter that the operation does not take: everything would be read each time,
//! or nothing.

use super::used::Used;
use super::{Check, Subject, among};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};
use crate::model::{ParamIn, Parameter};

pub(super) static CHECK: Check = Check {
    code: "incremental-param-unknown",
    summary: "incremental.param is not a query parameter of the list operation.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.lists() {
        let Some(incremental) = &used.flow.source.incremental else { continue };
        if known(&used, &incremental.param) {
            continue;
        }
        let query = || asks(&used);
        let shown = quoted(&incremental.param, 60);
        let message = format!("{} has no query parameter \"{shown}\"", quoted(&used.operation.id, 80));
        let fix = match &used.operation.incremental {
            Some(known) => format!("the description has {} for this", quoted(&known.param, 60)),
            None => among(&incremental.param, query().map(|p| p.name.as_str())),
        };
        out.push(subject.error(&CHECK, incremental.param.at, message).fix(fix).because_of(&used.operation.pointer));
    }
}

fn asks<'a>(used: &Used<'a>) -> impl Iterator<Item = &'a Parameter> {
    used.operation.parameters.iter().filter(|p| matches!(p.place, ParamIn::Query | ParamIn::Variable))
}

/// Whether the list takes a parameter of this name.
pub(super) fn known(used: &Used<'_>, param: &str) -> bool {
    // `created[gte]` is the deep object parameter `created` (OpenAPI, style deepObject).
    let object = param.split('[').next().unwrap_or_default();
    // `filter.updatedAt.gte` is a field of an input object (GraphQL).
    let below = used.operation.argument(&used.system.schemas, param).is_some();
    below || asks(used).any(|p| p.name == param || p.name == object)
}
