//! Ids and tokens that are told apart by the case of their letters, and that lose it on the way.

use super::said::Field;
use super::{Doubt, Pair};

/// Last words of names for what a machine made to be compared as it is.
const KEYS: [&str; 21] = [
    "id",
    "ids",
    "key",
    "token",
    "hash",
    "checksum",
    "digest",
    "signature",
    "etag",
    "nonce",
    "secret",
    "ref",
    "reference",
    "cursor",
    "jwt",
    "sid",
    "gid",
    "uid",
    "hmac",
    "md5",
    "sha256",
];
/// Those that nobody types, and that are compared letter by letter wherever they come from.
const OPAQUE: [&str; 6] = ["token", "jwt", "etag", "nonce", "signature", "secret"];

/// An id or token that is changed so that two can become one.
pub(super) fn altered(pair: &Pair<'_>) -> Option<Doubt> {
    let step = pair.steps.iter().find(|s| matches!(s.transform.name, "lower" | "upper" | "digits"))?;
    if pair.table.is_some() || !pair.from.is_text() || pair.from.kind.values.is_some() {
        return None;
    }
    let sure = cased(&pair.from)?;
    let message =
        format!("the case of letters tells one source {{from}} from another, and {} changes it", step.transform.name);
    let message = if step.transform.name == "digits" {
        "letters tell one source {from} from another, and digits takes them out".to_owned()
    } else {
        message
    };
    let fix = format!("take {} out: two of them can become one, and none is found again", step.transform.name);
    Some(Doubt::new("id-altered", sure, message, fix).about(step))
}

/// How sure it is that the case of the field's letters counts; nothing where it does not, or nobody says.
fn cased(field: &Field<'_>) -> Option<f64> {
    let format = field.format();
    let says_no = field.says(&[
        "case-insensitive",
        "case insensitive",
        "ignoring case",
        "regardless of case",
        "lower case",
        "lowercase",
        "lower-case",
        "upper case",
        "uppercase",
        "upper-case",
    ]) || field.says_word(&["hex", "hexadecimal", "uuid", "guid", "e-mail", "email", "ulid", "base32"])
        || field.named(&["email", "mail", "uuid", "guid", "ulid", "hex", "currency", "country", "language"])
        || matches!(format, "uuid" | "email" | "hostname" | "ipv4" | "ipv6" | "date" | "date-time");
    if says_no {
        return None;
    }
    if field.says(&["case-sensitive", "case sensitive", "case matters"])
        || field.says_word(&["base64", "base64url", "base62", "base58", "nanoid"])
        || field.says(&["base-64", "base 64"])
        || matches!(format, "byte" | "base64" | "base64url" | "binary")
    {
        return Some(0.75);
    }
    // The path of an address is told apart by case, its host is not.
    if matches!(format, "uri" | "url" | "uri-reference")
        && !field.named(&["domain", "host", "origin", "website", "homepage"])
    {
        return Some(0.65);
    }
    let key = field.ends_in(&KEYS);
    let pattern = field.schema.pattern.as_deref().unwrap_or("");
    // Both cases by a class of the pattern: `[A-Za-z0-9]`, `\w`.
    let both = (pattern.contains("A-Z") && pattern.contains("a-z")) || pattern.contains("\\w");
    let shown = field.samples();
    // A description quotes what an id looks like.
    let quoted =
        field.schema.description.split(|c: char| c.is_whitespace() || matches!(c, '"' | '`' | '\'' | '(' | ')' | ','));
    let seen =
        shown.iter().copied().any(mixed) || (key && quoted.map(|w| w.trim_end_matches(['.', ':', ';'])).any(mixed));
    if key && seen {
        return Some(0.7);
    }
    let called = field.says(&["identifier", "id of ", "unique id"]);
    let quoted =
        field.schema.description.split(|c: char| c.is_whitespace() || matches!(c, '"' | '`' | '(' | ')' | ','));
    if called && (shown.iter().copied().any(mixed) || quoted.map(|w| w.trim_end_matches(['.', ':', ';'])).any(mixed)) {
        return Some(0.65);
    }
    if key && both {
        return Some(0.65);
    }
    let opaque = field.ends_in(&OPAQUE) || (key && field.says_word(&["opaque"]));
    let one_case = !pattern.is_empty() && !both;
    (opaque && !one_case && shown.is_empty()).then_some(0.6)
}

/// Letters in both cases and digits, in one word of at least eight: what no person made up.
fn mixed(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '/' | '=');
    let has = |f: fn(&u8) -> bool| text.bytes().any(|b| f(&b));
    text.len() >= 8
        && text.chars().all(plain)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::mixed;

    #[test]
    fn what_a_machine_made_is_told_from_words() {
        for (text, want) in [
            ("cus_NffrFeUfNV2Hib", true),
            ("dQw4w9WgXcQ1", true),
            ("ORD-2026-0001", false),
            ("Berlin", false),
            ("550e8400-e29b-41d4-a716-446655440000", false),
            ("Order 17 of Ada", false),
        ] {
            assert_eq!(mixed(text), want, "{text}");
        }
    }
}
