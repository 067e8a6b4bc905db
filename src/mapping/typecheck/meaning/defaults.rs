//! Defaults that nobody can tell from data.

use serde_json::Value;

use super::amounts::is_money;
use super::said::Field;

/// Amounts for which nothing is a fair value: an order without a tip has a tip of nothing.
const EXTRAS: [&str; 14] = [
    "tip",
    "discount",
    "fee",
    "fees",
    "tax",
    "vat",
    "shipping",
    "freight",
    "surcharge",
    "refund",
    "gratuity",
    "deposit",
    "credit",
    "rebate",
];

/// People who are nobody, and whom no reader tells from somebody.
const PEOPLE: [&str; 8] =
    ["john doe", "jane doe", "john smith", "max mustermann", "erika mustermann", "john", "doe", "acme"];

/// What the default could be taken for; nothing for one that shows that it is none.
pub(in crate::mapping::typecheck) fn data_like(value: &Value, target: &Field<'_>) -> Option<&'static str> {
    let text = match value {
        Value::String(s) => s.trim().to_owned(),
        Value::Number(n) => n.to_string(),
        _ => return None,
    };
    let zero = text.bytes().any(|b| b == b'0') && text.bytes().all(|b| matches!(b, b'0' | b'.' | b'-' | b','));
    if let Some((name, domain)) = text.split_once('@')
        && !name.is_empty()
        && domain.contains('.')
    {
        return Some("an address that belongs to somebody");
    }
    // The end of what has none yet, as many systems write it.
    if text.starts_with("9999-12-31") && target.named(&["end", "until", "to", "valid", "expires", "expiry"]) {
        return None;
    }
    let day = text.get(..10).unwrap_or("");
    if day.parse::<jiff::civil::Date>().is_ok()
        && (text.len() == 10 || matches!(text.as_bytes().get(10), Some(b'T' | b' ')))
    {
        return Some("a day that something happened");
    }
    if text.len() == 36
        && text.bytes().filter(|b| *b == b'-').count() == 4
        && target.ends_in(&["id", "uuid", "guid", "key"])
    {
        return Some("the id of a record");
    }
    if zero && value.is_number() && target.is_instant() && !target.ends_in(&["on"]) {
        return Some("the first of January 1970");
    }
    if PEOPLE.contains(&text.to_lowercase().as_str()) {
        return Some("the name of somebody");
    }
    let money = is_money(&target.words.join("_")) && !target.named(&EXTRAS);
    if zero && money {
        return Some("an amount of nothing");
    }
    let phone = target.named(&["phone", "mobile", "telephone", "tel", "fax"]);
    if phone && text.bytes().filter(u8::is_ascii_digit).count() >= 6 {
        return Some("the number of somebody");
    }
    None
}
