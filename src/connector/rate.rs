//! Keeps under a rate. A window that slides, not a bucket that refills: whoever counts, in fixed or sliding windows,
//! never counts more than the contract allows, while a bucket lets twice as many through around its refill.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::contract::Rate;

/// At most so many requests in any window of so much time.
#[derive(Debug, Default)]
pub(super) struct Window {
    rate: Option<Rate>,
    sent: VecDeque<Instant>,
}

impl Window {
    /// Applies a rate; where several flows share the credential, the strictest holds.
    pub(super) fn tighten(&mut self, rate: Rate) {
        let stricter = self.rate.is_none_or(|now| {
            u128::from(rate.requests) * u128::from(now.window_ms)
                < u128::from(now.requests) * u128::from(rate.window_ms)
        });
        if stricter {
            self.rate = Some(rate);
        }
    }

    /// Takes a place in the window now, or tells when the next one is free.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Instant> {
        let Some(rate) = self.rate else { return Ok(()) };
        let window = Duration::from_millis(rate.window_ms.max(1));
        while self.sent.front().is_some_and(|t| now.duration_since(*t) >= window) {
            self.sent.pop_front();
        }
        let most = usize::try_from(rate.requests.max(1)).unwrap_or(usize::MAX);
        match self.sent.len().checked_sub(most).and_then(|i| self.sent.get(i)) {
            Some(oldest) => Err(*oldest + window),
            None => {
                self.sent.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_window_ever_holds_more_than_the_rate() {
        let mut window = Window::default();
        window.tighten(Rate { requests: 5, window_ms: 1_000 });
        let mut sent = Vec::new();
        while sent.len() < 40 {
            let now = Instant::now();
            match window.take(now) {
                Ok(()) => sent.push(now),
                Err(at) => tokio::time::sleep_until(at).await,
            }
            // Uneven work between requests: bursts must not add up.
            tokio::time::advance(Duration::from_millis((sent.len() as u64 * 37) % 90)).await;
        }
        for from in &sent {
            let within = sent.iter().filter(|t| **t >= *from && **t < *from + Duration::from_secs(1)).count();
            assert!(within <= 5, "{within} in one second");
        }
    }

    #[test]
    fn the_strictest_rate_holds() {
        let mut window = Window::default();
        window.tighten(Rate { requests: 100, window_ms: 1_000 });
        window.tighten(Rate { requests: 100, window_ms: 10_000 });
        window.tighten(Rate { requests: 50, window_ms: 1_000 });
        assert_eq!(window.rate, Some(Rate { requests: 100, window_ms: 10_000 }));
    }
}
