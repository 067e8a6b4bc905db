//! `to_utc`

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::{Fault, Op, Transform, example, no_argument, text};
use crate::mapping::kind::Kind;
use crate::mapping::measure::{Measure, Measured, Zone};
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "to_utc",
    usage: r#"to_utc"#,
    summary: "An RFC 3339 date-time with any offset as the same instant in UTC.",
    takes: TypeSet::STRING,
    gives: TypeSet::STRING,
    fallible: true,
    examples: &[
        example(r#"to_utc"#, r#""2026-10-01T02:00:00+02:00""#, r#""2026-10-01T00:00:00Z""#),
        example(r#"to_utc"#, r#""2026-10-01T00:00:00Z""#, r#""2026-10-01T00:00:00Z""#),
        example(r#"to_utc"#, r#""2026-10-01T00:00:00""#, r#"not-convertible"#),
    ],
    compile: |argument| {
        no_argument(argument)?;
        Ok(Arc::new(ToUtc))
    },
};

#[derive(Debug)]
struct ToUtc;

impl Op for ToUtc {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let time: Timestamp = text("to_utc", input)?
            .parse()
            .map_err(|_| Fault::new("not-convertible", "is not a date-time with a time zone"))?;
        let shown = Some(time.to_string()).filter(|t| !t.starts_with('-'));
        shown
            .map(|t| Some(Value::String(t)))
            .ok_or_else(|| Fault::new("not-convertible", "is no time after the year 0"))
    }

    fn flow(&self, input: &Kind) -> Kind {
        // A local time that was made to look like an instant is still one.
        let local = |m: &&Measured| matches!(m.is, Measure::Clock(Zone::Local(_)));
        let measure = match input.measure.as_deref().filter(local) {
            Some(local) => Some(Box::new(local.clone())),
            None => Measured::by_step(Measure::Clock(Zone::Utc)),
        };
        Kind {
            min_length: 20,
            max_length: Some(30),
            format: Some("date-time".to_owned()),
            measure,
            ..Kind::of(TypeSet::STRING)
        }
    }
}
