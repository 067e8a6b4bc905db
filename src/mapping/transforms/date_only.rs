//! `date_only`

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde_json::Value;

use super::{Fault, Op, Transform, example, no_argument, text};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "date_only",
    usage: "date_only",
    summary: "The date of a date-time, as it is written in its own zone; the time of day is lost.",
    takes: TypeSet::STRING,
    gives: TypeSet::STRING,
    fallible: true,
    examples: &[
        example("date_only", r#""2026-10-01T23:30:00-05:00""#, r#""2026-10-01""#),
        example("date_only", r#""2026-10-01""#, r#""2026-10-01""#),
        example("date_only", r#""1 October 2026""#, "not-convertible"),
    ],
    compile: |argument| {
        no_argument(argument)?;
        Ok(Arc::new(DateOnly))
    },
};

#[derive(Debug)]
struct DateOnly;

impl Op for DateOnly {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let text = text("date_only", input)?;
        let date = text.get(..10).filter(|d| d.parse::<Date>().is_ok());
        let whole = text.len() == 10 || text.parse::<Timestamp>().is_ok() || text.parse::<DateTime>().is_ok();
        date.filter(|_| whole)
            .map(|d| Some(Value::String(d.to_owned())))
            .ok_or_else(|| Fault::new("not-convertible", "is neither a date nor a date-time"))
    }

    fn flow(&self, _input: &Kind) -> Kind {
        Kind { min_length: 10, max_length: Some(10), format: Some("date".to_owned()), ..Kind::of(TypeSet::STRING) }
    }
}
