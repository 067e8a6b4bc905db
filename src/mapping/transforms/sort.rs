//! `sort`

use std::sync::Arc;

use std::cmp::Ordering;

use serde_json::Value;

use super::list_op::ListOp;
use super::{Transform, example, no_argument, number};
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "sort",
    usage: r#"sort"#,
    summary: "Sorts a list: numbers by value, then texts by code point; other items keep their order at the end.",
    takes: TypeSet::ARRAY,
    gives: TypeSet::ARRAY,
    fallible: false,
    examples: &[
        example(r#"sort"#, r#"["b","a"]"#, r#"["a","b"]"#),
        example(r#"sort"#, r#"[10,9.5,2]"#, r#"[2,9.5,10]"#),
    ],
    compile: |argument| {
        no_argument(argument)?;
        let change = |items: &[Value]| {
            let mut items = items.to_vec();
            items.sort_by(order);
            items
        };
        Ok(Arc::new(ListOp { name: "sort", change, leaves: u64::MAX, drops_null: false, unique: false }))
    },
};

fn order(a: &Value, b: &Value) -> Ordering {
    let rank = |v: &Value| match v {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        _ => 2,
    };
    match (a, b) {
        (Value::Number(_), Value::Number(_)) => number::decimal(a).cmp(&number::decimal(b)),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        _ => rank(a).cmp(&rank(b)),
    }
}
