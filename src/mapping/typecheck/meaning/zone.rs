//! Times without a zone, and times whose hour is lost.

use super::said::Field;
use super::{Doubt, Pair};
use crate::model::TypeSet;

/// Words for a time as a clock on the wall shows it.
const LOCAL: [&str; 14] = [
    "local time",
    "local date",
    "without zone",
    "without a zone",
    "without time zone",
    "without a time zone",
    "no time zone",
    "without timezone",
    "no timezone",
    "without offset",
    "without an offset",
    "wall clock",
    "wall-clock",
    "without utc offset",
];

/// Whether the field holds a time without zone: by its format, by its words, or by how its values look.
fn is_local(field: &Field<'_>) -> bool {
    if !field.is_text() {
        return false;
    }
    let offset = field.says_word(&["offset"]) && !field.says(&["without offset", "without an offset", "no offset"]);
    let zoned = offset || field.says_word(&["utc", "zulu", "gmt"]);
    let timed = field.is_instant() || field.says_word(&["time", "clock", "clocks"]);
    // A time that says of itself that it is in UTC lacks only the letter.
    (field.schema.is_local_time() && !zoned)
        || (!zoned && timed && field.says(&LOCAL))
        || (field.format() != "date-time" && !zoned && field.samples().first().is_some_and(|s| looks_local(s)))
        || (field.format() != "date-time" && !zoned && field.says(&["yyyy-mm-dd hh:mm", "yyyy-mm-ddthh:mm:ss "]))
}

/// `2026-03-01 14:05`, `2026-03-01T14:05:00`.
fn looks_local(text: &str) -> bool {
    text.replacen(' ', "T", 1).parse::<jiff::civil::DateTime>().is_ok()
        && text.len() > 10
        && text.replacen(' ', "T", 1).parse::<jiff::Timestamp>().is_err()
}

/// Whether the field holds an instant: a time with its zone.
fn is_zoned(field: &Field<'_>) -> bool {
    field.kind.types.has(TypeSet::STRING)
        && !field.schema.is_local_time()
        && (field.format() == "date-time"
            || (field.is_instant() && field.says_word(&["utc", "rfc3339", "3339", "offset"])))
}

/// A local time that is taken for an instant.
pub(super) fn missing(pair: &Pair<'_>) -> Option<Doubt> {
    let converts =
        |name: &str| matches!(name, "trim" | "replace" | "lower" | "upper" | "truncate" | "to_string" | "suffix");
    if pair.table || !pair.steps.iter().all(|s| converts(s.transform.name)) {
        return None;
    }
    if !is_local(&pair.from) || !is_zoned(&pair.to) || pair.to.says(&LOCAL) {
        return None;
    }
    let message = "source {from} is a time without zone, target {to} is an instant".to_owned();
    let fix = "add {local_to_utc: ZONE}, with the zone of the source's clocks, like Europe/Berlin";
    let sure = if pair.from.schema.is_local_time() { 0.85 } else { 0.7 };
    Some(Doubt::new("zone-missing", sure, message, fix))
}

/// A zone that is not the one the description names, or an instant where the target wants a time without zone.
pub(super) fn mismatch(pair: &Pair<'_>) -> Option<Doubt> {
    if let Some(step) = pair.steps.iter().find(|s| s.transform.name == "local_to_utc") {
        let zone = |text: &str| -> Option<String> {
            let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+');
            text.split(|c| !word(c)).find(|w| w.contains('/') && jiff::tz::TimeZone::get(w).is_ok()).map(str::to_owned)
        };
        let said = zone(&pair.from.schema.description);
        let utc = said.is_none()
            && pair.from.says(&["in utc", "is utc", "as utc", "utc time", "always utc", "times are utc"]);
        let written = zone(&step.shown);
        let (said, written) = match (said, utc, written) {
            (Some(said), _, Some(written)) if said != written => (said, written),
            (None, true, Some(written)) if !written.ends_with("UTC") => ("UTC".to_owned(), written),
            _ => return None,
        };
        let message = format!("the description of source {{from}} speaks of {said}, the transform of {written}");
        let fix = format!("write {{local_to_utc: {said}}}, or make sure of it");
        return Some(Doubt::new("zone-mismatch", 0.7, message, fix).about(step));
    }
    if pair.keeps_meaning()
        && pair.from.format() == "date-time"
        && !is_local(&pair.from)
        && pair.to.schema.is_local_time()
    {
        let message = "source {from} is an instant, target {to} takes a time without zone".to_owned();
        return Some(Doubt::new("zone-mismatch", 0.7, message, "map a field that holds the local time"));
    }
    None
}

/// A date and time of which only the date is left, in a field that has room for both.
pub(super) fn time_of_day_lost(pair: &Pair<'_>) -> Option<Doubt> {
    let timed = pair.from.format() == "date-time" || pair.from.schema.is_local_time();
    let cuts = pair.steps.iter().any(|s| {
        s.transform.name == "date_only"
            || (s.transform.name == "truncate" && s.shown == "truncate 10")
            || (s.transform.name == "split" && s.shown.eq_ignore_ascii_case("split \"T\""))
    });
    // Midnight instead of the time that was known.
    let midnight = pair.has_step("date_only") && pair.has_step("date_to_datetime") && pair.to.format() == "date-time";
    let open = pair.to.is_text() && pair.to.kind.values.is_none() && !matches!(pair.to.format(), "date" | "time");
    let named = pair.to.ends_in(&["at", "time", "timestamp", "datetime"])
        || pair.to.says(&[
            "date and time",
            "time of day",
            "instant",
            "rfc 3339",
            "to the second",
            "date-time",
            "timestamp",
        ]);
    let wants_time = midnight || (open && named && pair.to.kind.max_length.is_none_or(|m| m > 10));
    if !timed || !cuts || !wants_time || pair.to.ends_in(&["date", "day"]) {
        return None;
    }
    let message = "only the date of source {from} is left, target {to} holds a time".to_owned();
    Some(Doubt::new("time-of-day-lost", 0.65, message, "take out the transform that cuts the time off"))
}
