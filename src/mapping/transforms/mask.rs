//! `mask`

use std::sync::Arc;

use serde_json::Value;

use super::{Fault, Op, Transform, count_argument, example, text};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "mask",
    usage: r#"{mask: 4}"#,
    summary: "Keeps so many characters at the end and puts a star for each other one.",
    takes: TypeSet::STRING,
    gives: TypeSet::STRING,
    fallible: false,
    examples: &[
        example(r#"{mask: 4}"#, r#""DE89370400440532""#, r#""************0532""#),
        example(r#"{mask: 4}"#, r#""123""#, r#""***""#),
    ],
    compile: |argument| Ok(Arc::new(Mask(count_argument(argument, 0, 8)?))),
};

#[derive(Debug)]
struct Mask(u64);

impl Op for Mask {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let text = text("mask", input)?;
        let length = text.chars().count();
        // Of a text no longer than what would be kept, all is hidden.
        let keep = usize::try_from(self.0).unwrap_or(0);
        let hidden = if length <= keep { length } else { length - keep };
        Ok(Some(Value::String(text.chars().enumerate().map(|(i, c)| if i < hidden { '*' } else { c }).collect())))
    }

    fn flow(&self, input: &Kind) -> Kind {
        Kind {
            min_length: input.min_length,
            max_length: input.max_length,
            reach: input.reach,
            ..Kind::of(TypeSet::STRING)
        }
    }
}
