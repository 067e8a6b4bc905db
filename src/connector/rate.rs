//! Keeps under a rate. A window that slides, not a bucket that refills: whoever counts, in fixed or sliding windows,
//! never counts more than the contract allows, while a bucket lets twice as many through around its refill.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::contract::Rate;

/// At most so many requests in any window of so much time, by every rate that was given.
#[derive(Debug, Default)]
pub(super) struct Window {
    rates: Vec<Rate>,
    sent: VecDeque<Instant>,
}

impl Window {
    /// Applies a rate; where several flows share the credential, all of theirs hold: few in a second say nothing of an hour.
    pub(super) fn tighten(&mut self, rate: Rate) {
        let covers = |one: &Rate, other: &Rate| one.requests <= other.requests && one.window_ms >= other.window_ms;
        if !self.rates.iter().any(|known| covers(known, &rate)) {
            self.rates.retain(|known| !covers(&rate, known));
            self.rates.push(rate);
        }
    }

    /// Takes a place in all windows now, or tells when to ask again.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Instant> {
        let length = |rate: &Rate| Duration::from_millis(rate.window_ms.max(1));
        let Some(longest) = self.rates.iter().map(length).max() else { return Ok(()) };
        while self.sent.front().is_some_and(|t| now.duration_since(*t) >= longest) {
            self.sent.pop_front();
        }
        let free = |rate: &Rate| {
            let most = usize::try_from(rate.requests.max(1)).unwrap_or(usize::MAX);
            // The last one but so many: while it is in the window, that is full.
            let oldest = self.sent.len().checked_sub(most).and_then(|i| self.sent.get(i))?;
            Some(*oldest + length(rate)).filter(|free| *free > now)
        };
        match self.rates.iter().filter_map(free).max() {
            Some(free) => Err(free),
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

    #[tokio::test(start_paused = true)]
    async fn every_rate_holds_and_not_the_lowest_on_average_alone() {
        let mut window = Window::default();
        // The third says no more than the second.
        for (requests, window_ms) in [(5, 1_000), (40, 20_000), (50, 10_000)] {
            window.tighten(Rate { requests, window_ms });
        }
        assert_eq!(window.rates.len(), 2);
        let mut sent: Vec<Instant> = Vec::new();
        while sent.len() < 100 {
            let now = Instant::now();
            match window.take(now) {
                Ok(()) => sent.push(now),
                Err(at) => tokio::time::sleep_until(at).await,
            }
        }
        for from in &sent {
            let within = |s| sent.iter().filter(|t| **t >= *from && **t < *from + Duration::from_secs(s)).count();
            assert!(within(1) <= 5 && within(20) <= 40, "{} in 1 s, {} in 20 s", within(1), within(20));
        }
    }
}
