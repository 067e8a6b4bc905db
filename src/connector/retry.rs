//! What is sent again, and when: pure rules over statuses, headers and attempts.

use std::time::Duration;

use super::Response;
use crate::base::clock::Timestamp;
use crate::base::rng::Rng;
use crate::contract::Retry;

/// The longest wait that a server can ask for before the run is ended instead of slept through.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// The longest time that a remote word can set: the clock of a machine ends somewhere, and adding more to it would panic.
pub(super) const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// What a status says about the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Done.
    Success,
    /// Sent elsewhere; never followed (RFC 9110 section 15.4): the credential stays where the contract points.
    Redirect,
    /// The credential is not taken.
    Unauthorized,
    /// Too many requests; it was not done.
    Throttled,
    /// Worth another attempt; it was not done.
    NotDone,
    /// Worth another attempt; it may have been done.
    Unknown,
    /// The same request will be refused again.
    Refused,
}

/// Reads a status.
pub(super) const fn kind(status: u16) -> Kind {
    match status {
        200..=299 => Kind::Success,
        0..=199 | 300..=399 => Kind::Redirect,
        401 => Kind::Unauthorized,
        429 => Kind::Throttled,
        // 425: the server did not want to risk processing it (RFC 8470 section 5.2).
        425 => Kind::NotDone,
        // What these say about themselves stays so: not implemented, version, not extended, a captive portal.
        501 | 505 | 510 | 511 => Kind::Refused,
        // 408 ends a slow request, and nobody says at which point. Every other 5xx may come from a gateway whose
        // backend went on.
        408 | 500..=599 => Kind::Unknown,
        _ => Kind::Refused,
    }
}

/// The wait before attempt number `made + 1` (`made` attempts were made, at least one): exponential, capped, and with
/// full jitter drawn from zero to the bound ("Timeouts, retries and backoff with jitter", AWS Builders' Library).
pub(super) fn backoff(policy: &Retry, made: u32, rng: &mut Rng) -> Duration {
    let doubled = policy.base_ms.saturating_mul(1u64.checked_shl(made.saturating_sub(1)).unwrap_or(u64::MAX));
    let bound = doubled.min(policy.cap_ms);
    Duration::from_millis(if policy.full_jitter { rng.between(0, bound) } else { bound })
}

/// How long the server asks to be left alone: `Retry-After` in seconds or as a date (RFC 9110 section 10.2.3), else
/// the reset of a rate limit field, where the answer is of a limit or nothing is left: many write one under every answer. A date is measured against the answer's own `Date`, so that a server whose clock
/// is off means what it says; `now` stands in where there is none. A date in the past is zero. Nothing where nothing
/// usable is said.
pub(super) fn advised(response: &Response, now: Timestamp) -> Option<Duration> {
    let date = server_time(response, now);
    if let Some(value) = response.header("retry-after")
        && let Some(wait) = delta(value).or_else(|| until_date(value, date))
    {
        return Some(wait);
    }
    let limited = matches!(response.status, 403 | 429) || left(response, now).is_some_and(|(left, _)| left == 0);
    if limited { reset(response, date) } else { None }
}

/// How many requests this answer says are left in the window, and how long that window lasts (RateLimit header fields
/// draft; the older `X-RateLimit-*`). None left: the next one would be refused.
pub(super) fn left(response: &Response, now: Timestamp) -> Option<(usize, Duration)> {
    let remaining = field(response, "r")
        .or_else(|| response.header("ratelimit-remaining").map(str::trim))
        .or_else(|| response.header("x-ratelimit-remaining").map(str::trim))?;
    let left = remaining.parse::<f64>().ok().filter(|left| !left.is_nan())?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of requests, saturating")]
    let left = left.floor() as usize;
    Some((left, reset(response, server_time(response, now))?))
}

fn server_time(response: &Response, now: Timestamp) -> i64 {
    response.header("date").and_then(http_date).unwrap_or(now.0)
}

fn reset(response: &Response, date: i64) -> Option<Duration> {
    let value = field(response, "t")
        .or_else(|| response.header("ratelimit-reset"))
        .or_else(|| response.header("x-ratelimit-reset"))
        .or_else(|| response.header("x-rate-limit-reset"))?;
    delta(value).map_or_else(
        || until_date(value, date),
        |wait| {
            // Vendors write a delta or an epoch, in seconds or milliseconds; no delta is thirty years long.
            let seconds = wait.as_secs();
            let epoch_ms = match seconds {
                0..1_000_000_000 => return Some(wait),
                1_000_000_000..100_000_000_000 => wait.as_millis(),
                _ => u128::from(seconds),
            };
            Some(millis(i64::try_from(epoch_ms).ok()?.saturating_sub(date)))
        },
    )
}

/// A parameter of `RateLimit: "default";r=0;t=3` (draft-ietf-httpapi-ratelimit-headers).
fn field<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    let value = response.header("ratelimit")?;
    value.split([';', ',']).find_map(|p| p.trim().strip_prefix(name)?.trim_start().strip_prefix('=').map(str::trim))
}

/// Seconds, with or without a fraction; not negative.
fn delta(value: &str) -> Option<Duration> {
    let value = value.trim();
    if !value.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Duration::try_from_secs_f64(value.parse().ok()?).ok()
}

fn until_date(value: &str, date: i64) -> Option<Duration> {
    Some(millis(http_date(value)?.saturating_sub(date)))
}

fn http_date(value: &str) -> Option<i64> {
    let at = httpdate::parse_http_date(value.trim()).ok()?;
    let since = at.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok()
}

fn millis(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(headers: &[(&str, &str)]) -> Response {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Response { status: 429, headers, body: bytes::Bytes::new() }
    }

    fn secs(headers: &[(&str, &str)]) -> Option<f64> {
        // Our clock stands at the epoch: an epoch reset or a date must not be measured against it when Date is there.
        advised(&with(headers), Timestamp(0)).map(|d| d.as_secs_f64())
    }

    const DATE: (&str, &str) = ("date", "Mon, 23 Nov 2026 10:00:00 GMT");

    #[test]
    fn both_forms_of_retry_after_are_read() {
        assert_eq!(secs(&[("retry-after", "7")]), Some(7.0));
        assert_eq!(secs(&[("retry-after", " 0.5 ")]), Some(0.5));
        assert_eq!(secs(&[("retry-after", "Mon, 23 Nov 2026 10:00:03 GMT"), DATE]), Some(3.0));
        assert_eq!(secs(&[("retry-after", "Mon, 23 Nov 2026 09:00:00 GMT"), DATE]), Some(0.0), "past is now");
        for garbage in ["-1", "soon", "", "NaN", "inf", "1e400"] {
            assert_eq!(secs(&[("retry-after", garbage)]), None, "{garbage}");
        }
    }

    #[test]
    fn a_reset_is_read_as_delta_or_epoch() {
        assert_eq!(secs(&[("ratelimit-reset", "30")]), Some(30.0));
        assert_eq!(secs(&[("x-ratelimit-reset", "1795428030"), DATE]), Some(30.0));
        assert_eq!(secs(&[("x-ratelimit-reset", "1795428030000"), DATE]), Some(30.0));
        assert_eq!(secs(&[("ratelimit", r#""default";r=0;t=12"#)]), Some(12.0));
        assert_eq!(secs(&[("retry-after", "2"), ("ratelimit-reset", "30")]), Some(2.0), "Retry-After goes first");
        assert_eq!(secs(&[("retry-after", "junk"), ("ratelimit-reset", "30")]), Some(30.0));
    }

    #[test]
    fn a_window_used_up_is_noticed_before_it_is_refused() {
        let wait = |headers: &[(&str, &str)]| left(&with(headers), Timestamp(0)).map(|(left, d)| (left, d.as_secs()));
        assert_eq!(wait(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "3")]), Some((0, 3)));
        assert_eq!(wait(&[("ratelimit", r#""burst";r=0;t=4"#)]), Some((0, 4)));
        assert_eq!(wait(&[("x-ratelimit-remaining", "1.9"), ("x-ratelimit-reset", "3")]), Some((1, 3)));
        assert_eq!(wait(&[("x-ratelimit-remaining", "-4"), ("x-ratelimit-reset", "3")]), Some((0, 3)));
        assert_eq!(wait(&[("x-ratelimit-remaining", "many"), ("x-ratelimit-reset", "3")]), None);
        assert_eq!(wait(&[("x-ratelimit-reset", "3")]), None);
    }

    #[test]
    fn statuses_are_sorted_into_what_happened_and_what_helps() {
        for (statuses, want) in [
            (&[200, 201, 204][..], Kind::Success),
            (&[301, 302, 307, 308, 304], Kind::Redirect),
            (&[401], Kind::Unauthorized),
            (&[429], Kind::Throttled),
            (&[425], Kind::NotDone),
            (&[408, 500, 502, 503, 504, 522], Kind::Unknown),
            (&[400, 403, 404, 409, 410, 413, 415, 422, 501], Kind::Refused),
        ] {
            for status in statuses {
                assert_eq!(kind(*status), want, "{status}");
            }
        }
    }

    #[test]
    fn backoff_doubles_up_to_its_cap_and_jitters_over_the_whole_range() {
        let policy = Retry { base_ms: 100, cap_ms: 1_000, full_jitter: false, ..Retry::default() };
        let mut rng = Rng::seeded(1);
        let waits: Vec<u64> = (1..=6).map(|n| backoff(&policy, n, &mut rng).as_millis() as u64).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1_000, 1_000]);
        assert_eq!(backoff(&policy, 500, &mut rng).as_millis(), 1_000, "no overflow");

        let jittered = Retry { full_jitter: true, ..policy };
        let draws: Vec<u128> = (0..200).map(|_| backoff(&jittered, 4, &mut rng).as_millis()).collect();
        assert!(draws.iter().all(|d| *d <= 800));
        assert!(draws.iter().any(|d| *d < 200) && draws.iter().any(|d| *d > 600), "spread over the whole range");
    }
}
