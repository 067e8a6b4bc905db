//! `to_boolean`

use std::sync::Arc;

use serde_json::Value;

use super::{Fault, Op, Transform, cannot_take, example, no_argument, number};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "to_boolean",
    usage: "to_boolean",
    summary: "true, yes, y, on, 1 as true; false, no, n, off, 0 as false; in any case, nothing else.",
    takes: TypeSet::STRING.with(TypeSet::INTEGER).with(TypeSet::BOOLEAN),
    gives: TypeSet::BOOLEAN,
    fallible: true,
    examples: &[
        example("to_boolean", r#""Y""#, "true"),
        example("to_boolean", r#""false""#, "false"),
        example("to_boolean", "0", "false"),
        example("to_boolean", r#""maybe""#, "not-convertible"),
        example("to_boolean", "2", "not-convertible"),
    ],
    compile: |argument| {
        no_argument(argument)?;
        Ok(Arc::new(ToBoolean))
    },
};

#[derive(Debug)]
struct ToBoolean;

impl Op for ToBoolean {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let word = match input {
            Value::Bool(b) => return Ok(Some(Value::Bool(*b))),
            Value::String(s) => s.trim().to_lowercase(),
            Value::Number(n) => number::integer(n).ok_or_else(|| cannot_take("to_boolean", input))?,
            _ => return Err(cannot_take("to_boolean", input)),
        };
        match word.as_str() {
            "true" | "yes" | "y" | "on" | "1" => Ok(Some(Value::Bool(true))),
            "false" | "no" | "n" | "off" | "0" => Ok(Some(Value::Bool(false))),
            _ => Err(Fault::new("not-convertible", "is neither a word for true nor one for false")),
        }
    }

    fn flow(&self, _input: &Kind) -> Kind {
        Kind::of(TypeSet::BOOLEAN)
    }
}
