//! Times without a zone, and times whose hour is lost.

use super::said::Field;
use super::{Doubt, Pair};
use crate::mapping::kind::Kind;
use crate::mapping::measure::{Evidence, Measure, Measured, Zone};
use crate::mapping::rule::Step;
use crate::model::TypeSet;

/// Words for a time as a clock on the wall shows it.
const LOCAL: [&str; 18] = [
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
    "on the clock of",
    "on the clocks of",
    "time of the venue",
    "time of the store",
];

/// Whether the field holds a time without zone: by its format, by its words, or by how its values look.
fn is_local(field: &Field<'_>) -> bool {
    // How a page shows it says nothing of how it is sent.
    if !field.is_text() || (field.format() == "date-time" && field.says(&["shown in", "displayed in", "rendered in"])) {
        return false;
    }
    let offset = field.says_word(&["offset"]) && !field.says(&["without offset", "without an offset", "no offset"]);
    let zoned = offset || field.says_word(&["utc", "zulu", "gmt", "rfc3339", "3339"]);
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

/// The measure of a time as text: without zone, in UTC, or with its offset.
pub(super) fn clock(field: &Field<'_>) -> Option<Box<Measured>> {
    // A format alone leaves it open whether the clocks stand at UTC.
    let mut by = Evidence::Said;
    let zone = if is_local(field) {
        if !field.says(&LOCAL) {
            by = Evidence::Type;
        }
        Zone::Local(zone_in(&field.schema.description))
    } else if is_utc(field) {
        Zone::Utc
    } else if is_zoned(field) {
        if field.says_word(&["utc", "zulu"]) { Zone::Utc } else { Zone::Offset }
    } else {
        return None;
    };
    Some(Box::new(Measured { is: Measure::Clock(zone), by }))
}

/// A text without zone that says of itself that it is in UTC.
fn is_utc(field: &Field<'_>) -> bool {
    field.is_text()
        && field.format() != "date-time"
        && field.says(&["in utc", "is utc", "as utc", "utc time", "always utc", "times are utc"])
        && (field.schema.is_local_time() || field.is_instant() || field.says_word(&["time", "clock", "clocks"]))
}

/// The name of a zone that a text speaks of.
fn zone_in(text: &str) -> Option<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+');
    text.split(|c| !word(c)).find(|w| w.contains('/') && jiff::tz::TimeZone::get(w).is_ok()).map(str::to_owned)
}

/// A local time that is taken for an instant.
pub(super) fn missing(pair: &Pair<'_>) -> Option<Doubt> {
    let local = match pair.both()? {
        (Measure::Clock(Zone::Local(_)), Measure::Clock(Zone::Utc | Zone::Offset)) => is_zoned(&pair.to),
        (Measure::Epoch { local: true, .. }, Measure::Epoch { .. }) => true,
        _ => false,
    };
    if !local || pair.to.says(&LOCAL) {
        return None;
    }
    let message = "source {from} is a time without zone, target {to} is an instant".to_owned();
    let fix = "add {local_to_utc: ZONE}, with the zone of the source's clocks, like Europe/Berlin";
    let sure = if pair.from.schema.is_local_time() { 0.85 } else { 0.7 };
    Some(Doubt::new("zone-missing", sure, message, fix))
}

/// A step that gives a time a zone which it is not in.
pub(super) fn given_another(step: &Step, arrives: &Kind) -> Option<Doubt> {
    if step.transform.name != "local_to_utc" {
        return None;
    }
    let zone = match arrives.measure.as_deref().map(|m| &m.is) {
        Some(Measure::Clock(zone)) => Some(zone),
        _ => None,
    };
    // A description may call local what its format calls an instant.
    let local = matches!(zone, Some(Zone::Local(_)));
    if arrives.format.as_deref() == Some("date-time") && !local {
        let message = "local_to_utc takes a time without zone, but what comes to it here is a date-time, which has one";
        return Some(Doubt::sure("zone-mismatch", message, "remove the transform, or make sure of it").about(step));
    }
    let words = arrives.measure.as_deref().is_some_and(|m| m.by.said());
    let utc = zone_in(&step.shown).map_or_else(|| step.shown.contains("UTC"), |z| z.ends_with("UTC"));
    let written = zone_in(&step.shown).filter(|_| !utc);
    let (said, written) = match (zone?, written) {
        (Zone::Local(Some(said)), Some(written)) if *said != written => (said.clone(), written),
        (Zone::Local(Some(said)), None) if utc && !said.ends_with("UTC") => (said.clone(), "UTC".to_owned()),
        (Zone::Utc, Some(written)) => ("UTC".to_owned(), written),
        (Zone::Local(None), None) if utc && words => {
            let message = "source {from} is a local time, and the transform takes it for one in UTC".to_owned();
            let fix = "write {local_to_utc: ZONE}, with the zone of the source's clocks, like Europe/Berlin";
            return Some(Doubt::new("zone-mismatch", 0.65, message, fix).about(step));
        }
        _ => return None,
    };
    let message = format!("the description of source {{from}} speaks of {said}, the transform of {written}");
    let fix = format!("write {{local_to_utc: {said}}}, or make sure of it");
    Some(Doubt::new("zone-mismatch", 0.7, message, fix).about(step))
}

/// An instant where the target wants a time without zone, or the local time of one place where that of another is wanted.
pub(super) fn mismatch(pair: &Pair<'_>) -> Option<Doubt> {
    let (Measure::Clock(from), Measure::Clock(to)) = pair.both()? else { return None };
    match (from, to) {
        (Zone::Utc | Zone::Offset, Zone::Local(_))
            if pair.to.schema.is_local_time() || (pair.to.format() != "date-time" && pair.to.says(&LOCAL)) =>
        {
            let message = "source {from} is an instant, target {to} takes a time without zone".to_owned();
            Some(Doubt::new("zone-mismatch", 0.7, message, "map a field that holds the local time"))
        }
        (Zone::Local(Some(from)), Zone::Local(Some(to))) if from != to => {
            let message = format!("source {{from}} is a time of {from}, target {{to}} takes one of {to}");
            let fix = "map a field that is an instant, or that holds the time of that place";
            Some(Doubt::new("zone-mismatch", 0.7, message, fix))
        }
        _ => None,
    }
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
