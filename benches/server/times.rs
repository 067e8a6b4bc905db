//! Times of calls, and how they are written.

use std::time::Duration;

/// Calls as they were answered; times in milliseconds.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Calls a second, over all clients.
    pub(crate) rate: f64,
}

impl Load {
    /// Of single times, and of how long all of them took together.
    pub(crate) fn of(mut each: Vec<Duration>, whole: Duration) -> Self {
        each.sort();
        let at = |share: f64| millis(each[((each.len() - 1) as f64 * share).round() as usize]);
        Self { p50: at(0.5), p99: at(0.99), rate: each.len() as f64 / whole.as_secs_f64() }
    }
}

pub(crate) fn millis(d: Duration) -> f64 {
    d.as_secs_f64() * 1000.0
}

/// The middle one.
pub(crate) fn median(mut each: Vec<Duration>) -> f64 {
    each.sort();
    millis(each[each.len() / 2])
}

/// Three digits that count, and no more.
pub(crate) fn figure(value: f64, unit: &str) -> String {
    let digits = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 1.0 => 2,
        _ => 3,
    };
    let space = if unit.is_empty() || unit.starts_with('/') { "" } else { " " };
    format!("{value:.digits$}{space}{unit}")
}

/// Milliseconds, as a figure.
pub(crate) fn ms(value: f64) -> String {
    figure(value, "ms")
}
