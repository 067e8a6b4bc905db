//! `to_json`

use std::sync::Arc;

use serde_json::Value;

use super::{Fault, Op, Transform, cannot_take, example, no_argument};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "to_json",
    usage: r#"to_json"#,
    summary: "An object or a list as JSON text.",
    takes: TypeSet::OBJECT.with(TypeSet::ARRAY),
    gives: TypeSet::STRING,
    fallible: false,
    examples: &[example(r#"to_json"#, r#"{"a":[1]}"#, r#""{\"a\":[1]}""#), example(r#"to_json"#, r#"[]"#, r#""[]""#)],
    compile: |argument| {
        no_argument(argument)?;
        Ok(Arc::new(ToJson))
    },
};

#[derive(Debug)]
struct ToJson;

impl Op for ToJson {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let inside = input.is_array() || input.is_object();
        if inside { Ok(Some(Value::String(input.to_string()))) } else { Err(cannot_take("to_json", input)) }
    }

    fn flow(&self, _input: &Kind) -> Kind {
        Kind { min_length: 2, ..Kind::of(TypeSet::STRING) }
    }
}
