//! `epoch_to_datetime`

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::{Fault, Op, Transform, cannot_take, example, number, text_argument};
use crate::mapping::kind::Kind;
use crate::mapping::measure::{Measure, Measured, Zone};
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "epoch_to_datetime",
    usage: "{epoch_to_datetime: seconds} or {epoch_to_datetime: millis}",
    summary: "Time since 1970-01-01 UTC as an RFC 3339 date-time in UTC.",
    takes: TypeSet::INTEGER,
    gives: TypeSet::STRING,
    fallible: true,
    examples: &[
        example("{epoch_to_datetime: seconds}", "1790812800", r#""2026-10-01T00:00:00Z""#),
        example("{epoch_to_datetime: millis}", "1790812800123", r#""2026-10-01T00:00:00.123Z""#),
        example("{epoch_to_datetime: seconds}", "1790812800123", "out-of-range"),
    ],
    compile: |argument| Ok(Arc::new(EpochToDatetime(Unit::parse(text_argument(argument))?))),
};

/// Unit of a time since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Millis,
}

impl Unit {
    pub(super) fn parse(argument: Result<&str, String>) -> Result<Self, String> {
        match argument {
            Ok("seconds") => Ok(Self::Seconds),
            Ok("millis") => Ok(Self::Millis),
            _ => Err("needs its unit: seconds or millis".to_owned()),
        }
    }
}

#[derive(Debug)]
struct EpochToDatetime(Unit);

impl Op for EpochToDatetime {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let Value::Number(n) = input else { return Err(cannot_take("epoch_to_datetime", input)) };
        let digits = number::integer(n).ok_or_else(|| Fault::new("not-convertible", "is not a whole number"))?;
        let time = digits.parse::<i64>().ok().and_then(|at| match self.0 {
            Unit::Seconds => Timestamp::from_second(at).ok(),
            Unit::Millis => Timestamp::from_millisecond(at).ok(),
        });
        let text = time.map(|t| t.to_string()).filter(|t| !t.starts_with('-'));
        let out_of_range = || Fault::new("out-of-range", "is no time between the years 0 and 9999; check its unit");
        text.map(|t| Some(Value::String(t))).ok_or_else(out_of_range)
    }

    fn flow(&self, _input: &Kind) -> Kind {
        let measure = Measured::by_step(Measure::Clock(Zone::Utc));
        let (low, high) = match self.0 {
            Unit::Seconds => (20, 20),
            Unit::Millis => (20, 24),
        };
        let format = Some("date-time".to_owned());
        Kind { min_length: low, max_length: Some(high), format, measure, ..Kind::of(TypeSet::STRING) }
    }
}
