//! `join_items`

use std::sync::Arc;

use serde_json::Value;

use super::{Fault, Op, Transform, cannot_take, example, scalar_text, text_argument};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "join_items",
    usage: r#"{join_items: ", "}"#,
    summary: "The items of a list as one text with a separator between them; null items are left out.",
    takes: TypeSet::ARRAY,
    gives: TypeSet::STRING,
    fallible: true,
    examples: &[
        example(r#"{join_items: ", "}"#, r#"["a",1,true,null]"#, r#""a, 1, true""#),
        example(r#"{join_items: ", "}"#, r#"[]"#, r#""""#),
        example(r#"{join_items: ", "}"#, r#"[{}]"#, r#"not-convertible"#),
    ],
    compile: |argument| Ok(Arc::new(JoinItems(text_argument(argument)?.to_owned()))),
};

#[derive(Debug)]
struct JoinItems(String);

impl Op for JoinItems {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let Value::Array(items) = input else { return Err(cannot_take("join_items", input)) };
        let texts: Option<Vec<String>> = items.iter().filter(|v| !v.is_null()).map(scalar_text).collect();
        let texts = texts.ok_or_else(|| Fault::new("not-convertible", "has an item that is a list or an object"))?;
        Ok(Some(Value::String(texts.join(&self.0))))
    }

    fn flow(&self, _input: &Kind) -> Kind {
        Kind::of(TypeSet::STRING)
    }
}
