//! The find operation has no parameter for the natural key.

use super::used::Role;
use super::{Check, Subject, among};
use crate::base::text::quoted;
use crate::contract::Write;
use crate::finding::{Finding, Severity};
use crate::model::ParamIn;

pub(super) static CHECK: Check = Check {
    code: "match-not-searchable",
    summary: "upsert.find takes no parameter for upsert.match, so an existing record cannot be found.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.used() {
        let (Role::Find, Write::Upsert { matching, .. }) = (used.role, &used.flow.target.write) else { continue };
        if used.operation.parameter_for(matching).is_some() || used.finds_by_key() {
            continue;
        }
        let message = format!("{} has no parameter for {}", quoted(&used.operation.id, 80), quoted(matching, 60));
        let query = used.operation.parameters.iter().filter(|p| p.place == ParamIn::Query).map(|p| p.name.as_str());
        let fix = format!("match by a field that can be searched: {}", among(matching, query));
        out.push(subject.error(&CHECK, used.name.at, message).fix(fix).because_of(&used.operation.pointer));
    }
}
