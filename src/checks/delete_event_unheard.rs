//! The source sends an event for what is deleted, and nobody listens to it.

use std::collections::BTreeSet;

use super::deleted_flag_ignored::said;
use super::{Check, Subject};
use crate::base::text::{quoted, singular, words};
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "delete-event-unheard",
    summary: "A flow listens to the changes of a record, the source also sends what was deleted, and the contract says nothing of it.",
    severity: Severity::Warning,
    run,
};

const GONE: [&str; 8] = ["deleted", "delete", "removed", "remove", "destroyed", "erased", "archived", "purged"];
/// Words of event names that tell what happened, not to what.
const HAPPENED: [&str; 20] = [
    "created",
    "create",
    "updated",
    "update",
    "changed",
    "change",
    "modified",
    "added",
    "saved",
    "event",
    "events",
    "on",
    "webhook",
    "upserted",
    "notification",
    "hook",
    "was",
    "is",
    "v1",
    "v2",
];

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let Some((system, event, hook)) = subject.event(flow) else { continue };
        if flow.source.deletes_at.is_some() || said(subject, flow) {
            continue;
        }
        let about = noun(&event.name);
        let heard = |name: &str| {
            subject.contract.flows.values().any(|f| {
                f.source.system.value == flow.source.system.value
                    && f.source.webhook.as_ref().is_some_and(|w| w.event.value == name)
            })
        };
        let deleted = system.events.iter().find(|e| {
            words(&e.name).iter().any(|w| GONE.contains(&w.as_str())) && noun(&e.name) == about && !heard(&e.name)
        });
        let Some(deleted) = deleted.filter(|_| !about.is_empty()) else { continue };
        let (from, to) = (&flow.source.system.value, &flow.target.system.value);
        let message = format!("{from} also sends {}, which no flow listens to", quoted(&deleted.name, 60));
        let fix = format!(
            "carry deletions over by source.deletes, tombstone or sweep; or write deletes: ignore and say in a soft constraint that what is \
             deleted in {from} need not be deleted in {to}"
        );
        out.push(subject.warning(&CHECK, hook.event.at, message).fix(fix).because_of(&deleted.pointer));
    }
}

/// What an event is about: `customer` of `customer.deleted` and `customersChanged`.
fn noun(name: &str) -> BTreeSet<String> {
    let told = words(name).into_iter().filter(|w| !HAPPENED.contains(&w.as_str()) && !GONE.contains(&w.as_str()));
    told.map(|w| singular(&w)).collect()
}
