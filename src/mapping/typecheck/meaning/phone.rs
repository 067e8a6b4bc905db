//! Phone numbers as typed, where E.164 is wanted.

use super::said::Field;
use super::{Doubt, Pair};

fn is_phone(field: &Field<'_>) -> bool {
    field.named(&["phone", "mobile", "telephone", "tel", "cell", "fax", "msisdn", "phonenumber", "whatsapp"])
        || field.says(&["phone number", "telephone number", "mobile number"])
}

/// It promises or wants `+` and digits, and nothing else.
fn is_e164(field: &Field<'_>) -> bool {
    let pattern = field.schema.pattern.as_deref().unwrap_or("");
    field.says(&["e.164", "e164", "international format"])
        || matches!(field.format(), "e164" | "e.164" | "phone-e164")
        || field.named(&["e164", "msisdn"])
        || pattern.starts_with("^\\+")
        || pattern.starts_with("^[+]")
}

/// A number in any writing in a field that takes one.
pub(super) fn not_e164(pair: &Pair<'_>) -> Option<Doubt> {
    if !pair.keeps_meaning() || !pair.from.is_text() || !pair.to.is_text() {
        return None;
    }
    let phones = is_phone(&pair.from) && is_phone(&pair.to);
    if !phones || !is_e164(&pair.to) || is_e164(&pair.from) {
        return None;
    }
    let international = |s: &str| s.starts_with('+') && s.bytes().skip(1).all(|b| b.is_ascii_digit());
    let samples = pair.from.samples();
    if !samples.is_empty() && samples.into_iter().all(international) {
        return None;
    }
    let message = "source {from} is a phone number in any writing, target {to} takes E.164".to_owned();
    let fix =
        "map a field that holds E.164, or reject records whose number is not; spaces and national forms are refused";
    Some(Doubt::new("phone-not-e164", 0.65, message, fix))
}
