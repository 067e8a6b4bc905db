//! `date_to_datetime`

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::{Fault, Op, Transform, example, local_to_utc, text, text_argument};
use crate::mapping::kind::Kind;
use crate::mapping::measure::{Measure, Measured, Zone};
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "date_to_datetime",
    usage: r#"{date_to_datetime: Europe/Berlin}"#,
    summary: "The first moment of a date in a named zone as an RFC 3339 date-time in UTC.",
    takes: TypeSet::STRING,
    gives: TypeSet::STRING,
    fallible: true,
    examples: &[
        example(r#"{date_to_datetime: UTC}"#, r#""2026-10-01""#, r#""2026-10-01T00:00:00Z""#),
        example(r#"{date_to_datetime: Europe/Berlin}"#, r#""2026-10-01""#, r#""2026-09-30T22:00:00Z""#),
        example(r#"{date_to_datetime: UTC}"#, r#""1.10.2026""#, r#"not-convertible"#),
    ],
    compile: |argument| {
        let name = text_argument(argument)
            .map_err(|_| "needs the name of a time zone, like Europe/Berlin or UTC".to_owned())?;
        Ok(Arc::new(DateToDatetime(local_to_utc::zone(name)?)))
    },
};

#[derive(Debug)]
struct DateToDatetime(TimeZone);

impl Op for DateToDatetime {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let text = text("date_to_datetime", input)?;
        let date: Option<Date> = (text.len() == 10).then(|| text.parse().ok()).flatten();
        // Where the clocks skip midnight, the day begins after it.
        let start = date.and_then(|d| d.to_zoned(self.0.clone()).ok());
        let shown = start.map(|z| z.timestamp().to_string()).filter(|t| !t.starts_with('-'));
        shown.map(|t| Some(Value::String(t))).ok_or_else(|| Fault::new("not-convertible", "is no date like 2026-10-01"))
    }

    fn flow(&self, _input: &Kind) -> Kind {
        let measure = Measured::by_step(Measure::Clock(Zone::Utc));
        Kind {
            min_length: 20,
            max_length: Some(20),
            format: Some("date-time".to_owned()),
            measure,
            ..Kind::of(TypeSet::STRING)
        }
    }
}
