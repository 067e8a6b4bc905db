//! Only changes are to be read, by a parameter that the operation does not take: everything would be read each time,
//! or nothing.

use super::{Check, Subject, among};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};
use crate::model::ParamIn;

pub(super) static CHECK: Check = Check {
    code: "incremental-param-unknown",
    summary: "incremental.param is not a query parameter of the list operation.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.lists() {
        let Some(incremental) = &used.flow.source.incremental else { continue };
        let query =
            || used.operation.parameters.iter().filter(|p| matches!(p.place, ParamIn::Query | ParamIn::Variable));
        // `created[gte]` is the deep object parameter `created` (OpenAPI, style deepObject).
        let object = incremental.param.split('[').next().unwrap_or_default();
        // `filter.updatedAt.gte` is a field of an input object (GraphQL).
        let below = used.operation.argument(&used.system.schemas, &incremental.param).is_some();
        if below || query().any(|p| p.name == incremental.param.value || p.name == object) {
            continue;
        }
        let shown = quoted(&incremental.param, 60);
        let message = format!("{} has no query parameter \"{shown}\"", quoted(&used.operation.id, 80));
        let fix = match &used.operation.incremental {
            Some(known) => format!("the description has {} for this", quoted(&known.param, 60)),
            None => among(&incremental.param, query().map(|p| p.name.as_str())),
        };
        out.push(subject.error(&CHECK, incremental.param.at, message).fix(fix).because_of(&used.operation.pointer));
    }
}
