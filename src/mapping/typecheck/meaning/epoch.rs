//! Times that are counted since 1970, in seconds or in parts of one.

use super::said::Field;
use super::{Doubt, Pair};
use crate::mapping::measure::{Evidence, Measure, Measured, epoch_unit};
use crate::mapping::rule::Step;
use crate::model::TypeSet;

/// A count of seconds that ends in a field of milliseconds, or the other way round.
pub(super) fn unit_mismatch(pair: &Pair<'_>) -> Option<Doubt> {
    let (Measure::Epoch { digits: from, .. }, Measure::Epoch { digits: to, .. }) = pair.both()? else { return None };
    if from == to {
        return None;
    }
    if let Some(step) = pair.steps.last().filter(|s| s.transform.name == "datetime_to_epoch") {
        let (is, not) = (epoch_unit(*to), epoch_unit(*from));
        let message = format!("the description of {{to}} speaks of {is}, the transform gives {not}");
        return Some(
            Doubt::new("epoch-unit-mismatch", 0.85, message, format!("write {{datetime_to_epoch: {is}}}")).about(step),
        );
    }
    let (is, wants) = (epoch_unit(*from), epoch_unit(*to));
    if let Some(step) = pair.factor_step() {
        let message = format!("after {} source {{from}} counts {is} since 1970, target {{to}} {wants}", step.shown);
        let fix = "take the factor out, or write the one that leads there";
        return Some(Doubt::new("epoch-unit-mismatch", 0.7, message, fix).about(step));
    }
    let message = format!("source {{from}} counts {is} since 1970, target {{to}} {wants}");
    let fix = if [*from, *to].iter().all(|d| matches!(d, 0 | 3)) {
        format!("add {{epoch_to_datetime: {is}}} and {{datetime_to_epoch: {wants}}}, one after the other")
    } else {
        let power = 10_i64.saturating_pow((from - to).unsigned_abs());
        format!("add {{{}: {power}}} and {{round: 0}}", if from > to { "divide" } else { "multiply" })
    };
    Some(Doubt::new("epoch-unit-mismatch", 0.7, message, fix))
}

/// A step that reads another unit than comes to it.
pub(super) fn read_as_another(step: &Step, arrives: &Measured) -> Option<Doubt> {
    let Measure::Epoch { digits, .. } = arrives.is else { return None };
    if step.transform.name != "epoch_to_datetime" {
        return None;
    }
    let reads = if step.shown.contains("millis") { 3 } else { 0 };
    if digits == reads {
        return None;
    }
    let (is, not) = (epoch_unit(digits), epoch_unit(reads));
    let message = format!("source {{from}} comes to the transform in {is}, and it reads {not}");
    let fix = match digits {
        0 | 3 => format!("write {{epoch_to_datetime: {is}}}"),
        _ if digits > 3 => {
            let power = 10_i64.saturating_pow((digits - 3).unsigned_abs());
            format!("put {{divide: {power}}} and {{round: 0}} before {{epoch_to_datetime: millis}}")
        }
        _ => "take out the factor before it".to_owned(),
    };
    Some(Doubt::new("epoch-unit-mismatch", 0.85, message, fix).about(step))
}

/// The measure of a field that counts from 1970; nothing for any other, and where nothing tells its unit.
pub(super) fn since_1970(field: &Field<'_>) -> Option<Box<Measured>> {
    let digits = digits(field)?;
    Some(Box::new(Measured { is: Measure::Epoch { digits, local: false }, by: Evidence::Said }))
}

fn digits(field: &Field<'_>) -> Option<i32> {
    let number = field.kind.types.has(TypeSet::INTEGER) || field.kind.types.has(TypeSet::NUMBER);
    // As text only where it says so.
    let text = || field.is_text() && field.format().is_empty() && field.says_word(&["epoch", "unix", "1970", "posix"]);
    if !number && !text() {
        return None;
    }
    match field.format() {
        "unix-time" | "unixtime" | "epoch" | "epoch-seconds" | "unix-seconds" => return Some(0),
        "unix-millis" | "epoch-millis" | "unix-time-ms" | "timestamp-millis" | "epoch-ms" => return Some(3),
        "epoch-micros" | "timestamp-micros" => return Some(6),
        "epoch-nanos" | "timestamp-nanos" => return Some(9),
        _ => {}
    }
    if !field.is_instant() {
        return None;
    }
    let told: Vec<i32> = [
        (0, field.says_word(&["seconds"]) || field.says(&[" (s)"]) || field.named(&["seconds", "secs", "sec"])),
        (
            3,
            field.says_word(&["millisecond", "milliseconds", "millis", "ms"])
                || field.named(&["ms", "millis", "milliseconds"]),
        ),
        (6, field.says_word(&["microsecond", "microseconds", "micros"]) || field.named(&["us", "micros", "usec"])),
        (9, field.says_word(&["nanosecond", "nanoseconds", "nanos"]) || field.named(&["ns", "nanos", "nanoseconds"])),
    ]
    .into_iter()
    .filter_map(|(digits, said)| said.then_some(digits))
    .collect();
    match told.as_slice() {
        [one] => return Some(*one),
        [] => {}
        // `in seconds, with a microsecond fraction`
        several => {
            let units = [(0, "in seconds"), (3, "in milliseconds"), (6, "in microseconds"), (9, "in nanoseconds")];
            let mut said = units.iter().filter(|(d, unit)| several.contains(d) && field.says(&[unit]));
            return said.next().filter(|_| said.next().is_none()).map(|(d, _)| *d);
        }
    }
    // Today is about 1.8 thousand million seconds after 1970.
    let example = field
        .schema
        .example
        .as_ref()
        .and_then(|e| e.as_f64())
        .or_else(|| field.kind.values.as_ref().and_then(|v| v.first()).and_then(serde_json::Value::as_f64))?;
    [(0, 1e8..1e10), (3, 1e11..1e14), (6, 1e14..1e17), (9, 1e17..1e20)]
        .into_iter()
        .find_map(|(digits, range)| range.contains(&example).then_some(digits))
}
