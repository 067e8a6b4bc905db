//! `format_decimal`

use std::sync::Arc;

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value;

use super::{Fault, Op, Transform, count_argument, example, number};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "format_decimal",
    usage: r#"{format_decimal: 2}"#,
    summary: "A number as decimal text with so many digits after the point, halves away from zero.",
    takes: TypeSet::STRING.with(TypeSet::NUMBER).with(TypeSet::INTEGER),
    gives: TypeSet::STRING,
    fallible: true,
    examples: &[
        example(r#"{format_decimal: 2}"#, r#"10.5"#, r#""10.50""#),
        example(r#"{format_decimal: 0}"#, r#"2.5"#, r#""3""#),
        example(r#"{format_decimal: 2}"#, r#""7""#, r#""7.00""#),
        example(r#"{format_decimal: 2}"#, r#""x""#, r#"not-convertible"#),
    ],
    compile: |argument| Ok(Arc::new(FormatDecimal(u32::try_from(count_argument(argument, 0, 20)?).unwrap_or(0)))),
};

#[derive(Debug)]
struct FormatDecimal(u32);

impl Op for FormatDecimal {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let exact = number::decimal(input)
            .ok_or_else(|| Fault::new("not-convertible", "is no decimal number of at most 28 digits"))?;
        let places = usize::try_from(self.0).unwrap_or(0);
        let rounded = exact.round_dp_with_strategy(self.0, RoundingStrategy::MidpointAwayFromZero);
        Ok(Some(Value::String(format!("{rounded:.places$}"))))
    }

    fn flow(&self, input: &Kind) -> Kind {
        let format = Some("decimal".to_owned());
        let step = Some(Decimal::new(1, self.0).normalize());
        Kind {
            min_length: 1,
            max_length: Some(31),
            format,
            step,
            measure: input.measure.clone(),
            ..Kind::of(TypeSet::STRING)
        }
    }
}
