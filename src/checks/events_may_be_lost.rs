//! Events that the sender itself does not promise, and no sweep that would find what they left out.
//!
//! Shopify says that its webhooks are not guaranteed and advises reconciliation jobs; Slack disables subscriptions that fail; some
//! send once and never again.

use super::prose::{Told, of_event, of_system};
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "events-may-be-lost",
    summary: "Records come by webhook alone, and the description says that events may be lost, or are sent once: what is missing, no run sees.",
    severity: Severity::Error,
    run,
};

const LOST: [&str; 18] = [
    "not guaranteed",
    "no guarantee",
    "cannot guarantee",
    "does not guarantee",
    "best effort",
    "best-effort",
    "at most once",
    "at-most-once",
    "may be lost",
    "can be lost",
    "may be dropped",
    "are not retried",
    "is not retried",
    "not sent again",
    "never sent again",
    "are not resent",
    "sent only once",
    "sent once and",
];
/// What is promised or denied of their order or number is not that they come.
const OTHER: [&str; 4] = ["order", "exactly once", "more than once", "acknowledged"];

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values().filter(|f| f.source.operation.is_none()) {
        let Some((system, event, hook)) = subject.event(flow) else { continue };
        let lost = |t: &Told<'_>| t.says(&LOST) && !t.says(&OTHER);
        let own = of_event(system, event).into_iter().find(lost);
        let general =
            || of_system(system).into_iter().find(|t| lost(t) && t.says(&["webhook", "event", "deliver", "callback"]));
        let Some(told) = own.or_else(general) else { continue };
        let message = format!(
            "{} may never come (\"{}\"), and nothing reads what is missing",
            quoted(&event.name, 60),
            quoted(told.text, 120)
        );
        let fix = "add operation and every beside webhook: a sweep over the list finds what was never delivered";
        out.push(subject.error(&CHECK, hook.at, message).fix(fix).because_of(told.pointer));
    }
}
