//! How often a flow may send again: a tenth of what it sends, beside a fixed sum and one each second ("Handling overload",
//! Site Reliability Engineering, chapter 21). Each record has its attempts; a target that fails for thousands of records is
//! not sent their attempts all at once. Who has none left waits: nothing is given up for it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Retries that are there at the beginning, and that are saved up at most.
const MOST: f64 = 100.0;
/// Retries that each request earns.
const EARNED: f64 = 0.1;
/// Retries that each second earns.
const EACH_SECOND: f64 = 1.0;

#[derive(Debug)]
struct State {
    left: f64,
    at: Instant,
}

/// The retries that a flow has left.
#[derive(Debug)]
pub(super) struct Budget(Mutex<State>);

impl Budget {
    /// All of them.
    pub(super) fn new() -> Self {
        Self(Mutex::new(State { left: MOST, at: Instant::now() }))
    }

    /// A request was sent.
    pub(super) fn earn(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.left = (state.left + EARNED).min(MOST);
    }

    /// Takes one, or tells when to ask again.
    pub(super) fn take(&self) -> Result<(), Instant> {
        let now = Instant::now();
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_duration_since(state.at).as_secs_f64();
        state.left = passed.mul_add(EACH_SECOND, state.left).min(MOST);
        state.at = now;
        if state.left < 1.0 {
            // A little longer than it takes: what is one short for rounding would ask without end.
            return Err(now + Duration::from_secs_f64((1.0 - state.left) / EACH_SECOND) + Duration::from_millis(1));
        }
        state.left -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn retries_are_a_tenth_of_the_requests_and_one_a_second() {
        let budget = Budget::new();
        for _ in 0..100 {
            assert!(budget.take().is_ok());
        }
        let at = budget.take().expect_err("all are spent");
        tokio::time::sleep_until(at).await;
        assert!(budget.take().is_ok() && budget.take().is_err());
        for _ in 0..11 {
            budget.earn();
        }
        assert!(budget.take().is_ok() && budget.take().is_err());
        tokio::time::advance(Duration::from_secs(3600)).await;
        let saved = (0..1000).take_while(|_| budget.take().is_ok()).count();
        assert_eq!(saved, 100, "no more are saved up");
    }
}
