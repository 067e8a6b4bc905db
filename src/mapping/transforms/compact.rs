//! `compact`

use std::sync::Arc;

use super::list_op::ListOp;
use super::{Transform, example, no_argument};
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "compact",
    usage: r#"compact"#,
    summary: "Leaves out items that are null or an empty text.",
    takes: TypeSet::ARRAY,
    gives: TypeSet::ARRAY,
    fallible: false,
    examples: &[example(r#"compact"#, r#"["a",null,"",0]"#, r#"["a",0]"#), example(r#"compact"#, r#"[null]"#, r#"[]"#)],
    compile: |argument| {
        no_argument(argument)?;
        Ok(Arc::new(ListOp {
            name: "compact",
            change: |items| items.iter().filter(|v| !v.is_null() && v.as_str() != Some("")).cloned().collect(),
            leaves: 0,
            drops_null: true,
            unique: false,
        }))
    },
};
