//! A list whose pages are not known: only the first one would be read.

use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::Paginate;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "pagination-unknown",
    summary: "The description does not say how the list is paged, so only one page would be read.",
    severity: Severity::Warning,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.lists() {
        // An operation that gives no list at all is another check's.
        let list = used.operation.items.is_some();
        if list && used.operation.pagination.is_none() && used.flow.source.paginate == Paginate::Auto {
            let message =
                format!("how {} is paged is not known: one page will be read", quoted(&used.operation.id, 80));
            let fix = "add paginate: {style, param, next, …}, or make sure that one page holds all";
            out.push(subject.warning(&CHECK, used.name.at, message).fix(fix).because_of(&used.operation.pointer));
        }
    }
}
