//! More requests than the target allows.

use std::cell::LazyCell;
use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::honour::About;
use super::places::Places;
use super::retry_outlives_key::unit;
use super::told::binds;
use super::used::{Role, Used};
use super::{Check, Subject};
use crate::base::text::{plural, quoted};
use crate::base::yaml::Span;
use crate::contract::{ConstraintKind, Rate};
use crate::finding::{Finding, Severity};
use crate::model::{Basis, RateLimit};

pub(super) static CHECK: Check = Check {
    code: "rate-above-limit",
    summary: "The rate of a flow, or of all flows that use one credential together, reads included, is above the limit that the system \
              states.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let names: Vec<&String> = subject.contract.systems.keys().collect();
    let accounts: Vec<String> = names.iter().map(|n| subject.account(n)).collect();
    let places = LazyCell::new(|| Places::of(subject.text));
    // By account, in the order of the file.
    let mut groups: IndexMap<&str, Vec<&String>> = IndexMap::new();
    for (name, account) in names.iter().zip(&accounts) {
        groups.entry(account).or_default().push(name);
    }
    let flows = subject.contract.flows.values();
    let used: BTreeSet<&str> =
        flows.flat_map(|f| [f.source.system.value.as_str(), f.target.system.value.as_str()]).collect();
    for group in groups.into_values().filter(|group| group.iter().any(|name| used.contains(name.as_str()))) {
        look(subject, &group, &|path| places.value(path), out);
    }
    against_constraints(subject, out);
}

/// A hard constraint of the contract states a limit that no description does, or a lower one.
fn against_constraints(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let Some(rate) = &flow.delivery.rate else { continue };
        let location = subject.location(rate.at);
        if out.iter().any(|f| f.code == CHECK.code && f.location == location) {
            continue;
        }
        let stated = subject.contract.constraints.iter().filter(|c| c.kind == ConstraintKind::Hard).find_map(|c| {
            let about = About::from(c);
            let bound = binds(&about, flow, &flow.target.system, subject.contract.systems.keys());
            // A limit that names no system may be the source's.
            let named = !about.systems.is_empty()
                || about.origin.is_some_and(|o| o.starts_with(&format!("{}#", flow.target.system.value)));
            let (requests, window_ms) = limit(&c.says).filter(|_| bound && named)?;
            let above = per_second(rate.value) > per_second(Rate { requests, window_ms }) * SLACK;
            above.then_some((c, requests, window_ms))
        });
        let Some((c, requests, window_ms)) = stated else { continue };
        let message = format!(
            "{} requests in {} are above the limit of the constraint {}: {requests} in {}",
            rate.requests,
            time(rate.window_ms),
            quoted(&c.id, 60),
            time(window_ms)
        );
        let fix = format!("stay below {requests}/{}", time(window_ms));
        out.push(subject.error(&CHECK, rate.at, message).fix(fix));
    }
}

/// `at most 100 requests per minute`, `20 calls in 10 s`: requests, and milliseconds.
fn limit(says: &str) -> Option<(u64, u64)> {
    let lower = says.to_lowercase();
    let parts: Vec<&str> = lower
        .split(|c: char| !(c.is_alphanumeric() || c == ','))
        .map(|w| w.trim_matches(','))
        .filter(|w| !w.is_empty())
        .collect();
    parts.iter().enumerate().find_map(|(i, word)| {
        let requests: u64 = word.replace(',', "").parse().ok().filter(|n| *n > 0)?;
        let rest = parts.get(i + 1..)?;
        let noun = rest
            .iter()
            .take(3)
            .position(|w| ["request", "requests", "call", "calls", "write", "writes"].contains(w))?;
        let mut after = rest.get(noun + 1..)?.iter();
        after.next().filter(|w| ["per", "in", "a", "each", "every", "within", "an"].contains(*w))?;
        let window: Vec<&str> =
            after.copied().skip_while(|w| ["a", "an", "any", "one", "each", "every"].contains(w)).take(2).collect();
        let [first, ..] = window.as_slice() else { return None };
        let ms = unit(first).or_else(|| {
            let digits = first.len() - first.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (count, glued) = first.split_at_checked(digits)?;
            let ms = if glued.is_empty() { unit(window.get(1)?)? } else { unit(glued)? };
            count.parse::<u64>().ok()?.checked_mul(ms)
        })?;
        (ms > 0).then_some((requests, ms))
    })
}

/// Of the systems that are one account: every write and every poll counts.
fn look(subject: &Subject<'_>, group: &[&String], place: &dyn Fn(&str) -> Option<Span>, out: &mut Vec<Finding>) {
    let within = |name: &str| group.iter().any(|g| *g == name);
    let all = group.iter().map(|g| g.as_str()).collect::<Vec<_>>().join(" and ");
    let (mut sum, mut polls, mut flows) = (0.0, 0.0, 0_usize);
    for flow in subject.contract.flows.values() {
        let reads = within(&flow.source.system.value);
        let every = flow.source.every_ms.filter(|_| reads && flow.source.operation.is_some());
        let written = flow.delivery.rate.as_ref().filter(|_| within(&flow.target.system.value));
        if every.is_none() && written.is_none() {
            continue;
        }
        let used = subject.used_by(flow);
        if let Some(ms) = every {
            // At least one page each time.
            polls += 1000.0 / ms.max(1) as f64;
        }
        if let Some(rate) = written {
            // Reading from the system that is written to counts against the same limit.
            let Some((operation, limit)) =
                tightest(&used, |u| within(&u.system_name.value) && (u.role != Role::List || reads))
            else {
                continue;
            };
            sum += per_second(rate.value);
            flows += 1;
            let alone = per_second(rate.value) > limit.per_second() * SLACK;
            // A poll now and then does not make a rate at the limit one above it.
            let with_polls = if polls > limit.per_second() * POLLS { sum + polls } else { sum };
            if !alone && with_polls <= limit.per_second() * SLACK {
                continue;
            }
            let stated = stated(operation, limit);
            let message = if alone {
                format!("{} requests in {} are above the limit: {stated}", rate.requests, time(rate.window_ms))
            } else if sum <= limit.per_second() * SLACK {
                format!(
                    "{} to {all} and what is read from it together are above the limit: {stated}",
                    plural(flows as u64, "flow")
                )
            } else {
                format!("{flows} flows to {all} together are above the limit: {stated}")
            };
            let fix = format!("stay below {}/{}, over all flows to {all}", limit.requests, time(limit.window_ms));
            let finding = finding(subject, rate.at, message, limit).fix(fix);
            // Of one flow the stated limit says what the rate is; over several flows somebody has to share it out.
            let most = (limit.per_second() * rate.window_ms as f64 / 1000.0) as u64;
            let slower = |f: Finding| f.word(format!("{}/", rate.requests), format!("{most}/"));
            out.push(if alone && most > 0 { slower(finding) } else { finding });
        } else if let Some(ms) = every {
            let Some((operation, limit)) = tightest(&used, |u| within(&u.system_name.value) && u.role == Role::List)
            else {
                continue;
            };
            if sum + polls <= limit.per_second() * SLACK {
                continue;
            }
            let at = place(&format!("flows.{}.source.every", flow.name)).unwrap_or(flow.source.at);
            let stated = stated(operation, limit);
            let message = if 1000.0 / ms.max(1) as f64 > limit.per_second() * SLACK {
                format!("a read every {} is above the limit: {stated}", time(ms))
            } else {
                format!("what is read from {all} and written to it by all flows is above the limit: {stated}")
            };
            let fix = format!(
                "stay below {}/{}, over all flows that use {all}: read less often",
                limit.requests,
                time(limit.window_ms)
            );
            out.push(finding(subject, at, message, limit).fix(fix));
        }
    }
}

fn stated(operation: &str, limit: &RateLimit) -> String {
    format!("{} allows {} in {}", quoted(operation, 80), limit.requests, time(limit.window_ms))
}

fn finding(subject: &Subject<'_>, at: Span, message: String, limit: &RateLimit) -> Finding {
    match &limit.basis {
        Basis::Stated { pointer } => subject.error(&CHECK, at, message).because_of(pointer.clone()),
        Basis::Inferred { .. } => subject.warning(&CHECK, at, message),
    }
}

/// Rates are compared as fractions; this much is their rounding.
const SLACK: f64 = 1.000_001;

/// Polls count from this part of a limit on.
const POLLS: f64 = 0.05;

fn tightest<'a>(used: &[Used<'a>], counts: impl Fn(&Used<'a>) -> bool) -> Option<(&'a str, &'a RateLimit)> {
    used.iter()
        .filter(|u| counts(u))
        .filter_map(|u| Some((u.operation.id.as_str(), u.operation.rate_limit.as_ref()?)))
        .min_by(|a, b| a.1.per_second().total_cmp(&b.1.per_second()))
}

fn per_second(rate: Rate) -> f64 {
    rate.requests as f64 * 1000.0 / rate.window_ms.max(1) as f64
}

/// `10s`, `500ms`, `1m`.
pub(super) fn time(ms: u64) -> String {
    match ms {
        ms if ms > 0 && ms.is_multiple_of(60_000) => format!("{}m", ms / 60_000),
        ms if ms.is_multiple_of(1000) => format!("{}s", ms / 1000),
        ms => format!("{ms}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::limit;

    #[test]
    fn a_limit_is_read_from_a_constraint() {
        for (says, told) in [
            ("at most 100 requests per minute, as agreed", Some((100, 60_000))),
            ("at most 100 requests per 10 seconds per token", Some((100, 10_000))),
            ("1,000 calls in 10s", Some((1000, 10_000))),
            ("at most 10 bulk requests per 10 seconds per token", Some((10, 10_000))),
            ("20 requests a second", Some((20, 1000))),
            ("100 records per page", None),
            ("an email belongs to one contact", None),
            ("24 hours after 3 requests", None),
        ] {
            assert_eq!(limit(says), told, "{says}");
        }
    }
}
