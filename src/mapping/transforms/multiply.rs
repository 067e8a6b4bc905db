//! `multiply`

use std::sync::Arc;

use super::arithmetic::{Calculation, factor};
use super::{Transform, example};
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "multiply",
    usage: r#"{multiply: 100}"#,
    summary: "Multiplies a number exactly.",
    takes: TypeSet::NUMBER.with(TypeSet::INTEGER),
    gives: TypeSet::NUMBER,
    fallible: true,
    examples: &[
        example(r#"{multiply: 100}"#, r#"0.29"#, r#"29"#),
        example(r#"{multiply: 0.01}"#, r#"5"#, r#"0.05"#),
        example(r#"{multiply: 2}"#, r#"1e40"#, r#"out-of-range"#),
    ],
    compile: |argument| {
        let by = factor(argument)?;
        Ok(Arc::new(Calculation {
            name: "multiply",
            by,
            calculate: |a, b| a.checked_mul(b),
            whole: by.fract().is_zero(),
        }))
    },
};
