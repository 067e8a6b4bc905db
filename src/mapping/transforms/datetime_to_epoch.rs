//! `datetime_to_epoch`

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Number, Value};

use super::epoch_to_datetime::Unit;
use super::{Fault, Op, Transform, example, text, text_argument};
use crate::mapping::kind::Kind;
use crate::mapping::measure::{Measure, Measured, Zone};
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "datetime_to_epoch",
    usage: "{datetime_to_epoch: seconds} or {datetime_to_epoch: millis}",
    summary: "An RFC 3339 date-time with zone as time since 1970-01-01 UTC; smaller fractions are cut off.",
    takes: TypeSet::STRING,
    gives: TypeSet::INTEGER,
    fallible: true,
    examples: &[
        example("{datetime_to_epoch: seconds}", r#""2026-10-01T02:00:00.9+02:00""#, "1790812800"),
        example("{datetime_to_epoch: millis}", r#""2026-10-01T00:00:00.123Z""#, "1790812800123"),
        example("{datetime_to_epoch: seconds}", r#""2026-10-01T00:00:00""#, "not-convertible"),
    ],
    compile: |argument| Ok(Arc::new(DatetimeToEpoch(Unit::parse(text_argument(argument))?))),
};

#[derive(Debug)]
struct DatetimeToEpoch(Unit);

impl Op for DatetimeToEpoch {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        // Without a zone the instant would be a guess.
        let time: Timestamp = text("datetime_to_epoch", input)?
            .parse()
            .map_err(|_| Fault::new("not-convertible", "is not a date-time with a time zone"))?;
        let at = match self.0 {
            Unit::Seconds => time.as_millisecond().div_euclid(1000),
            Unit::Millis => time.as_millisecond(),
        };
        Ok(Some(Value::Number(Number::from(at))))
    }

    fn flow(&self, input: &Kind) -> Kind {
        let digits = match self.0 {
            Unit::Seconds => 0,
            Unit::Millis => 3,
        };
        let local = input.measure.as_deref().is_some_and(|m| matches!(m.is, Measure::Clock(Zone::Local(_))));
        let measure = Measured::by_step(Measure::Epoch { digits, local });
        Kind { format: Some("int64".to_owned()), measure, ..Kind::of(TypeSet::INTEGER) }
    }
}
