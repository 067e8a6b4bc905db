//! `to_integer`

use std::sync::Arc;

use serde_json::Value;

use super::{Fault, Op, Transform, cannot_take, example, no_argument, number};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "to_integer",
    usage: "to_integer",
    summary: "A text of digits, or a number without fraction, as an integer of any size.",
    takes: TypeSet::STRING.with(TypeSet::NUMBER).with(TypeSet::INTEGER),
    gives: TypeSet::INTEGER,
    fallible: true,
    examples: &[
        example("to_integer", r#""0042""#, "42"),
        example("to_integer", r#""12345678901234567890""#, "12345678901234567890"),
        example("to_integer", "3.0", "3"),
        example("to_integer", r#""4.2""#, "not-convertible"),
        example("to_integer", r#""1,000""#, "not-convertible"),
        example("to_integer", "4.2", "not-convertible"),
    ],
    compile: |argument| {
        no_argument(argument)?;
        Ok(Arc::new(ToInteger))
    },
};

#[derive(Debug)]
struct ToInteger;

impl Op for ToInteger {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let digits = match input {
            Value::Number(n) => number::integer(n),
            Value::String(s) => {
                let s = s.trim();
                (number::is_decimal(s) && !s.contains('.')).then(|| number::canonical(s))
            }
            _ => return Err(cannot_take("to_integer", input)),
        };
        let value = digits.as_deref().and_then(number::json);
        value.map(Some).ok_or_else(|| Fault::new("not-convertible", "is not a whole number"))
    }

    fn flow(&self, input: &Kind) -> Kind {
        let format = input.format.clone().filter(|_| input.types == TypeSet::INTEGER);
        let step = input.step.filter(|step| step.is_integer());
        Kind {
            format,
            minimum: input.minimum,
            maximum: input.maximum,
            step,
            measure: input.measure.clone(),
            ..Kind::of(TypeSet::INTEGER)
        }
    }
}
