//! `to_number`

use std::sync::Arc;

use serde_json::Value;

use super::{Fault, Op, Transform, cannot_take, example, no_argument, number};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "to_number",
    usage: "to_number",
    summary: "A plain decimal text as a number, to the last digit.",
    takes: TypeSet::STRING.with(TypeSet::NUMBER).with(TypeSet::INTEGER),
    gives: TypeSet::NUMBER,
    fallible: true,
    examples: &[
        example("to_number", r#""10.50""#, "10.50"),
        example("to_number", r#""-0.1234567890123456789""#, "-0.1234567890123456789"),
        example("to_number", r#""1,5""#, "not-convertible"),
        example("to_number", r#""1e5""#, "not-convertible"),
    ],
    compile: |argument| {
        no_argument(argument)?;
        Ok(Arc::new(ToNumber))
    },
};

#[derive(Debug)]
struct ToNumber;

impl Op for ToNumber {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let value = match input {
            Value::Number(_) => Some(input.clone()),
            Value::String(s) => {
                let s = s.trim();
                number::is_decimal(s).then(|| number::json(&number::canonical(s))).flatten()
            }
            _ => return Err(cannot_take("to_number", input)),
        };
        value.map(Some).ok_or_else(|| Fault::new("not-convertible", "is not a plain decimal number"))
    }

    fn flow(&self, input: &Kind) -> Kind {
        let step = input.counted();
        Kind {
            minimum: input.minimum,
            maximum: input.maximum,
            step,
            measure: input.measure.clone(),
            ..Kind::of(TypeSet::NUMBER)
        }
    }
}
