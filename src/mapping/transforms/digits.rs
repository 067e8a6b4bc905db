//! `digits`

use std::sync::Arc;

use super::text_op::TextOp;
use super::{Transform, example, no_argument};
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "digits",
    usage: r#"digits"#,
    summary: "Keeps the digits 0 to 9 of a text.",
    takes: TypeSet::STRING,
    gives: TypeSet::STRING,
    fallible: false,
    examples: &[
        example(r#"digits"#, r#""+1 (555) 01-02""#, r#""15550102""#),
        example(r#"digits"#, r#""none""#, r#""""#),
    ],
    compile: |argument| {
        no_argument(argument)?;
        Ok(Arc::new(TextOp {
            name: "digits",
            change: |s| s.chars().filter(char::is_ascii_digit).collect(),
            keeps_length: false,
            keeps_value: false,
        }))
    },
};
