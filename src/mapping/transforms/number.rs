//! Numbers as exact text: no step between source and target goes through a float.

use std::str::FromStr as _;

use rust_decimal::Decimal;
use serde_json::{Number, Value};

/// The number without exponent, its digits as written; nothing beyond 28 digits with an exponent.
pub(super) fn plain(n: &Number) -> Option<String> {
    let text = n.to_string();
    if !text.contains(['e', 'E']) {
        return Some(text);
    }
    Decimal::from_scientific(&text).ok().map(|d| d.normalize().to_string())
}

/// The number as the digits of an integer, where it is one by value: `1050`, `-3`, from `1050.0` and `1e3` too.
pub(super) fn integer(n: &Number) -> Option<String> {
    let text = plain(n)?;
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    fraction.bytes().all(|b| b == b'0').then(|| if whole == "-0" { "0".to_owned() } else { whole.to_owned() })
}

/// A JSON number of this text.
pub(super) fn json(text: &str) -> Option<Value> {
    serde_json::from_str::<Number>(text).ok().map(Value::Number)
}

/// A decimal of a number or of a text that is a plain decimal number.
pub(super) fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(n) => Decimal::from_str(&plain(n)?).ok(),
        Value::String(s) if is_decimal(s) => Decimal::from_str(s).ok(),
        _ => None,
    }
}

/// `-12.50`: digits, at most one point with digits on both sides, a sign in front.
pub(super) fn is_decimal(text: &str) -> bool {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    match unsigned.split_once('.') {
        None => digits(unsigned),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
    }
}

/// A plain decimal text as JSON writes it: no plus sign, no zeros in front, fraction as written.
pub(super) fn canonical(text: &str) -> String {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = unsigned.split_once('.').map_or((unsigned, None), |(w, f)| (w, Some(f)));
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    match fraction {
        Some(f) => format!("{sign}{whole}.{f}"),
        None if whole == "0" => "0".to_owned(),
        None => format!("{sign}{whole}"),
    }
}
