//! Which headers a description names for limits, and whether somebody sent before the time that they tell.

use super::super::bench::{Bench, Purpose};
use super::super::faults::Tell;
use super::super::judge::Evidence;
use crate::connector::{Call, Response, WritePlan};
use crate::model::{Operation, RemarkOf, System};

/// What one operation tells of its limit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Limit {
    /// What the operation is called for.
    pub purpose: Purpose,
    /// The header that says how many requests are left.
    pub remaining: Option<String>,
    /// The header that says when the window begins anew.
    pub tell: Tell,
    /// How many of these requests a run makes before one is aimed at, at most: a list has a few pages.
    pub most: u64,
}

/// What the operations of the plan tell of their limits, by the headers of their described answers.
///
/// # Errors
/// Why nothing is known, in words.
pub(super) fn limits(bench: &Bench) -> Result<Vec<Limit>, String> {
    let mut out = Vec::new();
    let mut unclear = None;
    for (purpose, system, call) in calls(bench) {
        let known = |o: &&Operation| o.method == call.method && o.path == call.path && call.query.is_none();
        let Some(index) = system.operations.iter().position(|o| known(&o)) else { continue };
        match of_operation(system, index) {
            Told::Nothing => {}
            Told::Unclear(name) => unclear = Some(name),
            Told::Limit { remaining, tell } => {
                let most = if purpose == Purpose::List { 1 } else { u64::MAX };
                out.push(Limit { purpose, remaining, tell, most });
            }
        }
    }
    match (out.is_empty(), unclear) {
        (false, _) => Ok(out),
        (true, Some(name)) => Err(format!(
            "{name} is described, but not whether it counts seconds or is a time; say so in the operation's description"
        )),
        (true, None) => Err("no answer is described to carry RateLimit or RateLimit-Reset headers".to_owned()),
    }
}

fn calls(bench: &Bench) -> Vec<(Purpose, &System, &Call)> {
    let (source, target) = (&*bench.source.system, &*bench.target.system);
    let mut all: Vec<(Purpose, &System, &Call)> =
        bench.plan.source.list.iter().map(|list| (Purpose::List, source, list)).collect();
    match &bench.plan.target.write {
        WritePlan::Upsert { find, create, .. } => {
            all.extend([(Purpose::Find, target, find), (Purpose::Create, target, create)]);
        }
        WritePlan::Put { put, .. } => all.push((Purpose::Put, target, put)),
        WritePlan::Bulk { write, .. } => all.push((Purpose::Bulk, target, write)),
        WritePlan::Create { create, .. } => all.push((Purpose::Create, target, create)),
    }
    all
}

enum Told {
    Nothing,
    /// A reset is told in a header of this name, and nobody says how.
    Unclear(String),
    Limit {
        remaining: Option<String>,
        tell: Tell,
    },
}

fn of_operation(system: &System, index: usize) -> Told {
    let Some(op) = system.operations.get(index) else { return Told::Nothing };
    let headers: Vec<&String> = op.responses.iter().flat_map(|r| &r.headers).collect();
    let named = |names: &[&str]| headers.iter().find(|h| names.iter().any(|n| h.eq_ignore_ascii_case(n)));
    let remaining = named(&["RateLimit-Remaining", "X-RateLimit-Remaining", "X-Rate-Limit-Remaining"]);
    let remaining = remaining.map(|h| (*h).clone());
    if named(&["RateLimit"]).is_some() {
        return Told::Limit { remaining: Some("RateLimit".to_owned()), tell: Tell::Field };
    }
    if let Some(reset) = named(&["RateLimit-Reset"]) {
        return Told::Limit { remaining, tell: Tell::Delta((*reset).clone()) };
    }
    let Some(reset) = named(&["X-RateLimit-Reset", "X-Rate-Limit-Reset"]) else { return Told::Nothing };
    let about = u32::try_from(index).map(RemarkOf::Operation);
    let said: Vec<String> = system
        .remarks
        .iter()
        .filter(|r| r.about == RemarkOf::System || about.as_ref().is_ok_and(|a| r.about == *a))
        .map(|r| r.text.to_lowercase())
        .filter(|text| text.contains(&reset.to_lowercase()))
        .collect();
    let says = |words: &[&str]| said.iter().any(|text| words.iter().any(|w| text.contains(w)));
    let (epoch, delta) = (
        says(&["unix", "epoch", "since 1970"]),
        says(&["seconds until", "seconds left", "seconds to wait", "remaining seconds", "seconds from now"]),
    );
    match (epoch, delta) {
        (true, false) => Told::Limit { remaining, tell: Tell::Epoch((*reset).clone()) },
        (false, true) => Told::Limit { remaining, tell: Tell::Delta((*reset).clone()) },
        _ => Told::Unclear((*reset).clone()),
    }
}

/// Requests that left before the time that an answer told, though the answer had come.
pub(super) fn early(e: &Evidence<'_>, telling: impl Fn(&Response) -> bool) -> Vec<String> {
    let mut out = Vec::new();
    for told in e.trace.exchanges.iter().filter(|x| x.fault == Some("quota")) {
        let (Some(answer), Some(ended)) = (told.answer().filter(|a| telling(a)), told.ended) else { continue };
        let Some(until) = until(answer, told.at.0) else { continue };
        let early = e.trace.run(told.run).find(|x| {
            x.system == told.system
                && x.purpose != Purpose::Token
                && x.nth > told.nth
                // In the very millisecond it may have been on its way.
                && x.at > ended
                && x.at.0 < until
        });
        if let Some(early) = early {
            out.push(format!(
                "pacing: {} said that nothing is left for {} ms (request {}), request {} came after {} ms",
                told.system,
                until - ended.0,
                told.nth,
                early.nth,
                early.at.0 - ended.0
            ));
        }
    }
    out
}

/// The time that an answer tells, on the server's clock, in milliseconds. Whoever rounds it down to whole seconds is not
/// early yet.
fn until(answer: &Response, at: i64) -> Option<i64> {
    let numbers = |text: &str| text.parse::<i64>().ok();
    let field = answer.header("ratelimit").and_then(|f| f.rsplit_once("t=")).and_then(|(_, t)| numbers(t));
    let reset = ["ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset"].iter().find_map(|n| answer.header(n));
    let told = field.or_else(|| reset.and_then(numbers))?;
    let ms = if told > 1_000_000_000 { told * 1000 } else { at + told * 1000 };
    Some(ms - 1000)
}
