//! ISO 4217: how many digits the minor unit of a currency has.

use serde_json::Value;

use super::Fault;
use crate::mapping::path::{Lookup, Path};

/// Digits after the point: 0 for JPY and its like, 3 for KWD, 4 for two units of account, 2 for all others.
/// Nothing for what is no currency code: three letters, in any case.
#[must_use]
pub fn exponent(code: &str) -> Option<usize> {
    if code.len() != 3 || !code.bytes().all(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    Some(match code.to_ascii_uppercase().as_str() {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND"
        | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" | "UYW" => 4,
        _ => 2,
    })
}

/// The exponent of the currency that a record names at `path`. An amount without a currency is not guessed.
pub(super) fn of_record(path: &Path, record: &Value) -> Result<usize, Fault> {
    match path.get(record) {
        Lookup::Found(Value::String(code)) => exponent(code)
            .ok_or_else(|| Fault::new("unknown-currency", format!("{path} is no currency code of three letters"))),
        _ => Err(Fault::new("unknown-currency", format!("the record has no currency at {path}"))),
    }
}
