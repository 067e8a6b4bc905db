//! `upper`

use std::sync::Arc;

use super::text_op::TextOp;
use super::{Transform, example, no_argument};
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "upper",
    usage: "upper",
    summary: "Upper case, by Unicode, for texts in any script.",
    takes: TypeSet::STRING,
    gives: TypeSet::STRING,
    fallible: false,
    examples: &[example("upper", r#""usd""#, r#""USD""#), example("upper", r#""straße""#, r#""STRAßE""#)],
    compile: |argument| {
        no_argument(argument)?;
        Ok(Arc::new(TextOp { name: "upper", change: upper, keeps_length: true, keeps_value: true }))
    },
};

/// Capitals, character by character: a letter whose capital has several characters (ß) stays, so that a text never
/// grows past a stated length.
fn upper(text: &str) -> String {
    text.chars()
        .map(|c| {
            let mut capital = c.to_uppercase();
            match (capital.next(), capital.next()) {
                (Some(one), None) => one,
                _ => c,
            }
        })
        .collect()
}
