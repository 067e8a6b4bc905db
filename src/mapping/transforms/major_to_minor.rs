//! `major_to_minor`

use std::sync::Arc;

use serde_json::Value;

use super::{Example, Fault, Op, Transform, cannot_take, currency, number, path_argument};
use crate::mapping::kind::Kind;
use crate::mapping::measure::{Currency, Measure, Measured, Scale};
use crate::mapping::path::Path;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "major_to_minor",
    usage: "{major_to_minor: currency}, with the path of the currency field",
    summary: "A decimal amount in the major unit of its currency (ISO 4217) as an integer in the minor unit, exactly.",
    takes: TypeSet::STRING.with(TypeSet::NUMBER).with(TypeSet::INTEGER),
    gives: TypeSet::INTEGER,
    fallible: true,
    examples: &[
        Example { step: "{major_to_minor: currency}", input: r#""10.50""#, currency: "USD", output: "1050" },
        Example { step: "{major_to_minor: currency}", input: "-0.05", currency: "EUR", output: "-5" },
        Example { step: "{major_to_minor: currency}", input: "1050", currency: "JPY", output: "1050" },
        Example { step: "{major_to_minor: currency}", input: "1.5", currency: "KWD", output: "1500" },
        Example { step: "{major_to_minor: currency}", input: r#""1.005""#, currency: "USD", output: "out-of-range" },
        Example { step: "{major_to_minor: currency}", input: r#""1.000""#, currency: "USD", output: "100" },
        Example { step: "{major_to_minor: currency}", input: r#""$1""#, currency: "USD", output: "not-convertible" },
        Example { step: "{major_to_minor: currency}", input: "1", currency: "", output: "unknown-currency" },
    ],
    compile: |argument| Ok(Arc::new(MajorToMinor(path_argument(argument)?))),
};

#[derive(Debug)]
struct MajorToMinor(Path);

impl Op for MajorToMinor {
    fn apply(&self, input: &Value, record: &Value) -> Result<Option<Value>, Fault> {
        let not_decimal = || Fault::new("not-convertible", "is not a plain decimal number");
        let text = match input {
            Value::Number(n) => number::plain(n).ok_or_else(not_decimal)?,
            Value::String(s) if number::is_decimal(s.trim()) => number::canonical(s.trim()),
            Value::String(_) => return Err(not_decimal()),
            _ => return Err(cannot_take("major_to_minor", input)),
        };
        let exponent = currency::of_record(&self.0, record)?;
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let (kept, lost) = fraction.split_at_checked(exponent).unwrap_or((fraction, ""));
        if lost.bytes().any(|b| b != b'0') {
            return Err(Fault::new("out-of-range", format!("has more than the {exponent} digits of its currency")));
        }
        let minor = number::canonical(&format!("{whole}{kept:0<exponent$}"));
        number::json(&minor).map(Some).ok_or_else(not_decimal)
    }

    fn flow(&self, _input: &Kind) -> Kind {
        let currency = Currency::Field(self.0.clone());
        let measure = Measured::by_step(Measure::Money { scale: Scale::Minor, currency });
        Kind { measure, ..Kind::of(TypeSet::INTEGER) }
    }

    fn reads(&self) -> Option<&Path> {
        Some(&self.0)
    }
}
