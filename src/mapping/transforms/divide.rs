//! `divide`

use std::sync::Arc;

use super::arithmetic::{Calculation, factor};
use super::{Transform, example};
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "divide",
    usage: r#"{divide: 100}"#,
    summary: "Divides a number; 28 digits are kept.",
    takes: TypeSet::NUMBER.with(TypeSet::INTEGER),
    gives: TypeSet::NUMBER,
    fallible: true,
    examples: &[
        example(r#"{divide: 100}"#, r#"1250"#, r#"12.5"#),
        example(r#"{divide: 8}"#, r#"1"#, r#"0.125"#),
        example(r#"{divide: 2}"#, r#"1e40"#, r#"out-of-range"#),
    ],
    compile: |argument| {
        Ok(Arc::new(Calculation {
            name: "divide",
            by: factor(argument)?,
            calculate: |a, b| a.checked_div(b),
            whole: false,
        }))
    },
};
