//! A search that does not see yet what was just written.
//!
//! Search indexes are behind by design: Elasticsearch refreshes them once a second, HubSpot's and Jira's documents warn that new
//! records take a while to be found. Find-before-create is then no protection for an attempt whose answer was lost.

use std::collections::BTreeMap;

use super::prose::{Told, of_operation, of_system};
use super::used::Role;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::Write;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "find-lags-behind",
    summary: "upsert.find does not see at once what was created, and nothing else keeps a create that is sent again from making a second \
              record.",
    severity: Severity::Error,
    run,
};

const LAGS: [&str; 24] = [
    "eventually consistent",
    "eventual consistency",
    "near real-time",
    "near real time",
    "near-real-time",
    "not immediately visible",
    "not immediately available",
    "not immediately searchable",
    "not immediately found",
    "not be immediately",
    "not appear immediately",
    "not yet be found",
    "may lag",
    "can lag",
    "lags behind",
    "are found with a delay",
    "appear with a delay",
    "indexed asynchronously",
    "indexed with a delay",
    "appear in search after",
    "to appear in search",
    "before it can be found",
    "until it can be found",
    "found a little later",
];
const NOT: [&str; 5] =
    ["not eventually", "strongly consistent", "immediately consistent", "read-your-writes", "without delay"];

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let mut general: BTreeMap<&str, Option<Lag>> = BTreeMap::new();
    for find in subject.used() {
        let (Role::Find, Write::Upsert { idempotency, .. }) = (find.role, &find.flow.target.write) else { continue };
        if find.flow.delivery.retry.attempts <= 1 || idempotency.is_some() {
            continue;
        }
        let used = subject.used_by(find.flow);
        let Some(create) = used.iter().find(|u| u.role == Role::Create) else { continue };
        // A key that the target honours, or a refusal of the second one, holds without the search.
        let guarded =
            create.operation.idempotency.is_some() || create.operation.responses.iter().any(|r| r.status == "409");
        if guarded {
            continue;
        }
        let of_all = || {
            general
                .entry(find.system_name.as_str())
                .or_insert_with(|| lagging(of_system(find.system), &["search", "find"]))
                .clone()
        };
        let own = lagging(of_operation(find.system, find.operation), &[""]);
        let Some((told, pointer)) = own.or_else(of_all) else { continue };
        let (id, made) = (quoted(&find.operation.id, 80), quoted(&create.operation.id, 80));
        let message = format!(
            "{id} may not see yet what {made} has just made (\"{}\"), and an attempt without an answer is made again",
            quoted(&told, 120)
        );
        let fix = "find by a list that is consistent; or add idempotency: {header: …} to upsert where the target honours one; or retry: \
                   {attempts: 1}";
        out.push(subject.error(&CHECK, find.name.at, message).fix(fix).because_of(pointer));
    }
}

/// What says that a search is behind, and where.
type Lag = (String, String);

fn lagging(told: Vec<Told<'_>>, about: &[&str]) -> Option<Lag> {
    let behind = |t: &Told<'_>| t.says(&LAGS) && !t.says(&NOT) && t.says(about);
    told.into_iter().find(behind).map(|t| (t.text.to_owned(), t.pointer.to_owned()))
}
