//! Small texts with a form of their own: durations, rates, names.

use crate::contract::Rate;

/// Milliseconds of `500ms`, `10s`, `5m`, `1h`, `2d`; at most a year, never zero.
pub(super) fn duration(text: &str) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (count, unit) = text.split_at_checked(digits)?;
    let count: u64 = count.parse().ok()?;
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let ms = count.checked_mul(unit_ms)?;
    (1..=366 * 86_400_000).contains(&ms).then_some(ms)
}

/// `100/10s`; `100/s` is `100/1s`.
pub(super) fn rate(text: &str) -> Option<Rate> {
    let (requests, window) = text.split_once('/')?;
    let requests: u64 = requests.parse().ok().filter(|r| *r > 0)?;
    let window =
        if window.starts_with(|c: char| c.is_ascii_digit()) { window.to_owned() } else { format!("1{window}") };
    Some(Rate { requests, window_ms: duration(&window)? })
}

/// The name of a header: a token, RFC 9110 section 5.6.2.
pub(super) fn header(name: &str) -> bool {
    http::HeaderName::from_bytes(name.as_bytes()).is_ok()
}

/// Lower-case words and digits joined by single hyphens, starting with a letter.
pub(super) fn kebab(text: &str) -> bool {
    text.len() <= 100
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.split('-').all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}

/// A name under `systems` or `flows`: letters, digits, hyphens, underscores.
pub(super) fn handle(text: &str) -> bool {
    !text.is_empty() && text.len() <= 100 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("500ms"), Some(500));
        assert_eq!(duration("10s"), Some(10_000));
        assert_eq!(duration("5m"), Some(300_000));
        assert_eq!(duration("1h"), Some(3_600_000));
        for bad in ["", "10", "s", "0s", "-1s", "1.5s", "1 s", "1y", "99999999999999999999s", "400d", "é"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn rates_are_requests_in_a_window() {
        assert_eq!(rate("100/10s"), Some(Rate { requests: 100, window_ms: 10_000 }));
        assert_eq!(rate("5/m"), Some(Rate { requests: 5, window_ms: 60_000 }));
        for bad in ["100", "0/s", "/s", "a/s", "1/", "1/0s"] {
            assert_eq!(rate(bad), None, "{bad}");
        }
    }

    #[test]
    fn names() {
        assert!(
            header("X-Signature") && header("x.y_z") && !header("X Signature") && !header("X-Sig:") && !header("Ä")
        );
        assert!(kebab("billing-to-crm2") && !kebab("Billing") && !kebab("a--b") && !kebab("2a") && !kebab(""));
        assert!(handle("crm_1") && !handle("a b") && !handle(""));
    }
}
