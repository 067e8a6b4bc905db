//! `not`

use std::sync::Arc;

use serde_json::Value;

use super::{Fault, Op, Transform, cannot_take, example, no_argument};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "not",
    usage: "not",
    summary: "true as false, false as true.",
    takes: TypeSet::BOOLEAN,
    gives: TypeSet::BOOLEAN,
    fallible: false,
    examples: &[example("not", "true", "false"), example("not", "false", "true")],
    compile: |argument| {
        no_argument(argument)?;
        Ok(Arc::new(Not))
    },
};

#[derive(Debug)]
struct Not;

impl Op for Not {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        input.as_bool().map(|b| Some(Value::Bool(!b))).ok_or_else(|| cannot_take("not", input))
    }

    fn flow(&self, _input: &Kind) -> Kind {
        Kind::of(TypeSet::BOOLEAN)
    }
}
