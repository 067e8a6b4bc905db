//! `wrap`

use std::sync::Arc;

use serde_json::Value;

use super::{Fault, Op, Transform, cannot_take, example, no_argument};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "wrap",
    usage: r#"wrap"#,
    summary: "A value as a list of one.",
    takes: TypeSet::STRING.with(TypeSet::NUMBER).with(TypeSet::INTEGER).with(TypeSet::BOOLEAN).with(TypeSet::OBJECT),
    gives: TypeSet::ARRAY,
    fallible: false,
    examples: &[example(r#"wrap"#, r#""a""#, r#"["a"]"#), example(r#"wrap"#, r#"{"b":1}"#, r#"[{"b":1}]"#)],
    compile: |argument| {
        no_argument(argument)?;
        Ok(Arc::new(Wrap))
    },
};

#[derive(Debug)]
struct Wrap;

impl Op for Wrap {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        // A list in a list is hardly ever meant.
        if input.is_array() { Err(cannot_take("wrap", input)) } else { Ok(Some(Value::Array(vec![input.clone()]))) }
    }

    fn flow(&self, input: &Kind) -> Kind {
        let item = Kind { nullable: false, optional: false, ..input.clone() };
        Kind { items: Some(Box::new(item)), min_items: 1, max_items: Some(1), ..Kind::of(TypeSet::ARRAY) }
    }
}
