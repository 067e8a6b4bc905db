//! Compares versions, natural keys and values by what they mean.

use std::cmp::Ordering;

use rust_decimal::Decimal;
use serde_json::Value;

use crate::base::clock::Timestamp;

/// Which of two versions is newer: instants (RFC 3339, any offset) as instants, numbers as decimals, anything else as
/// text.
pub(super) fn versions(a: &str, b: &str) -> Ordering {
    if let (Some(a), Some(b)) = (instant(a), instant(b)) {
        return a.cmp(&b);
    }
    if let (Some(a), Some(b)) = (digits(a), digits(b)) {
        // Counters may be longer than any decimal type.
        return a.len().cmp(&b.len()).then_with(|| a.cmp(b));
    }
    if let (Some(a), Some(b)) = (decimal(a), decimal(b)) {
        return a.cmp(&b);
    }
    a.cmp(b)
}

/// The newer of two versions, where there are two.
pub(super) fn newest(a: Option<String>, b: Option<String>) -> Option<String> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if versions(&a, &b) == Ordering::Less { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// The version is a time more than a day from now. A number is taken for one where it could be seconds or milliseconds
/// since 1970 of this century.
pub(super) fn lies_ahead(version: &str, now: Timestamp) -> bool {
    const DAY_MS: i64 = 24 * 3_600_000;
    /// The end of the year 2099, in seconds.
    const CENTURY: i64 = 4_102_444_800;
    let number = version.parse::<i64>().ok().and_then(|n| match n {
        1_000_000_000..CENTURY => Some(n * 1000),
        1_000_000_000_000.. if n < CENTURY * 1000 => Some(n),
        _ => None,
    });
    // A date, or a time without a zone: no zone is a day off.
    let local = || {
        let date: jiff::civil::Date = version.get(..10)?.parse().ok()?;
        Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond())
    };
    let at = number.or_else(|| instant(version).map(jiff::Timestamp::as_millisecond)).or_else(local);
    at.is_some_and(|at| at > now.0 + DAY_MS)
}

fn instant(text: &str) -> Option<jiff::Timestamp> {
    // Cheap look first: most texts are none.
    (text.len() >= 17 && text.as_bytes().first().is_some_and(u8::is_ascii_digit)).then(|| text.parse().ok()).flatten()
}

fn digits(text: &str) -> Option<&str> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.trim_start_matches('0'))
}

fn decimal(text: &str) -> Option<Decimal> {
    text.parse().ok().or_else(|| Decimal::from_scientific(text).ok())
}

/// The form in which natural keys are compared: without white space around it; addresses with `@` in lower case.
pub(super) fn key_form(text: &str) -> String {
    let text = text.trim();
    if text.contains('@') { text.to_lowercase() } else { text.to_owned() }
}

/// Whether the target's value `has` already says what `wants` says: objects may hold more, numbers may be written
/// otherwise (`10.5`, `10.50`), instants may have another offset, a null may be left out.
pub(super) fn satisfied(wants: &Value, has: Option<&Value>) -> bool {
    match (wants, has) {
        (Value::Null, None | Some(Value::Null)) => true,
        (Value::Object(wants), Some(Value::Object(has))) => wants.iter().all(|(k, v)| satisfied(v, has.get(k))),
        (Value::Array(wants), Some(Value::Array(has))) => {
            wants.len() == has.len() && wants.iter().zip(has).all(|(w, h)| satisfied(w, Some(h)))
        }
        (Value::Number(wants), Some(Value::Number(has))) => {
            let (wants, has) = (wants.to_string(), has.to_string());
            wants == has || decimal(&wants).zip(decimal(&has)).is_some_and(|(w, h)| w == h)
        }
        (Value::String(wants), Some(Value::String(has))) => {
            wants == has || instant(wants).zip(instant(has)).is_some_and(|(w, h)| w == h)
        }
        (wants, Some(has)) => wants == has,
        (_, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn versions_are_compared_by_what_they_mean() {
        for (older, newer) in [
            ("2026-01-01T10:00:00+02:00", "2026-01-01T09:00:00Z"),
            ("2026-01-01T09:00:00Z", "2026-01-01T09:00:00.001Z"),
            ("9", "10"),
            ("1.5", "1.50001"),
            ("99999999999999999999999999999999999999", "100000000000000000000000000000000000000"),
            ("v1", "v2"),
            ("2026-01-01", "2026-01-02"),
        ] {
            assert_eq!(versions(older, newer), Ordering::Less, "{older} {newer}");
            assert_eq!(versions(newer, older), Ordering::Greater, "{newer} {older}");
        }
        assert_eq!(versions("2026-01-01T10:00:00+02:00", "2026-01-01T08:00:00Z"), Ordering::Equal);
        assert_eq!(versions("007", "7"), Ordering::Equal);
    }

    #[test]
    fn a_target_that_says_the_same_is_satisfied() {
        let has = json!({"id": "1", "n": 10.50, "at": "2026-01-01T08:00:00Z", "o": {"a": 1, "b": 2}, "l": [1]});
        for wants in [
            json!({"n": 10.5}),
            json!({"at": "2026-01-01T10:00:00+02:00"}),
            json!({"o": {"a": 1}}),
            json!({"gone": null}),
            json!({"l": [1.0]}),
        ] {
            assert!(satisfied(&wants, Some(&has)), "{wants}");
        }
        for wants in [json!({"n": "10.5"}), json!({"x": 1}), json!({"l": [1, 2]}), json!({"o": {"a": 2}})] {
            assert!(!satisfied(&wants, Some(&has)), "{wants}");
        }
    }

    #[test]
    fn an_address_in_another_case_is_the_same_key() {
        assert_eq!(key_form(" Ada@Example.COM "), "ada@example.com");
        assert_eq!(key_form(" AbC "), "AbC");
    }

    #[test]
    fn a_version_that_no_source_can_have_seen_lies_ahead() {
        let now = Timestamp(1_800_000_000_000); // 2027-01-15
        for ahead in ["2037-01-15T08:00:00Z", "2027-01-17", "2027-01-18 08:00:00", "2115360000", "2115360000000"] {
            assert!(lies_ahead(ahead, now), "{ahead}");
        }
        for fine in
            ["2027-01-15T23:00:00+02:00", "2027-01-15", "1800003600", "1800003600000", "17", "9000000000", "v2", ""]
        {
            assert!(!lies_ahead(fine, now), "{fine}");
        }
    }
}
