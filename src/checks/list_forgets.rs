//! A list that goes back only so far.
//!
//! Stripe lists events of 30 days, Shopify orders of 60 days unless a scope says otherwise, audit logs often 90. A first pass
//! looks complete, and what is older is not in the target.

use super::budget::shown;
use super::prose::of_operation;
use super::retry_outlives_key::duration;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::Write;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "list-forgets",
    summary: "The description says that the list holds only what is young: what is older is not read, and a flow that was down for longer has lost \
              changes.",
    severity: Severity::Warning,
    run,
};

const YOUNG: [&str; 17] = [
    "only the last",
    "only the past",
    "going back up to",
    "go back up to",
    "goes back up to",
    "of the last",
    "from the last",
    "in the last",
    "of the past",
    "from the past",
    "no further back than",
    "kept for",
    "retained for",
    "available for",
    "not older than",
    "no older than",
    "older than",
];
const BOUNDS: [&str; 13] = [
    "only",
    "going back",
    "go back",
    "goes back",
    "further back",
    "kept for",
    "retained",
    "available for",
    "not older",
    "no older",
    "are not returned",
    "are not listed",
    "are removed",
];
/// What has a life of its own beside the records.
const OTHER: [&str; 12] =
    ["cursor", "token", "link", "key", "cache", "file", "session", "scope", "by default", "export", "url", "idempoten"];

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.lists() {
        let told = of_operation(used.system, used.operation).into_iter().find_map(|t| {
            let about = t.says(&YOUNG) && t.says(&BOUNDS) && !t.says(&OTHER);
            about.then(|| duration(t.text)).flatten().filter(|ms| *ms >= 3_600_000).map(|ms| (ms, t))
        });
        let Some((ms, told)) = told else { continue };
        // What came by the time it happened needs no history.
        let once = matches!(used.flow.target.write, Write::Create { .. }) && used.flow.source.webhook.is_some();
        if once
            || subject.constraint_says(
                used.flow,
                &used.flow.source.system,
                &["history", "older", "backfill", "goes back"],
                &[],
            )
        {
            continue;
        }
        let message = format!(
            "{} goes back {} (\"{}\"): what is older is never read",
            quoted(&used.operation.id, 80),
            shown(ms),
            quoted(told.text, 120)
        );
        let fix = "read a list that holds all records; or say in a hard constraint how far history goes, and load what is older by hand";
        out.push(subject.warning(&CHECK, used.name.at, message).fix(fix).because_of(told.pointer));
    }
}
