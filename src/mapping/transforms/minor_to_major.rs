//! `minor_to_major`

use std::sync::Arc;

use rust_decimal::Decimal;
use serde_json::Value;

use super::{Example, Fault, Op, Transform, cannot_take, currency, number, path_argument};
use crate::mapping::kind::Kind;
use crate::mapping::measure::{Currency, Measure, Measured, Scale};
use crate::mapping::path::Path;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "minor_to_major",
    usage: "{minor_to_major: currency}, with the path of the currency field",
    summary: "An amount in the minor unit of its currency (ISO 4217) as a decimal text in the major unit, exactly.",
    takes: TypeSet::INTEGER,
    gives: TypeSet::STRING,
    fallible: true,
    examples: &[
        Example { step: "{minor_to_major: currency}", input: "1050", currency: "USD", output: r#""10.50""# },
        Example { step: "{minor_to_major: currency}", input: "-5", currency: "eur", output: r#""-0.05""# },
        Example { step: "{minor_to_major: currency}", input: "1050", currency: "JPY", output: r#""1050""# },
        Example { step: "{minor_to_major: currency}", input: "1050", currency: "KWD", output: r#""1.050""# },
        Example {
            step: "{minor_to_major: currency}",
            input: "123456789012345678901234567890",
            currency: "USD",
            output: r#""1234567890123456789012345678.90""#,
        },
        Example { step: "{minor_to_major: currency}", input: "10.5", currency: "USD", output: "not-convertible" },
        Example { step: "{minor_to_major: currency}", input: "1", currency: "", output: "unknown-currency" },
        Example { step: "{minor_to_major: currency}", input: "1", currency: "dollar", output: "unknown-currency" },
    ],
    compile: |argument| Ok(Arc::new(MinorToMajor(path_argument(argument)?))),
};

#[derive(Debug)]
struct MinorToMajor(Path);

impl Op for MinorToMajor {
    fn apply(&self, input: &Value, record: &Value) -> Result<Option<Value>, Fault> {
        let Value::Number(n) = input else { return Err(cannot_take("minor_to_major", input)) };
        let digits = number::integer(n).ok_or_else(|| Fault::new("not-convertible", "is not a whole number"))?;
        let exponent = currency::of_record(&self.0, record)?;
        Ok(Some(Value::String(shift(&digits, exponent))))
    }

    fn flow(&self, input: &Kind) -> Kind {
        let currency = Currency::Field(self.0.clone());
        let measure = Measured::by_step(Measure::Money { scale: Scale::Power(0), currency });
        let longest = match input.format.as_deref() {
            Some("int32") => Some(13),
            Some("int64") => Some(22),
            _ => None,
        };
        let format = Some("decimal".to_owned());
        // As nearly all currencies have it; what the records' own currencies give is tried on samples.
        let step = Some(Decimal::new(1, 2));
        Kind { min_length: 1, max_length: longest, format, step, measure, ..Kind::of(TypeSet::STRING) }
    }

    fn reads(&self) -> Option<&Path> {
        Some(&self.0)
    }
}

/// Moves the point left by `places` in the digits of an integer.
fn shift(digits: &str, places: usize) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |d| ("-", d));
    if places == 0 {
        return format!("{sign}{digits}");
    }
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places);
    format!("{sign}{whole}.{fraction}")
}
