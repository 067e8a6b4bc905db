//! What transforms of a list to a list share.

use serde_json::Value;

use super::{Fault, Op, cannot_take};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

/// A list made into another of the same items, or fewer.
#[derive(Debug)]
pub(super) struct ListOp {
    pub(super) name: &'static str,
    pub(super) change: fn(&[Value]) -> Vec<Value>,
    /// Items of a list that had some: at least so many are left.
    pub(super) leaves: u64,
    /// No null is left.
    pub(super) drops_null: bool,
    /// No two equal items are left.
    pub(super) unique: bool,
}

impl Op for ListOp {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let Value::Array(items) = input else { return Err(cannot_take(self.name, input)) };
        Ok(Some(Value::Array((self.change)(items))))
    }

    fn flow(&self, input: &Kind) -> Kind {
        let items = input.items.clone().map(|mut i| {
            i.nullable &= !self.drops_null;
            i
        });
        Kind {
            items,
            min_items: input.min_items.min(self.leaves),
            max_items: input.max_items,
            unique: self.unique || input.unique,
            ..Kind::of(TypeSet::ARRAY)
        }
    }
}
