//! `unique`

use std::sync::Arc;

use super::list_op::ListOp;
use super::{Transform, example, no_argument};
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "unique",
    usage: r#"unique"#,
    summary: "Keeps the first of items that are equal, in their order.",
    takes: TypeSet::ARRAY,
    gives: TypeSet::ARRAY,
    fallible: false,
    examples: &[example(r#"unique"#, r#"["b","a","b"]"#, r#"["b","a"]"#), example(r#"unique"#, r#"[]"#, r#"[]"#)],
    compile: |argument| {
        no_argument(argument)?;
        Ok(Arc::new(ListOp {
            name: "unique",
            change: |items| {
                let mut seen = std::collections::BTreeSet::new();
                items.iter().filter(|v| seen.insert(v.to_string())).cloned().collect()
            },
            leaves: 1,
            drops_null: false,
        }))
    },
};
