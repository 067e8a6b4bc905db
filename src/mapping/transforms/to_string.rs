//! `to_string`

use std::sync::Arc;

use serde_json::Value;

use super::{Fault, Op, Transform, cannot_take, example, no_argument, scalar_text};
use crate::mapping::kind::{Bound, Kind};
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "to_string",
    usage: "to_string",
    summary: "A number or flag as text, digits as written, without exponent.",
    takes: TypeSet::STRING.with(TypeSet::NUMBER).with(TypeSet::INTEGER).with(TypeSet::BOOLEAN),
    gives: TypeSet::STRING,
    fallible: false,
    examples: &[
        example("to_string", "12345678901234567890", r#""12345678901234567890""#),
        example("to_string", "10.50", r#""10.50""#),
        example("to_string", "1e3", r#""1000""#),
        example("to_string", "true", r#""true""#),
    ],
    compile: |argument| {
        no_argument(argument)?;
        Ok(Arc::new(ToString))
    },
};

#[derive(Debug)]
struct ToString;

impl Op for ToString {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        scalar_text(input).map(|s| Some(Value::String(s))).ok_or_else(|| cannot_take("to_string", input))
    }

    fn flow(&self, input: &Kind) -> Kind {
        let longest = if input.types == TypeSet::BOOLEAN {
            Some(5)
        } else if input.types == TypeSet::STRING {
            input.max_length
        } else {
            let digits = |b: Option<Bound>| Some(b?.at.normalize().to_string().len() as u64);
            let whole = input.types == TypeSet::INTEGER;
            let ends = digits(input.minimum).zip(digits(input.maximum)).filter(|_| whole).map(|(a, b)| a.max(b));
            ends.or(match input.format.as_deref() {
                Some("int32") if input.types == TypeSet::INTEGER => Some(11),
                Some("int64") if input.types == TypeSet::INTEGER => Some(20),
                _ => None,
            })
        };
        let format = input.format.clone().filter(|_| input.types == TypeSet::STRING);
        Kind {
            min_length: 1.min(input.min_length.max(u64::from(input.types != TypeSet::STRING))),
            max_length: longest,
            format,
            measure: input.measure.clone(),
            reach: input.reach,
            ..Kind::of(TypeSet::STRING)
        }
    }
}
