//! `prefix`

use std::sync::Arc;

use super::affix::Affix;
use super::{Transform, example, text_argument};
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "prefix",
    usage: r#"{prefix: text}"#,
    summary: "Puts a fixed text in front.",
    takes: TypeSet::STRING,
    gives: TypeSet::STRING,
    fallible: false,
    examples: &[example(r#"{prefix: cus_}"#, r#""7""#, r#""cus_7""#), example(r#"{prefix: "+"}"#, r#""""#, r#""+""#)],
    compile: |argument| {
        Ok(Arc::new(Affix { name: "prefix", before: text_argument(argument)?.to_owned(), after: String::new() }))
    },
};
