//! `extract`

use std::sync::Arc;

use regex::Regex;
use serde_json::Value;

use super::{Fault, Op, Transform, example, text, text_argument};
use crate::mapping::kind::{Kind, Reach};
use crate::model::{TypeSet, capture_length};

pub(super) static TRANSFORM: Transform = Transform {
    name: "extract",
    usage: r#"{extract: '^order-([0-9]+)$'}"#,
    summary: "The first group of a pattern, or all it matches where it has no group; missing where it does not match. Patterns run in linear time.",
    takes: TypeSet::STRING,
    gives: TypeSet::STRING,
    fallible: false,
    examples: &[
        example(r#"{extract: '^order-([0-9]+)$'}"#, r#""order-17""#, r#""17""#),
        example(r#"{extract: '[0-9]+'}"#, r#""a 12 b 34""#, r#""12""#),
        example(r#"{extract: '[0-9]+'}"#, r#""none""#, r#"missing"#),
    ],
    compile: |argument| {
        let pattern = text_argument(argument)?;
        // The regex crate has no back references: no pattern takes longer than text times pattern.
        let regex = regex::RegexBuilder::new(pattern).size_limit(1 << 20).build();
        let regex = regex.map_err(|e| match e {
            regex::Error::CompiledTooBig(_) => "needs a smaller pattern: its repetitions multiply".to_owned(),
            _ => "needs a pattern of the regex crate, without look-around and back references".to_owned(),
        })?;
        Ok(Arc::new(Extract(regex)))
    },
};

#[derive(Debug)]
struct Extract(Regex);

impl Op for Extract {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let text = text("extract", input)?;
        let found = self.0.captures(text).and_then(|c| c.get(usize::from(self.0.captures_len() > 1)));
        Ok(found.map(|m| Value::String(m.as_str().to_owned())))
    }

    fn flow(&self, input: &Kind) -> Kind {
        // Where the capture is open, it is a part of the text at most.
        let (min_length, own) = capture_length(self.0.as_str()).unwrap_or_default();
        let max_length = own.into_iter().chain(input.max_length).min();
        let reach = if own.is_some() && max_length == own { Reach::Stated } else { Reach::Part };
        Kind { optional: true, min_length, max_length, reach, ..Kind::of(TypeSet::STRING) }
    }
}
