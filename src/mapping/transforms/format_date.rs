//! `format_date`

use std::sync::Arc;

use jiff::civil::Date;
use serde_json::Value;

use super::{Fault, Op, Transform, example, text, text_argument};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "format_date",
    usage: r#"{format_date: '%d.%m.%Y'}"#,
    summary: "An ISO 8601 date written in another order, by the codes of strftime.",
    takes: TypeSet::STRING,
    gives: TypeSet::STRING,
    fallible: true,
    examples: &[
        example(r#"{format_date: '%d.%m.%Y'}"#, r#""2026-10-01""#, r#""01.10.2026""#),
        example(r#"{format_date: '%Y%m'}"#, r#""2026-10-01""#, r#""202610""#),
        example(r#"{format_date: '%Y'}"#, r#""01.10.2026""#, r#"not-convertible"#),
    ],
    compile: |argument| {
        let format = text_argument(argument)?;
        let probe = jiff::fmt::strtime::format(format, Date::constant(2026, 11, 25));
        let probe = probe.map_err(|_| "needs codes of a date, like '%d.%m.%Y'".to_owned())?;
        Ok(Arc::new(FormatDate { format: format.to_owned(), length: probe.chars().count() as u64 }))
    },
};

#[derive(Debug)]
struct FormatDate {
    format: String,
    /// Of a date with two digits everywhere.
    length: u64,
}

impl Op for FormatDate {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let text = text("format_date", input)?;
        let date: Option<Date> = (text.len() == 10).then(|| text.parse().ok()).flatten();
        let shown = date.and_then(|d| jiff::fmt::strtime::format(&self.format, d).ok());
        shown.map(|s| Some(Value::String(s))).ok_or_else(|| Fault::new("not-convertible", "is no date like 2026-10-01"))
    }

    fn flow(&self, _input: &Kind) -> Kind {
        // Names of months and days differ in length; digits do not.
        let fixed = !["%A", "%B", "%c", "%e", "%-"].iter().any(|code| self.format.contains(code));
        Kind { min_length: 1, max_length: fixed.then_some(self.length), ..Kind::of(TypeSet::STRING) }
    }
}
