//! `negate`

use std::sync::Arc;

use rust_decimal::Decimal;

use super::arithmetic::Calculation;
use super::{Transform, example, no_argument};
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "negate",
    usage: r#"negate"#,
    summary: "The number with the other sign.",
    takes: TypeSet::NUMBER.with(TypeSet::INTEGER),
    gives: TypeSet::NUMBER,
    fallible: true,
    examples: &[
        example(r#"negate"#, r#"5"#, r#"-5"#),
        example(r#"negate"#, r#"-0.5"#, r#"0.5"#),
        example(r#"negate"#, r#"1e40"#, r#"out-of-range"#),
    ],
    compile: |argument| {
        no_argument(argument)?;
        Ok(Arc::new(Calculation {
            name: "negate",
            by: Decimal::NEGATIVE_ONE,
            calculate: |a, b| a.checked_mul(b),
            whole: true,
        }))
    },
};
