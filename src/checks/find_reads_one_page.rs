//! A search that matches parts, of which one page is read: the record that is meant may stand on the next one.

use super::prose::of_operation;
use super::used::Role;
use super::{Check, Subject};
use crate::base::text::{quoted, words};
use crate::contract::Write;
use crate::finding::{Finding, Severity};
use crate::model::ParamIn;

pub(super) static CHECK: Check = Check {
    code: "find-reads-one-page",
    summary: "upsert.find matches parts or free text and has pages that cannot be followed: an exact hit beyond the first page is not seen, \
              and a second record is made.",
    severity: Severity::Warning,
    run,
};

const PARTS: [&str; 17] = [
    "contains",
    "containing",
    "partial",
    "prefix",
    "begins with",
    "begin with",
    "starts with",
    "start with",
    "full-text",
    "full text",
    "fuzzy",
    "similar",
    "wildcard",
    "free text",
    "free-text",
    "substring",
    "any of its fields",
];
const EXACT: [&str; 6] = ["exactly", "exact match", "is equal", "equal to", "equals", "exact value"];

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.used() {
        let (Role::Find, Write::Upsert { matching, .. }) = (used.role, &used.flow.target.write) else { continue };
        if used.operation.pagination.is_some() {
            continue;
        }
        let Some(param) = used.operation.parameter_for(matching) else { continue };
        let told = of_operation(used.system, used.operation);
        let says = |set: &[&str]| {
            let own = param.description.to_lowercase();
            set.iter().any(|p| own.contains(p)) || told.iter().any(|t| t.says(set))
        };
        let general =
            matches!(param.name.to_ascii_lowercase().as_str(), "q" | "query" | "search" | "term" | "keyword" | "text");
        if says(&EXACT) || !(general || says(&PARTS)) {
            continue;
        }
        // Evidence that there is more than one page.
        let pages = used.operation.parameters.iter().find(|p| {
            let name = words(&p.name).concat();
            p.place == ParamIn::Query
                && ["limit", "page", "perpage", "pagesize", "offset", "cursor", "skip", "top", "maxresults"]
                    .contains(&name.as_str())
        });
        let Some(pages) = pages else { continue };
        let (id, key) = (quoted(&used.operation.id, 80), quoted(matching, 60));
        let message = format!(
            "{id} finds more than the exact {key} and has pages ({}), and how they follow each other is not known: only the first is looked through",
            quoted(&pages.name, 60)
        );
        let fix = "search by a parameter that takes the exact value, or add what pages the search to the description by an overlay";
        out.push(subject.warning(&CHECK, used.name.at, message).fix(fix).because_of(&param.pointer));
    }
}
