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

/// A version so many milliseconds earlier, written as the source writes it: an instant (RFC 3339), a time without a zone, a
/// date, seconds or milliseconds since 1970. What is none of these stays as it is.
pub(super) fn before(version: &str, ms: u64) -> String {
    let Ok(span) = i64::try_from(ms).map(|ms| jiff::Span::new().milliseconds(ms)) else { return version.to_owned() };
    if ms == 0 {
        return version.to_owned();
    }
    if let Ok(date) = version.parse::<jiff::civil::Date>()
        && version.len() == 10
    {
        let days = i64::try_from(ms.div_ceil(24 * 3_600_000)).unwrap_or(i64::MAX);
        let earlier = jiff::Span::new().try_days(days).ok().and_then(|days| date.checked_sub(days).ok());
        return earlier.map_or_else(|| version.to_owned(), |d| d.to_string());
    }
    if let Some(at) = instant(version) {
        let digits = version
            .find('.')
            .map_or(0, |dot| version.get(dot + 1..).unwrap_or_default().bytes().take_while(u8::is_ascii_digit).count());
        let earlier = at.checked_sub(span).ok();
        return earlier.map_or_else(|| version.to_owned(), |t| format!("{t:.digits$}", digits = digits.min(9)));
    }
    if let (Ok(local), Some(separator)) = (version.parse::<jiff::civil::DateTime>(), version.as_bytes().get(10)) {
        let earlier = local.checked_sub(span).ok().map(|t| t.to_string());
        let spaced = |t: String| if *separator == b' ' { t.replacen('T', " ", 1) } else { t };
        return earlier.map_or_else(|| version.to_owned(), spaced);
    }
    match version.parse::<i64>() {
        Ok(n) if n > 100_000_000_000 => n.saturating_sub(i64::try_from(ms).unwrap_or(i64::MAX)).to_string(),
        Ok(n) if n > 100_000_000 => n.saturating_sub(i64::try_from(ms.div_ceil(1000)).unwrap_or(i64::MAX)).to_string(),
        _ => version.to_owned(),
    }
}

fn instant(text: &str) -> Option<jiff::Timestamp> {
    // Cheap look first: most texts are none.
    (text.len() >= 17 && text.as_bytes().first().is_some_and(u8::is_ascii_digit)).then(|| text.parse().ok()).flatten()
}

/// How far apart two times are, in milliseconds: instants (RFC 3339; also with an offset without a colon), times without a
/// zone of the same kind, seconds or milliseconds since 1970. Nothing where one of them is none.
pub(super) fn apart_ms(a: &Value, b: &Value) -> Option<i64> {
    let ms = |value: &Value| match value {
        Value::Number(n) => match n.as_i64()? {
            n @ 100_000_000..100_000_000_000 => Some(n * 1000),
            n @ 100_000_000_000.. => Some(n),
            _ => None,
        },
        // A day or a minute is no moment.
        Value::String(s) if s.len() >= "2026-01-01T00:00:00".len() => {
            let local =
                || Some(s.parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp());
            instant(s).or_else(local).map(jiff::Timestamp::as_millisecond)
        }
        _ => None,
    };
    Some((ms(a)? - ms(b)?).abs())
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
    fn a_pass_begins_before_the_checkpoint_in_the_form_of_the_source() {
        for (version, ms, wanted) in [
            ("2026-01-01T00:05:00Z", 600_000, "2025-12-31T23:55:00Z"),
            ("2026-01-01T00:05:00.250Z", 1_000, "2026-01-01T00:04:59.250Z"),
            ("2026-01-01T02:05:00+02:00", 600_000, "2025-12-31T23:55:00Z"),
            ("2026-03-01", 1, "2026-02-28"),
            ("2026-03-01T00:00:30", 60_000, "2026-02-28T23:59:30"),
            ("2026-03-01 00:00:30", 60_000, "2026-02-28 23:59:30"),
            ("1767225600", 600_000, "1767225000"),
            ("1767225600000", 600_000, "1767225000000"),
            // A counter is no time.
            ("4711", 600_000, "4711"),
            ("v7", 600_000, "v7"),
            ("2026-01-01T00:05:00Z", 0, "2026-01-01T00:05:00Z"),
        ] {
            assert_eq!(before(version, ms), wanted, "{version}");
        }
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
