//! A whole record is replaced, and the mapping fills a part of it.
//!
//! RFC 9110 section 9.3.4: PUT sets the state of the resource to what is enclosed. What the request leaves out is gone, whoever
//! had filled it in.

use std::collections::BTreeSet;

use super::prose::of_operation;
use super::told::says;
use super::used::{Role, Used};
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::Flow;
use crate::finding::{Finding, Severity};
use crate::mapping::path::Segment;
use crate::model::Method;

pub(super) static CHECK: Check = Check {
    code: "put-drops-fields",
    summary: "The write replaces the whole record, and the body has fields that no rule fills: what people entered there is lost with every \
              update.",
    severity: Severity::Warning,
    run,
};

const REPLACES: [&str; 24] = [
    "replaces the whole",
    "replaces the entire",
    "replace the whole",
    "replace the entire",
    "replaces all",
    "replace all",
    "full replacement",
    "complete replacement",
    "fully replaces",
    "completely replaces",
    "are removed",
    "are cleared",
    "are reset",
    "are emptied",
    "are deleted",
    "are set to null",
    "will be removed",
    "will be cleared",
    "will be reset",
    "will be set to null",
    "overwrites all",
    "overwrites the whole",
    "overwrites the entire",
    "is removed",
];
/// What makes a sentence about removal one about fields that the request lacks.
const LACKS: [&str; 12] = [
    "left out",
    "leave out",
    "omitted",
    "omit",
    "not given",
    "not included",
    "not present",
    "not sent",
    "not provided",
    "missing",
    "absent",
    "unspecified",
];
const KEEPS: [&str; 11] = [
    "keep their",
    "keeps its",
    "unchanged",
    "are not changed",
    "left as they are",
    "partial",
    "merge",
    "only the fields",
    "stay as",
    "remain",
    "are ignored",
];

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.used() {
        if !matches!(used.role, Role::Put | Role::Update) || owned(subject, used.flow) {
            continue;
        }
        let told = of_operation(used.system, used.operation);
        if told.iter().any(|t| t.says(&KEEPS)) {
            continue;
        }
        let stated = told.iter().find(|t| {
            let whole = t.says(REPLACES.get(..10).unwrap_or_default())
                || t.says(&["overwrites all", "overwrites the whole", "overwrites the entire"]);
            whole || (t.says(&REPLACES) && t.says(&LACKS))
        });
        // By its method alone, an update replaces a record that was there before; of one that the flow keeps itself, only words tell.
        let by_method = used.role == Role::Update && used.operation.method == Method::Put;
        if stated.is_none() && !by_method {
            continue;
        }
        let lost = lost(subject, &used);
        if lost.is_empty() {
            continue;
        }
        let names: Vec<String> = lost.iter().take(5).map(|n| quoted(n, 60)).collect();
        let more = lost.len().saturating_sub(5);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let because = stated.map_or_else(
            || "by PUT, which replaces (RFC 9110 section 9.3.4)".to_owned(),
            |t| format!("\"{}\"", quoted(t.text, 120)),
        );
        let message = format!(
            "{} replaces the record ({because}), and no rule fills {}{more}: what stands there is lost",
            quoted(&used.operation.id, 80),
            names.join(", ")
        );
        let fix = "map these fields too, or update by an operation that changes only what it is sent (PATCH); or, where nobody else fills \
                   them, say in a constraint that this flow owns the record";
        let pointer = stated.map_or(used.operation.pointer.as_str(), |t| t.pointer);
        // Many call a change of some fields PUT: what only the method tells is worth a look.
        let finding = if stated.is_some() {
            subject.warning(&CHECK, used.name.at, message)
        } else {
            Finding::note(CHECK.code, subject.location(used.name.at), message)
        };
        out.push(finding.fix(fix).because_of(pointer));
    }
}

/// Fields at the top of the body that may be written and that no rule writes.
fn lost<'a>(subject: &'a Subject<'a>, used: &Used<'a>) -> Vec<&'a str> {
    let (Some(body), Some(mapping)) = (used.body(), subject.mappings.get(&used.flow.name)) else { return Vec::new() };
    let written: BTreeSet<&str> =
        mapping.rules().iter().filter_map(|r| r.target.segments().first().and_then(Segment::key)).collect();
    let in_path = used.operation.path_params();
    let schemas = &used.system.schemas;
    let left = schemas.properties(body).into_iter().filter(|(name, id)| {
        let schema = schemas.get(*id);
        !schema.read_only && !schema.deprecated && !written.contains(name) && !in_path.contains(name) && *name != "id"
    });
    left.map(|(name, _)| name).collect()
}

/// Somebody says that the record is this flow's alone.
fn owned(subject: &Subject<'_>, flow: &Flow) -> bool {
    const OWNS: [&str; 9] = [
        "owns the",
        "owned by",
        "own the",
        "only this flow",
        "nobody else writes",
        "nobody else fills",
        "no one else writes",
        "may be overwritten",
        "is overwritten",
    ];
    subject.contract.constraints.iter().any(|c| {
        let bound = super::honour::About::from(c);
        says(&c.says, &OWNS) && super::told::binds(&bound, flow, &flow.target.system, subject.contract.systems.keys())
    })
}
