//! Requests that are given up before the answer can come.

use std::cell::LazyCell;

use super::budget::shown;
use super::places::Places;
use super::prose::of_operation;
use super::rate_above_limit::time;
use super::retry_outlives_key::duration;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "timeout-below-stated",
    summary: "delivery.timeout is shorter than the time that the description says an operation may take: each attempt ends without an answer, and \
              the next does the same work again.",
    severity: Severity::Warning,
    run,
};

const TAKES: [&str; 12] = [
    "may take up to",
    "can take up to",
    "takes up to",
    "take as long as",
    "takes as long as",
    "may take",
    "can take",
    "answers within",
    "responds within",
    "response time of up to",
    "times out after",
    "timeout of",
];
/// What takes time after the answer.
const AFTER: [&str; 21] = [
    "ready",
    "available",
    "later",
    "before you",
    "appear",
    "visible",
    "reflect",
    "propagat",
    "index",
    "take effect",
    "takes effect",
    "webhook",
    "deliver",
    "cache",
    "email",
    "background",
    "asynchron",
    "settle",
    "until it",
    "search",
    "queue",
];

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let places = LazyCell::new(|| Places::of(subject.text));
    let mut done: Vec<&str> = Vec::new();
    for used in subject.used() {
        let timeout = used.flow.delivery.timeout_ms;
        let later = used.operation.responses.iter().any(|r| r.status == "202");
        if later || done.contains(&used.flow.name.as_str()) {
            continue;
        }
        let told = of_operation(used.system, used.operation).into_iter().find_map(|t| {
            let about = t.says(&TAKES) && !t.says(&AFTER);
            about.then(|| duration(t.text)).flatten().filter(|ms| *ms > timeout && *ms < 3_600_000).map(|ms| (ms, t))
        });
        let Some((takes, told)) = told else { continue };
        done.push(&used.flow.name);
        let at = places.value(&format!("flows.{}.delivery.timeout", used.flow.name)).unwrap_or(used.name.at);
        let message = format!(
            "{} may take {} (\"{}\"), and each attempt is given up after {}",
            quoted(&used.operation.id, 80),
            shown(takes),
            quoted(told.text, 120),
            shown(timeout)
        );
        let fix = format!("write timeout: {} or more under delivery", time(takes));
        out.push(subject.warning(&CHECK, at, message).fix(fix).because_of(told.pointer));
    }
}
