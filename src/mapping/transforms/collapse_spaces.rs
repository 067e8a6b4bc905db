//! `collapse_spaces`

use std::sync::Arc;

use super::text_op::TextOp;
use super::{Transform, example, no_argument};
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "collapse_spaces",
    usage: r#"collapse_spaces"#,
    summary: "White space in a row becomes one space, and none is left at the ends.",
    takes: TypeSet::STRING,
    gives: TypeSet::STRING,
    fallible: false,
    examples: &[
        example(r#"collapse_spaces"#, r#""  Ada \n Lovelace ""#, r#""Ada Lovelace""#),
        example(r#"collapse_spaces"#, r#"" ""#, r#""""#),
    ],
    compile: |argument| {
        no_argument(argument)?;
        Ok(Arc::new(TextOp {
            name: "collapse_spaces",
            change: |s| s.split_whitespace().collect::<Vec<_>>().join(" "),
            keeps_length: false,
            keeps_value: true,
        }))
    },
};
