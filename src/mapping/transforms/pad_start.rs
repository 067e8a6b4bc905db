//! `pad_start`

use std::sync::Arc;

use serde_json::Value;

use super::{Fault, Op, Transform, count_argument, example, text};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "pad_start",
    usage: r#"{pad_start: 8}"#,
    summary: "Fills a text with zeros in front, up to so many characters; longer ones stay.",
    takes: TypeSet::STRING,
    gives: TypeSet::STRING,
    fallible: false,
    examples: &[
        example(r#"{pad_start: 5}"#, r#""42""#, r#""00042""#),
        example(r#"{pad_start: 2}"#, r#""123""#, r#""123""#),
    ],
    compile: |argument| Ok(Arc::new(PadStart(count_argument(argument, 1, 1_000)?))),
};

#[derive(Debug)]
struct PadStart(u64);

impl Op for PadStart {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let width = usize::try_from(self.0).unwrap_or(usize::MAX);
        Ok(Some(Value::String(format!("{:0>width$}", text("pad_start", input)?))))
    }

    fn flow(&self, input: &Kind) -> Kind {
        Kind {
            min_length: input.min_length.max(self.0),
            max_length: input.max_length.map(|m| m.max(self.0)),
            reach: input.reach,
            ..Kind::of(TypeSet::STRING)
        }
    }
}
