//! A list that is asked for records up to a day that has been written down: what comes later is never read.

use serde_json::Value;

use super::incremental_boundary_exclusive::text;
use super::incremental_param_no_lower_bound::upper;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "fixed-upper-bound",
    summary: "params fixes an upper bound of time on a list that is read again and again: nothing newer ever comes.",
    severity: Severity::Warning,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.lists() {
        let source = &used.flow.source;
        // Read once, a list may well end somewhere.
        if source.every_ms.is_none() && source.webhook.is_none() {
            continue;
        }
        let bound = source.params.iter().find(|(name, value)| time(value) && upper(name, &text(&used, name)).is_some());
        let Some((name, value)) = bound else { continue };
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let message = format!(
            "{} of {} ends at {}, and the list is read again and again: nothing newer comes",
            quoted(name, 60),
            quoted(&used.operation.id, 80),
            quoted(&shown, 60)
        );
        let fix = "take it out of params; or, for a part of the past, leave every out, so that the flow runs once";
        out.push(subject.warning(&CHECK, name.at, message).fix(fix).because_of(&used.operation.pointer));
    }
}

/// A day, a moment, or seconds or milliseconds since 1970 (RFC 3339; POSIX time).
fn time(value: &Value) -> bool {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    (digits == 4 && text.as_bytes().get(4) == Some(&b'-')) || (digits == text.len() && (digits == 10 || digits == 13))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::time;

    #[test]
    fn times_are_told_from_other_values() {
        for value in [json!("2026-01-01"), json!("2026-01-01T00:00:00Z"), json!(1_767_225_600), json!("1767225600000")]
        {
            assert!(time(&value), "{value}");
        }
        for value in [json!("open"), json!(100), json!("2026"), json!(true), json!("eu-west-1")] {
            assert!(!time(&value), "{value}");
        }
    }
}
