//! `truncate`

use std::sync::Arc;

use serde_json::Value;

use super::{Fault, Op, Transform, count_argument, example, text};
use crate::mapping::kind::Kind;
use crate::mapping::measure::Measured;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "truncate",
    usage: "{truncate: 100}",
    summary: "Keeps the first characters, at most so many.",
    takes: TypeSet::STRING,
    gives: TypeSet::STRING,
    fallible: false,
    examples: &[
        example("{truncate: 3}", r#""abcdef""#, r#""abc""#),
        example("{truncate: 3}", r#""äöüß""#, r#""äöü""#),
        example("{truncate: 3}", r#""ab""#, r#""ab""#),
    ],
    compile: |argument| Ok(Arc::new(Truncate(count_argument(argument, 1, 1_000_000)?))),
};

#[derive(Debug)]
struct Truncate(u64);

impl Op for Truncate {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let most = usize::try_from(self.0).unwrap_or(usize::MAX);
        Ok(Some(Value::String(text("truncate", input)?.chars().take(most).collect())))
    }

    fn flow(&self, input: &Kind) -> Kind {
        Kind {
            min_length: input.min_length.min(self.0),
            max_length: Some(input.max_length.map_or(self.0, |m| m.min(self.0))),
            reach: input.reach,
            // A text cut short keeps its format only where it was short enough already.
            format: input.format.clone().filter(|_| input.max_length.is_some_and(|m| m <= self.0)),
            // Of a number as text the first digits are another number.
            measure: input.measure.as_deref().and_then(Measured::clock),
            ..Kind::of(TypeSet::STRING)
        }
    }
}
