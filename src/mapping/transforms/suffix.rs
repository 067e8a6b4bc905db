//! `suffix`

use std::sync::Arc;

use super::affix::Affix;
use super::{Transform, example, text_argument};
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "suffix",
    usage: r#"{suffix: text}"#,
    summary: "Puts a fixed text behind.",
    takes: TypeSet::STRING,
    gives: TypeSet::STRING,
    fallible: false,
    examples: &[example(r#"{suffix: "-eu"}"#, r#""7""#, r#""7-eu""#), example(r#"{suffix: "!"}"#, r#""""#, r#""!""#)],
    compile: |argument| {
        Ok(Arc::new(Affix { name: "suffix", before: String::new(), after: text_argument(argument)?.to_owned() }))
    },
};
