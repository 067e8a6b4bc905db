//! `first`

use std::sync::Arc;

use serde_json::Value;

use super::{Fault, Op, Transform, cannot_take, example, no_argument};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "first",
    usage: "first",
    summary: "The first item of a list; missing where the list is empty.",
    takes: TypeSet::ARRAY,
    gives: TypeSet::ANY,
    fallible: false,
    examples: &[
        example("first", r#"["a","b"]"#, r#""a""#),
        example("first", "[7]", "7"),
        example("first", "[]", "missing"),
    ],
    compile: |argument| {
        no_argument(argument)?;
        Ok(Arc::new(First))
    },
};

#[derive(Debug)]
struct First;

impl Op for First {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let items = input.as_array().ok_or_else(|| cannot_take("first", input))?;
        Ok(items.first().cloned())
    }

    fn flow(&self, input: &Kind) -> Kind {
        let item = input.items.as_deref().cloned().unwrap_or_default();
        // A null item ends as missing, like an empty list.
        let optional = input.min_items == 0 || item.nullable;
        Kind { optional, nullable: false, ..item }
    }
}
