//! Attempts that go on when the target has forgotten the key.

use super::budget::{shown, worst_case_ms};
use super::honour::{About, topics};
use super::told::{binds, says};
use super::used::Role;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::{ConstraintKind, Flow, Write};
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "retry-outlives-key",
    summary: "A write may be sent again after the target has forgotten its idempotency key: then it counts twice.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let (Write::Create { idempotency: Some(header), .. } | Write::Upsert { idempotency: Some(header), .. }) =
            &flow.target.write
        else {
            continue;
        };
        let Some((window, pointer)) = window(subject, flow, header) else { continue };
        // The last attempt counts from when it is sent.
        let worst = worst_case_ms(&flow.delivery).saturating_sub(flow.delivery.timeout_ms);
        if flow.delivery.retry.attempts <= 1 || worst <= window {
            continue;
        }
        let message = format!(
            "the last of {} attempts may come {} after the first, and {} forgets a key after {}",
            flow.delivery.retry.attempts,
            shown(worst),
            flow.target.system.value,
            shown(window)
        );
        let at = if flow.delivery.retry.at.line > 0 { flow.delivery.retry.at } else { header.at };
        let fix = "take fewer attempts, or a lower cap or timeout, so that all of them lie within that time";
        out.push(subject.error(&CHECK, at, message).fix(fix).because_of(pointer));
    }
}

/// How long a key is remembered, as the header's description or a constraint says, in milliseconds, with where.
fn window(subject: &Subject<'_>, flow: &Flow, header: &str) -> Option<(u64, String)> {
    let of_header = subject.used_by(flow).into_iter().filter(|u| u.role == Role::Create).find_map(|u| {
        let p = u.operation.parameters.iter().find(|p| p.name.eq_ignore_ascii_case(header))?;
        Some((duration(&p.description)?, p.pointer.clone()))
    });
    let of_constraint = || {
        subject.contract.constraints.iter().filter(|c| c.kind != ConstraintKind::Soft).find_map(|c| {
            let about = About::from(c);
            let told = topics(&about).any(|t| t.code == "idempotency")
                && binds(&about, flow, &flow.target.system, subject.contract.systems.keys());
            let pointer = c.origin.as_ref().map(|o| quoted(o, 200)).unwrap_or_default();
            // What is promised at least is no end.
            (told && !says(&c.says, &["at least"])).then(|| duration(&c.says)).flatten().map(|ms| (ms, pointer))
        })
    };
    of_header.or_else(of_constraint)
}

/// The first length of time in a text: `24 hours`, `seven days`, `a 15-minute window`, `24h`.
pub(super) fn duration(text: &str) -> Option<u64> {
    let lower = text.to_lowercase();
    let parts: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    parts.iter().enumerate().find_map(|(i, word)| {
        let digits = word.len() - word.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (count, glued) = word.split_at_checked(digits)?;
        if digits > 0 && !glued.is_empty() {
            return count.parse::<u64>().ok()?.checked_mul(unit(glued)?);
        }
        let (count, named) = (if digits > 0 { count.parse().ok()? } else { number(word)? }, parts.get(i + 1)?);
        // "A second request with the same key" is no length of time, and no key is kept for so short a one.
        if matches!(*word, "a" | "an") && *named == "second" {
            return None;
        }
        count.checked_mul(unit(named)?)
    })
}

/// Milliseconds of a unit by its name.
pub(super) fn unit(word: &str) -> Option<u64> {
    Some(match word {
        "s" | "sec" | "second" | "seconds" => 1000,
        "m" | "min" | "mins" | "minute" | "minutes" => 60_000,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => 86_400_000,
        "week" | "weeks" => 7 * 86_400_000,
        "month" | "months" => 30 * 86_400_000,
        _ => return None,
    })
}

fn number(word: &str) -> Option<u64> {
    const NAMED: [&str; 13] =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    let found = NAMED.iter().position(|n| *n == word).and_then(|n| u64::try_from(n).ok());
    found.or(match word {
        "a" | "an" => Some(1),
        "thirty" => Some(30),
        "twenty" => Some(20),
        "sixty" => Some(60),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn a_length_of_time_is_read_from_words() {
        let hour = 3_600_000;
        for (text, ms) in [
            ("A request with a key seen in the last 24 hours is answered as the first one was.", Some(24 * hour)),
            ("kept for seven days, then forgotten", Some(7 * 24 * hour)),
            ("A key of at most 64 characters, remembered for 15 minutes.", Some(hour / 4)),
            ("valid for 24h", Some(24 * hour)),
            ("expires after a day", Some(24 * hour)),
            ("a 30-minute window", Some(hour / 2)),
            ("At most 255 characters.", None),
            ("A second request with the same key within 24 hours gets the answer of the first.", Some(24 * hour)),
            ("Sent a second time, it does nothing.", None),
            ("", None),
        ] {
            assert_eq!(duration(text), ms, "{text}");
        }
    }
}
