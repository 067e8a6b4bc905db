//! A list inside of a record that is paged by itself: of it, one page is read, and nobody says that there is more.

use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};
use crate::mapping::Path;
use crate::mapping::path::Segment;
use crate::model::{SchemaId, Schemas};

pub(super) static CHECK: Check = Check {
    code: "nested-page",
    summary: "A rule reads a list within a record that has pages of its own; only its first page would be read.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.lists() {
        let (Some(record), Some(mapping)) = (used.operation.record, subject.mappings.get(&used.flow.name)) else {
            continue;
        };
        for rule in mapping.rules() {
            let cut = rule.reads().find_map(|path| Some((path, paged(&used.system.schemas, record, path)?)));
            let Some((path, at)) = cut else { continue };
            let message = format!(
                "{} goes through {}, which has pages of its own; more than the first of them is not read",
                quoted(&path.to_string(), 80),
                quoted(&at, 80)
            );
            let fix = "map a field that is whole, or make the inner records a flow of their own";
            out.push(subject.error(&CHECK, rule.source_at, message).fix(fix).because_of(&used.operation.pointer));
        }
    }
}

/// The part of the path that leads to an object with a `pageInfo` beside the next step (the Relay connection
/// specification).
fn paged(schemas: &Schemas, record: SchemaId, path: &Path) -> Option<String> {
    let mut at = record;
    let mut so_far: Vec<&str> = Vec::new();
    for segment in path.segments() {
        while let Some(items) = schemas.get(at).items {
            at = items;
        }
        let Segment::Key(name) = segment else { continue };
        if !so_far.is_empty()
            && matches!(name.as_str(), "nodes" | "edges")
            && schemas.property(at, "pageInfo").is_some()
        {
            return Some(so_far.join("."));
        }
        so_far.push(name);
        at = schemas.property(at, name)?.0;
    }
    None
}
