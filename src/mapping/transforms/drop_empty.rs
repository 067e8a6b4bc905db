//! `drop_empty`

use std::sync::Arc;

use serde_json::Value;

use super::{Fault, Op, Transform, example, no_argument};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "drop_empty",
    usage: r#"drop_empty"#,
    summary: "An empty text or list counts as missing; anything else stays.",
    takes: TypeSet::ANY,
    gives: TypeSet::ANY,
    fallible: false,
    examples: &[
        example(r#"drop_empty"#, r#""""#, r#"missing"#),
        example(r#"drop_empty"#, r#"[]"#, r#"missing"#),
        example(r#"drop_empty"#, r#""a""#, r#""a""#),
        example(r#"drop_empty"#, r#"0"#, r#"0"#),
    ],
    compile: |argument| {
        no_argument(argument)?;
        Ok(Arc::new(DropEmpty))
    },
};

#[derive(Debug)]
struct DropEmpty;

impl Op for DropEmpty {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let empty = match input {
            Value::String(s) => s.is_empty(),
            Value::Array(items) => items.is_empty(),
            _ => false,
        };
        Ok((!empty).then(|| input.clone()))
    }

    fn flow(&self, input: &Kind) -> Kind {
        let may_be_empty = (input.types.allows(TypeSet::STRING) && input.min_length == 0)
            || (input.types.allows(TypeSet::ARRAY) && input.min_items == 0);
        let values = input.values.clone().map(|v| v.into_iter().filter(|v| v.as_str() != Some("")).collect());
        Kind {
            optional: may_be_empty,
            min_length: input.min_length.max(1),
            min_items: input.min_items.max(1),
            values,
            ..input.clone()
        }
    }
}
