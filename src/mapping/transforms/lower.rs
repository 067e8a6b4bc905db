//! `lower`

use std::sync::Arc;

use super::text_op::TextOp;
use super::{Transform, example, no_argument};
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "lower",
    usage: "lower",
    summary: "Lower case, by Unicode, for texts in any script.",
    takes: TypeSet::STRING,
    gives: TypeSet::STRING,
    fallible: false,
    examples: &[
        example("lower", r#""Ada@Example.COM""#, r#""ada@example.com""#),
        example("lower", r#""ÄÖ""#, r#""äö""#),
    ],
    compile: |argument| {
        no_argument(argument)?;
        Ok(Arc::new(TextOp { name: "lower", change: lower, keeps_length: true, keeps_value: true }))
    },
};

/// Small letters, character by character: where Unicode has a small form of several characters (İ) the capital stays,
/// so that a text never grows past a stated length.
fn lower(text: &str) -> String {
    text.chars()
        .map(|c| {
            let mut small = c.to_lowercase();
            match (small.next(), small.next()) {
                (Some(one), None) => one,
                _ => c,
            }
        })
        .collect()
}
