//! What transforms of text to text share.

use serde_json::Value;

use super::{Fault, Op, text};
use crate::mapping::kind::{Kind, Reach};
use crate::model::TypeSet;

/// A text made into another that is not longer, by a function without argument.
#[derive(Debug)]
pub(super) struct TextOp {
    pub(super) name: &'static str,
    pub(super) change: fn(&str) -> String,
    /// Never makes a text shorter.
    pub(super) keeps_length: bool,
    /// A number or a time in it is the same afterwards.
    pub(super) keeps_value: bool,
}

impl Op for TextOp {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        Ok(Some(Value::String((self.change)(text(self.name, input)?))))
    }

    fn flow(&self, input: &Kind) -> Kind {
        Kind {
            types: TypeSet::STRING,
            min_length: if self.keeps_length { input.min_length } else { 0 },
            max_length: input.max_length,
            reach: if self.keeps_value { input.reach } else { Reach::Part },
            format: input.format.clone(),
            measure: input.measure.clone().filter(|_| self.keeps_value),
            ..Kind::default()
        }
    }
}
