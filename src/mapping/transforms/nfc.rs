//! `nfc`

use std::sync::Arc;

use unicode_normalization::UnicodeNormalization as _;

use super::text_op::TextOp;
use super::{Transform, example, no_argument};
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "nfc",
    usage: r#"nfc"#,
    summary: "Unicode normalization form C (UAX 15): letters that look the same become the same, as keys must be.",
    takes: TypeSet::STRING,
    gives: TypeSet::STRING,
    fallible: false,
    examples: &[example(r#"nfc"#, r#""Zoe\u0308""#, r#""Zoë""#), example(r#"nfc"#, r#""abc""#, r#""abc""#)],
    compile: |argument| {
        no_argument(argument)?;
        // Composed forms of a few letters are two code points: a text may lose length and, rarely, gain none.
        Ok(Arc::new(TextOp { name: "nfc", change: |s| s.nfc().collect(), keeps_length: false, keeps_value: true }))
    },
};
