//! `absolute`

use std::sync::Arc;

use rust_decimal::Decimal;

use super::arithmetic::Calculation;
use super::{Transform, example, no_argument};
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "absolute",
    usage: r#"absolute"#,
    summary: "The number without its sign.",
    takes: TypeSet::NUMBER.with(TypeSet::INTEGER),
    gives: TypeSet::NUMBER,
    fallible: true,
    examples: &[
        example(r#"absolute"#, r#"-5"#, r#"5"#),
        example(r#"absolute"#, r#"0.5"#, r#"0.5"#),
        example(r#"absolute"#, r#"1e40"#, r#"out-of-range"#),
    ],
    compile: |argument| {
        no_argument(argument)?;
        Ok(Arc::new(Calculation { name: "absolute", by: Decimal::ONE, calculate: |a, _| Some(a.abs()), whole: true }))
    },
};
