//! Times that are counted since 1970, in seconds or in thousandths.

use super::said::Field;
use super::{Doubt, Pair};
use crate::mapping::rule::Step;
use crate::model::TypeSet;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Seconds,
    Millis,
}

impl Unit {
    const fn as_str(self) -> &'static str {
        if matches!(self, Self::Seconds) { "seconds" } else { "millis" }
    }
}

/// A field of seconds that becomes one of milliseconds, or the other way round.
pub(super) fn unit_mismatch(pair: &Pair<'_>) -> Option<Doubt> {
    let wrong = |said: Unit, step: &Step, side: &str| {
        let (is, not) = (said.as_str(), if said == Unit::Seconds { "millis" } else { "seconds" });
        let verb = if step.transform.name == "epoch_to_datetime" { "reads" } else { "gives" };
        let message = format!("the description of {side} speaks of {is}, the transform {verb} {not}");
        Doubt::new("epoch-unit-mismatch", 0.85, message, format!("write {{{}: {is}}}", step.transform.name)).about(step)
    };
    if let Some(step) = pair.steps.iter().find(|s| s.transform.name == "datetime_to_epoch") {
        let said = unit(&pair.to)?;
        return (step_unit(step) != said.as_str()).then(|| wrong(said, step, "{to}"));
    }
    if let Some(step) = pair.steps.iter().find(|s| s.transform.name == "epoch_to_datetime") {
        let said = unit(&pair.from)?;
        return (step_unit(step) != said.as_str()).then(|| wrong(said, step, "{from}"));
    }
    if !pair.keeps_meaning() {
        return None;
    }
    let (from, to) = (unit(&pair.from)?, unit(&pair.to)?);
    if from == to {
        return None;
    }
    let message = format!("source {{from}} counts {} since 1970, target {{to}} {}", from.as_str(), to.as_str());
    let fix = format!(
        "add {{epoch_to_datetime: {}}} and {{datetime_to_epoch: {}}}, one after the other",
        from.as_str(),
        to.as_str()
    );
    Some(Doubt::new("epoch-unit-mismatch", 0.7, message, fix))
}

/// What the argument of a step says: `seconds` or `millis`.
fn step_unit(step: &Step) -> &'static str {
    if step.shown.contains("millis") { "millis" } else { "seconds" }
}

/// The unit of a field that counts from 1970; nothing for any other, and where nothing tells.
fn unit(field: &Field<'_>) -> Option<Unit> {
    if !field.kind.types.has(TypeSet::INTEGER) && !field.kind.types.has(TypeSet::NUMBER) {
        return None;
    }
    match field.format() {
        "unix-time" | "unixtime" | "epoch" | "epoch-seconds" | "unix-seconds" => return Some(Unit::Seconds),
        "unix-millis" | "epoch-millis" | "unix-time-ms" | "timestamp-millis" | "epoch-ms" => return Some(Unit::Millis),
        _ => {}
    }
    let millis = field.says_word(&["millisecond", "milliseconds", "millis", "ms"])
        || field.named(&["ms", "millis", "milliseconds"]);
    let seconds = field.says_word(&["seconds"]) || field.named(&["seconds", "secs", "sec"]);
    if !field.is_instant() {
        return None;
    }
    match (seconds, millis) {
        (true, false) => return Some(Unit::Seconds),
        (false, true) => return Some(Unit::Millis),
        (true, true) => return None,
        (false, false) => {}
    }
    // Today is about 1.8 thousand million seconds after 1970.
    let example = field
        .schema
        .example
        .as_ref()
        .and_then(|e| e.as_f64())
        .or_else(|| field.kind.values.as_ref().and_then(|v| v.first()).and_then(serde_json::Value::as_f64))?;
    if (1e11..1e14).contains(&example) {
        Some(Unit::Millis)
    } else {
        (1e8..1e10).contains(&example).then_some(Unit::Seconds)
    }
}
