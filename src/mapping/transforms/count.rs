//! `count`

use std::sync::Arc;

use serde_json::Value;

use super::{Fault, Op, Transform, cannot_take, example, no_argument};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "count",
    usage: r#"count"#,
    summary: "How many items a list has.",
    takes: TypeSet::ARRAY,
    gives: TypeSet::INTEGER,
    fallible: false,
    examples: &[example(r#"count"#, r#"["a",null]"#, r#"2"#), example(r#"count"#, r#"[]"#, r#"0"#)],
    compile: |argument| {
        no_argument(argument)?;
        Ok(Arc::new(Count))
    },
};

#[derive(Debug)]
struct Count;

impl Op for Count {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let Value::Array(items) = input else { return Err(cannot_take("count", input)) };
        Ok(Some(Value::from(items.len())))
    }

    fn flow(&self, _input: &Kind) -> Kind {
        Kind::of(TypeSet::INTEGER)
    }
}
