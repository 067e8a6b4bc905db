//! Batches larger than the target takes.

use std::cell::LazyCell;

use super::places::Places;
use super::prose::of_operation;
use super::used::Role;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::Write;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "bulk-size-above-limit",
    summary: "bulk.size is above the records that one request takes, as the description says: whole batches are refused, or smaller ones are \
              sent than the contract says.",
    severity: Severity::Error,
    run,
};

/// Records in one bulk request where the contract does not say.
const BATCH: u64 = 100;

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let places = LazyCell::new(|| Places::of(subject.text));
    for used in subject.used().into_iter().filter(|u| u.role == Role::Bulk) {
        let Write::Bulk { size, .. } = &used.flow.target.write else { continue };
        let Some(bulk) = used.operation.bulk(&used.system.schemas) else { continue };
        let id = quoted(&used.operation.id, 80);
        let place = || places.value(&format!("flows.{}.target.bulk.size", used.flow.name)).unwrap_or(used.name.at);
        if let Some(most) = bulk.most {
            // The connector sends no more than the schema allows, whatever the contract says.
            if let Some(size) = size.filter(|s| *s > most) {
                let message = format!("{id} takes {most} records at most, so that {most} are sent and not {size}");
                let finding = subject.warning(&CHECK, place(), message).fix(format!("write size: {most}"));
                out.push(finding.because_of(&used.operation.pointer));
            }
            continue;
        }
        let asked = size.unwrap_or(BATCH).min(BATCH.max(size.unwrap_or(0)));
        let stated = of_operation(used.system, used.operation).into_iter().find_map(|t| Some((most(t.text)?, t)));
        let Some((most, told)) = stated.filter(|(most, _)| *most < asked) else { continue };
        let message = format!("{id} takes {most} records at most, and {asked} are sent in one request");
        let fix = format!("write size: {most}");
        out.push(subject.error(&CHECK, place(), message).fix(fix).because_of(told.pointer));
    }
}

/// The most records of one request that a sentence states.
fn most(sentence: &str) -> Option<u64> {
    let lower = sentence.to_lowercase();
    let rate = ["per second", "per minute", "per hour", "per day", "in a second", "seconds", "a page", "per page"];
    if rate.iter().any(|r| lower.contains(r)) {
        return None;
    }
    let marks = ["at most ", "up to ", "maximum of ", "no more than ", "limited to ", "maximum is ", "limit is "];
    marks.iter().find_map(|m| {
        let (_, rest) = lower.split_once(m)?;
        let mut parts = rest.split_whitespace();
        let number: u64 =
            parts.next()?.trim_matches(|c: char| !c.is_ascii_digit()).replace([',', '_'], "").parse().ok()?;
        let noun = parts.next().unwrap_or_default().trim_matches(|c: char| !c.is_alphanumeric());
        let not = [
            "character",
            "characters",
            "byte",
            "bytes",
            "kb",
            "mb",
            "requests",
            "request",
            "times",
            "decimal",
            "digits",
            "days",
            "hours",
        ];
        (number > 0 && !not.contains(&noun)).then_some(number)
    })
}

#[cfg(test)]
mod tests {
    use super::most;

    #[test]
    fn the_most_records_are_read_from_a_sentence() {
        for (text, n) in [
            ("Takes up to 50 offers in one request.", Some(50)),
            ("At most 1,000 records.", Some(1000)),
            ("A batch is limited to 25 items", Some(25)),
            ("At most 10 requests per second.", None),
            ("Names of up to 80 characters.", None),
            ("Up to date offers.", None),
        ] {
            assert_eq!(most(text), n, "{text}");
        }
    }
}
