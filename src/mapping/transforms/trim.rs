//! `trim`

use std::sync::Arc;

use super::text_op::TextOp;
use super::{Transform, example, no_argument};
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "trim",
    usage: "trim",
    summary: "Takes white space off both ends.",
    takes: TypeSet::STRING,
    gives: TypeSet::STRING,
    fallible: false,
    examples: &[example("trim", r#"" Ada  Lovelace\n""#, r#""Ada  Lovelace""#), example("trim", r#""   ""#, r#""""#)],
    compile: |argument| {
        no_argument(argument)?;
        let change = |s: &str| s.trim().to_owned();
        Ok(Arc::new(TextOp { name: "trim", change, keeps_length: false, keeps_value: true }))
    },
};
