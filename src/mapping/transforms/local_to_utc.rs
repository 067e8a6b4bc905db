//! `local_to_utc`

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use serde_json::Value;

use super::{Fault, Op, Transform, example, text};
use crate::base::text::{nearest, quoted};
use crate::base::yaml::Node;
use crate::mapping::kind::Kind;
use crate::mapping::measure::{Measure, Measured, Zone};
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "local_to_utc",
    usage: "{local_to_utc: Europe/Berlin} or {local_to_utc: {zone: Europe/Berlin, ambiguous: earlier}}",
    summary: "A date and time without zone, as the clocks of a named zone showed it, as an RFC 3339 date-time in UTC.",
    takes: TypeSet::STRING,
    gives: TypeSet::STRING,
    fallible: true,
    examples: &[
        example("{local_to_utc: Europe/Berlin}", r#""2026-03-01 14:05:00""#, r#""2026-03-01T13:05:00Z""#),
        example("{local_to_utc: Europe/Berlin}", r#""2026-07-01T14:05:00.5""#, r#""2026-07-01T12:05:00.5Z""#),
        // In spring the clocks skip this time, in autumn they show it twice.
        example("{local_to_utc: Europe/Berlin}", r#""2026-03-29 02:30:00""#, "ambiguous-time"),
        example("{local_to_utc: Europe/Berlin}", r#""2026-10-25 02:30:00""#, "ambiguous-time"),
        example(
            "{local_to_utc: {zone: Europe/Berlin, ambiguous: earlier}}",
            r#""2026-10-25 02:30:00""#,
            r#""2026-10-25T00:30:00Z""#,
        ),
        example(
            "{local_to_utc: {zone: Europe/Berlin, ambiguous: earlier}}",
            r#""2026-03-29 02:30:00""#,
            r#""2026-03-29T00:30:00Z""#,
        ),
        example(
            "{local_to_utc: {zone: Europe/Berlin, ambiguous: later}}",
            r#""2026-10-25 02:30:00""#,
            r#""2026-10-25T01:30:00Z""#,
        ),
        example("{local_to_utc: Europe/Berlin}", r#""2026-03-01T14:05:00Z""#, "not-convertible"),
        example("{local_to_utc: Europe/Berlin}", r#""2026-03-01""#, "not-convertible"),
    ],
    compile: |argument| {
        let argument = argument.ok_or_else(|| NEEDS.to_owned())?;
        if let Some(name) = argument.as_str() {
            return Ok(Arc::new(LocalToUtc { zone: zone(name)?, ambiguous: Ambiguous::Reject }));
        }
        let entries = argument.entries().ok_or_else(|| NEEDS.to_owned())?;
        if let Some(odd) = entries.iter().find(|e| !matches!(e.key.as_str(), "zone" | "ambiguous")) {
            return Err(format!("has no option \"{}\", only zone and ambiguous", quoted(&odd.key, 40)));
        }
        let named = argument.get("zone").and_then(Node::as_str).ok_or_else(|| NEEDS.to_owned())?;
        let ambiguous = match argument.get("ambiguous").map(Node::as_str) {
            None | Some(Some("reject")) => Ambiguous::Reject,
            Some(Some("earlier")) => Ambiguous::Earlier,
            Some(Some("later")) => Ambiguous::Later,
            Some(_) => return Err("takes reject, earlier or later as ambiguous".to_owned()),
        };
        Ok(Arc::new(LocalToUtc { zone: zone(named)?, ambiguous }))
    },
};

const NEEDS: &str = "needs the name of a time zone, like Europe/Berlin";

/// What to do with a time that the clocks skipped, or showed twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ambiguous {
    /// The record is rejected: which instant was meant is not known.
    Reject,
    /// The earlier of the two instants that it can be.
    Earlier,
    /// The later of them.
    Later,
}

#[derive(Debug)]
struct LocalToUtc {
    zone: TimeZone,
    ambiguous: Ambiguous,
}

/// The zone of this name in the IANA database that is compiled in: the same on every machine. An offset such as
/// `+01:00` is no zone: it knows no summer.
pub(super) fn zone(name: &str) -> Result<TimeZone, String> {
    let database = jiff::tz::TimeZoneDatabase::bundled();
    database.get(name).map_err(|_| {
        let known: Vec<String> = database.available().map(|n| n.as_str().to_owned()).collect();
        let near = nearest(name, known.iter().map(String::as_str));
        let near = near.map_or_else(String::new, |n| format!("; did you mean \"{n}\"?"));
        format!("knows no time zone \"{}\" in the IANA database{near}", quoted(name, 60))
    })
}

/// A date and a time, joined by `T` or a space; nothing that names a zone, nothing that lacks the time.
fn civil(text: &str) -> Option<DateTime> {
    let text = text.trim();
    let plain = |b: u8| b.is_ascii_digit() || matches!(b, b'-' | b':' | b'.' | b'T' | b' ');
    let timed = text.contains(':') && text.len() >= 16 && text.bytes().all(plain);
    // After the date no hyphen follows: `2026-03-01T14:05-05` has an offset.
    let offset = text.get(10..).is_some_and(|rest| rest.contains('-'));
    (timed && !offset).then(|| text.parse().ok()).flatten()
}

impl Op for LocalToUtc {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let text = text("local_to_utc", input)?;
        let local = civil(text).ok_or_else(|| {
            Fault::new("not-convertible", "is not a date and time without zone, like 2026-03-01 14:05:00")
        })?;
        let found = self.zone.to_ambiguous_timestamp(local);
        let when = match (found.offset(), self.ambiguous) {
            (AmbiguousOffset::Unambiguous { .. }, _) => found.unambiguous(),
            (_, Ambiguous::Earlier) => found.earlier(),
            (_, Ambiguous::Later) => found.later(),
            (AmbiguousOffset::Gap { .. }, Ambiguous::Reject) => {
                return Err(Fault::new("ambiguous-time", "is a time that the clocks of the zone skipped"));
            }
            (AmbiguousOffset::Fold { .. }, Ambiguous::Reject) => {
                return Err(Fault::new("ambiguous-time", "is a time that the clocks of the zone showed twice"));
            }
        };
        let out_of_range = || Fault::new("out-of-range", "is no time between the years 0 and 9999");
        let utc: Timestamp = when.map_err(|_| out_of_range())?;
        let shown = Some(utc.to_string()).filter(|t| !t.starts_with('-'));
        shown.map(|t| Some(Value::String(t))).ok_or_else(out_of_range)
    }

    fn flow(&self, input: &Kind) -> Kind {
        let measure = Measured::by_step(Measure::Clock(Zone::Utc));
        // Without a fraction the text is as long as it can be without one, plus the Z.
        let longest = if input.max_length.is_some_and(|l| l <= 19) { 20 } else { 30 };
        let format = Some("date-time".to_owned());
        Kind { min_length: 20, max_length: Some(longest), format, measure, ..Kind::of(TypeSet::STRING) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn utc(zone_name: &str, ambiguous: Ambiguous, local: &str) -> Result<String, &'static str> {
        let op = LocalToUtc { zone: zone(zone_name).expect("a zone"), ambiguous };
        match op.apply(&json!(local), &Value::Null) {
            Ok(Some(Value::String(s))) => Ok(s),
            Ok(other) => panic!("{other:?}"),
            Err(fault) => Err(fault.code),
        }
    }

    #[test]
    fn what_names_a_zone_or_lacks_a_time_is_refused() {
        for odd in [
            "2026-03-01T14:05:00+01:00",
            "2026-03-01T14:05-05",
            "2026-03-01 14:05:00Z",
            "2026-03-01T14:05:00[Europe/Berlin]",
            "2026-03-01",
            "14:05:00",
            "01.03.2026 14:05:00",
            "2026-02-29 14:05:00",
            "2026-03-01 24:05:00",
            "",
        ] {
            assert_eq!(utc("Europe/Berlin", Ambiguous::Earlier, odd), Err("not-convertible"), "{odd}");
        }
        assert_eq!(
            utc("Europe/Berlin", Ambiguous::Reject, " 2026-03-01 14:05 ").as_deref(),
            Ok("2026-03-01T13:05:00Z")
        );
    }

    #[test]
    fn a_skipped_hour_has_two_readings_too() {
        let at = |a| utc("America/New_York", a, "2026-03-08 02:30:00");
        assert_eq!(at(Ambiguous::Reject), Err("ambiguous-time"));
        assert_eq!(at(Ambiguous::Earlier).as_deref(), Ok("2026-03-08T06:30:00Z"));
        assert_eq!(at(Ambiguous::Later).as_deref(), Ok("2026-03-08T07:30:00Z"));
        // Zones of half hours, of none, and on the other side of the date line.
        assert_eq!(
            utc("Asia/Kolkata", Ambiguous::Reject, "2026-03-08 02:30:00").as_deref(),
            Ok("2026-03-07T21:00:00Z")
        );
        assert_eq!(utc("UTC", Ambiguous::Reject, "2026-03-08 02:30:00").as_deref(), Ok("2026-03-08T02:30:00Z"));
        assert_eq!(
            utc("Pacific/Kiritimati", Ambiguous::Reject, "2026-01-01 00:00:00").as_deref(),
            Ok("2025-12-31T10:00:00Z")
        );
    }

    #[test]
    fn an_unknown_zone_is_named_with_the_nearest() {
        let said = zone("Europe/Berlni").err().unwrap_or_default();
        assert!(said.contains("did you mean \"Europe/Berlin\""), "{said}");
        assert!(zone("+01:00").is_err() && zone("").is_err());
    }

    proptest::proptest! {
        /// Whatever instant it is, its local form leads back to it, unless the clocks showed that form twice; then
        /// one of the two readings does.
        #[test]
        fn local_forms_lead_back(second in 0_i64..4_102_444_800, at in 0_usize..6) {
            let name = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo",
                "Africa/Casablanca"][at];
            let instant = Timestamp::from_second(second).expect("in range");
            let local = instant.to_zoned(zone(name).expect("a zone")).datetime().to_string();
            let (earlier, later) = (utc(name, Ambiguous::Earlier, &local), utc(name, Ambiguous::Later, &local));
            let wanted = Ok(instant.to_string());
            proptest::prop_assert!(earlier == wanted || later == wanted);
            match utc(name, Ambiguous::Reject, &local) {
                Ok(plain) => proptest::prop_assert!(Ok(plain) == wanted && earlier == later),
                Err(code) => proptest::prop_assert!(code == "ambiguous-time" && earlier != later),
            }
        }

        /// Any text is converted or refused; none ends the program.
        #[test]
        fn any_text_is_converted_or_refused(text in "[0-9T :.Z+-]{0,30}|\\PC{0,12}") {
            if let Ok(utc) = utc("Europe/Berlin", Ambiguous::Reject, &text) {
                proptest::prop_assert!(utc.ends_with('Z') && utc.parse::<Timestamp>().is_ok());
            }
        }
    }
}
