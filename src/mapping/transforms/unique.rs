//! `unique`

use std::sync::Arc;

use super::list_op::ListOp;
use super::{Transform, example, no_argument};
use crate::model::TypeSet;
use crate::model::distinct::identity;

pub(super) static TRANSFORM: Transform = Transform {
    name: "unique",
    usage: r#"unique"#,
    summary: "Keeps the first of items that are equal (1 and 1.0 are), in their order.",
    takes: TypeSet::ARRAY,
    gives: TypeSet::ARRAY,
    fallible: false,
    examples: &[
        example(r#"unique"#, r#"["b","a","b"]"#, r#"["b","a"]"#),
        example(r#"unique"#, r#"[1,1.0,"1"]"#, r#"[1,"1"]"#),
    ],
    compile: |argument| {
        no_argument(argument)?;
        Ok(Arc::new(ListOp {
            name: "unique",
            change: |items| {
                let mut seen = std::collections::BTreeSet::new();
                items.iter().filter(|v| seen.insert(identity(v))).cloned().collect()
            },
            leaves: 1,
            drops_null: false,
            unique: true,
        }))
    },
};
