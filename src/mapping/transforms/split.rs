//! `split`

use std::sync::Arc;

use serde_json::Value;

use super::{Fault, Op, Transform, example, text, text_argument};
use crate::mapping::kind::{Kind, Reach};
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "split",
    usage: "{split: \" \"}",
    summary: "Splits a text at each separator into a list of at least one text.",
    takes: TypeSet::STRING,
    gives: TypeSet::ARRAY,
    fallible: false,
    examples: &[
        example("{split: \" \"}", r#""Ada King Lovelace""#, r#"["Ada","King","Lovelace"]"#),
        example("{split: \",\"}", r#""a,,b""#, r#"["a","","b"]"#),
        example("{split: \",\"}", r#""""#, r#"[""]"#),
    ],
    compile: |argument| {
        let separator = text_argument(argument)?;
        if separator.is_empty() {
            return Err("needs a separator that is not empty".to_owned());
        }
        Ok(Arc::new(Split(separator.to_owned())))
    },
};

#[derive(Debug)]
struct Split(String);

impl Op for Split {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let parts = text("split", input)?.split(&self.0).map(|p| Value::String(p.to_owned()));
        Ok(Some(Value::Array(parts.collect())))
    }

    fn flow(&self, input: &Kind) -> Kind {
        let item = Kind { max_length: input.max_length, reach: Reach::Part, ..Kind::of(TypeSet::STRING) };
        Kind { items: Some(Box::new(item)), min_items: 1, ..Kind::of(TypeSet::ARRAY) }
    }
}
