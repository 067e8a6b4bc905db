//! Numbers that are names: the zeros in front of them count, and are lost when they are calculated with.

use super::said::Field;
use super::{Doubt, Pair};

/// Words of names for what is written in digits and is no amount of anything.
const NAMES: [&str; 20] = [
    "zip",
    "zipcode",
    "postal",
    "postcode",
    "plz",
    "ean",
    "gtin",
    "upc",
    "isbn",
    "phone",
    "mobile",
    "telephone",
    "tel",
    "fax",
    "ssn",
    "pin",
    "siren",
    "siret",
    "iban",
    "bban",
];
/// Two words that are one such name.
const PAIRS: [(&str, &str); 7] = [
    ("account", "number"),
    ("routing", "number"),
    ("sort", "code"),
    ("cost", "center"),
    ("cost", "centre"),
    ("tax", "number"),
    ("personnel", "number"),
];

/// Digits with a zero in front that become a number.
pub(super) fn lost(pair: &Pair<'_>) -> Option<Doubt> {
    let at = pair.steps.iter().position(|s| matches!(s.transform.name, "to_integer" | "to_number"))?;
    let padded = pair.steps.iter().skip(at).any(|s| s.transform.name == "pad_start");
    if padded || pair.table.is_some() || !pair.from.is_text() {
        return None;
    }
    const SAME: [&str; 6] = ["trim", "digits", "collapse_spaces", "nfc", "replace", "first"];
    if !pair.steps.iter().take(at).all(|s| SAME.contains(&s.transform.name)) {
        return None;
    }
    let sure = zeros(&pair.from)?;
    let step = pair.steps.get(at)?;
    let message = format!("source {{from}} may begin with a zero, and {} takes it off", step.transform.name);
    let fix = "keep it as text, or add to_string and {pad_start: LENGTH} where the target takes a text";
    Some(Doubt::new("leading-zeros-lost", sure, message, fix).about(step))
}

/// How sure it is that zeros in front are part of the value; nothing where they are not, or nobody says.
fn zeros(field: &Field<'_>) -> Option<f64> {
    let digits = |s: &str| s.len() > 1 && s.starts_with('0') && s.bytes().all(|b| b.is_ascii_digit());
    if field.says(&["leading zero"]) || field.samples().into_iter().any(digits) {
        return Some(0.7);
    }
    let pattern = field.schema.pattern.as_deref().unwrap_or("");
    // `^[1-9][0-9]*$`: none has one. A plus in front keeps them all.
    if pattern.contains("[1-9]") || pattern.contains("\\+") || field.says(&["e.164", "e164"]) {
        return None;
    }
    let pairs = field.words.windows(2).any(|w| match w {
        [a, b] => PAIRS.contains(&(a.as_str(), b.as_str())),
        _ => false,
    });
    if pairs || field.named(&NAMES) {
        return Some(0.7);
    }
    // So many digits, no more and no less, of what is called a number or a code; one of 64 bits has no such zeros.
    let body = pattern.trim_start_matches('^').trim_end_matches('$');
    let rest = body.strip_prefix("[0-9]").or_else(|| body.strip_prefix("\\d"));
    let fixed = rest.and_then(|r| r.strip_prefix('{')?.strip_suffix('}')?.parse::<u32>().ok());
    let named = field.ends_in(&["number", "no", "code", "id"]) && !field.named(&["status", "error", "http"]);
    (named && fixed.is_some_and(|n| (4..17).contains(&n))).then_some(0.65)
}
