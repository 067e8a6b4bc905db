//! `take`

use std::sync::Arc;

use serde_json::Value;

use super::{Fault, Op, Transform, cannot_take, count_argument, example};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "take",
    usage: r#"{take: 10}"#,
    summary: "Keeps the first items of a list, at most so many.",
    takes: TypeSet::ARRAY,
    gives: TypeSet::ARRAY,
    fallible: false,
    examples: &[example(r#"{take: 2}"#, r#"[1,2,3]"#, r#"[1,2]"#), example(r#"{take: 2}"#, r#"[]"#, r#"[]"#)],
    compile: |argument| Ok(Arc::new(Take(count_argument(argument, 1, 100_000)?))),
};

#[derive(Debug)]
struct Take(u64);

impl Op for Take {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let Value::Array(items) = input else { return Err(cannot_take("take", input)) };
        let most = usize::try_from(self.0).unwrap_or(usize::MAX);
        Ok(Some(Value::Array(items.iter().take(most).cloned().collect())))
    }

    fn flow(&self, input: &Kind) -> Kind {
        Kind {
            items: input.items.clone(),
            unique: input.unique,
            min_items: input.min_items.min(self.0),
            max_items: Some(input.max_items.map_or(self.0, |m| m.min(self.0))),
            ..Kind::of(TypeSet::ARRAY)
        }
    }
}
