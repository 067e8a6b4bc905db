//! `parse_date`

use std::sync::Arc;

use jiff::civil::Date;
use serde_json::Value;

use super::{Fault, Op, Transform, example, text, text_argument};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "parse_date",
    usage: r#"{parse_date: '%d.%m.%Y'}"#,
    summary: "A date written in another order as an ISO 8601 date, by the codes of strptime.",
    takes: TypeSet::STRING,
    gives: TypeSet::STRING,
    fallible: true,
    examples: &[
        example(r#"{parse_date: '%d.%m.%Y'}"#, r#""01.10.2026""#, r#""2026-10-01""#),
        example(r#"{parse_date: '%m/%d/%Y'}"#, r#""10/01/2026""#, r#""2026-10-01""#),
        example(r#"{parse_date: '%d.%m.%Y'}"#, r#""2026-10-01""#, r#"not-convertible"#),
    ],
    compile: |argument| {
        let format = text_argument(argument)?;
        // What cannot be read back was no format of a date.
        let probe = Date::constant(2026, 11, 25);
        let round = jiff::fmt::strtime::format(format, probe).ok().and_then(|s| Date::strptime(format, s).ok());
        if round != Some(probe) {
            return Err("needs the codes of a whole date, like '%d.%m.%Y'".to_owned());
        }
        Ok(Arc::new(ParseDate(format.to_owned())))
    },
};

#[derive(Debug)]
struct ParseDate(String);

impl Op for ParseDate {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let date = Date::strptime(&self.0, text("parse_date", input)?.trim());
        date.map(|d| Some(Value::String(d.to_string())))
            .map_err(|_| Fault::new("not-convertible", "is no date of this form"))
    }

    fn flow(&self, _input: &Kind) -> Kind {
        Kind { min_length: 10, max_length: Some(10), format: Some("date".to_owned()), ..Kind::of(TypeSet::STRING) }
    }
}
