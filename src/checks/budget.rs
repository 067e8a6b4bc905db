//! How long it takes at most until a record that cannot be delivered is among the dead letters.

use crate::contract::Delivery;

/// Milliseconds from the first attempt until the last one has failed: each attempt takes as long as it may, and each wait
/// between is as long as its bound. What a server asks for by `Retry-After`, and an open breaker, come on top.
#[must_use]
pub fn worst_case_ms(delivery: &Delivery) -> u64 {
    let retry = &delivery.retry;
    let attempts = u64::from(retry.attempts.max(1));
    let mut wait = retry.base_ms.min(retry.cap_ms);
    let mut total = attempts.saturating_mul(delivery.timeout_ms);
    let mut left = attempts - 1;
    while left > 0 && wait < retry.cap_ms {
        total = total.saturating_add(wait);
        wait = wait.saturating_mul(2).clamp(1, retry.cap_ms.max(1));
        left -= 1;
    }
    total.saturating_add(left.saturating_mul(retry.cap_ms))
}

/// `4m 3s`, `500ms`, `2h`: at most two units.
#[must_use]
pub fn shown(ms: u64) -> String {
    const UNITS: [(u64, &str); 5] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")];
    let Some(first) = UNITS.iter().position(|(size, _)| ms >= *size) else { return "0s".to_owned() };
    let mut left = ms;
    let mut parts: Vec<String> = Vec::new();
    for (size, unit) in UNITS.iter().skip(first).take(2) {
        if left >= *size {
            parts.push(format!("{}{unit}", left / size));
            left %= size;
        }
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Retry;

    #[test]
    fn waits_double_up_to_the_cap_and_every_attempt_may_time_out() {
        let of = |attempts, base_ms, cap_ms, timeout_ms| {
            let retry = Retry { attempts, base_ms, cap_ms, ..Retry::default() };
            worst_case_ms(&Delivery { retry, timeout_ms, ..Delivery::default() })
        };
        assert_eq!(of(1, 500, 60_000, 10_000), 10_000);
        // 0.5 + 1 + 2 + 4 seconds between five attempts of ten seconds.
        assert_eq!(of(5, 500, 60_000, 10_000), 57_500);
        assert_eq!(of(8, 1000, 60_000, 15_000), 123_000 + 120_000);
        assert_eq!(of(4, 10_000, 10_000, 1), 30_004);
        assert_eq!(of(u32::MAX, u64::MAX, u64::MAX, u64::MAX), u64::MAX);
        assert_eq!(of(100, 1, 1000, 0), 1 + 2 + 4 + 8 + 16 + 32 + 64 + 128 + 256 + 512 + 89 * 1000);
    }

    #[test]
    fn a_time_is_shown_in_two_units() {
        for (ms, text) in [
            (0, "0s"),
            (500, "500ms"),
            (57_500, "57s 500ms"),
            (243_000, "4m 3s"),
            (86_400_000, "1d"),
            (3_600_001, "1h"),
        ] {
            assert_eq!(shown(ms), text);
        }
    }
}
