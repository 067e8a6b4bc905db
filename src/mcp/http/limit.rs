//! How often and how much at once, for each principal.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// One caller's share.
#[derive(Debug)]
struct Share {
    /// When the next call would be due if calls came evenly; ahead of now by what was taken in advance.
    due: Instant,
    /// Calls under way.
    calls: Arc<Semaphore>,
    /// Event streams open.
    streams: Arc<Semaphore>,
}

/// Shares by principal. There are as many as there are principals, so nothing has to be forgotten.
#[derive(Debug)]
pub(super) struct Shares {
    per_second: Option<u32>,
    concurrent: usize,
    all: Mutex<BTreeMap<String, Share>>,
}

/// Why a request has to wait.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Too many calls in a short time; after this one more is due.
    Rate(Duration),
    /// Too many at once.
    Busy,
}

impl Shares {
    pub(super) fn new(per_second: Option<u32>, concurrent: usize) -> Self {
        Self { per_second, concurrent, all: Mutex::default() }
    }

    /// Takes one request of `who`; the permit is held until it is answered. `stream` is a stream that is only listened to.
    pub(super) fn take(&self, who: &str, stream: bool) -> Result<OwnedSemaphorePermit, Wait> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let share = all.entry(who.to_owned()).or_insert_with(|| Share {
            due: now,
            calls: Arc::new(Semaphore::new(self.concurrent)),
            streams: Arc::new(Semaphore::new(self.concurrent)),
        });
        // The generic cell rate algorithm: one number a caller, no timer. (`governor` does the same, with a clock of its
        // own that tests cannot move.)
        let mut due = share.due;
        if let Some(per_second) = self.per_second.filter(|n| *n > 0) {
            let every = Duration::from_secs(1) / per_second;
            let ahead = every * per_second.saturating_mul(2).saturating_sub(1);
            due = share.due.max(now);
            if due > now + ahead {
                return Err(Wait::Rate(due - now - ahead));
            }
            due += every;
        }
        let which = if stream { &share.streams } else { &share.calls };
        let permit = Arc::clone(which).try_acquire_owned().map_err(|_| Wait::Busy)?;
        share.due = due;
        Ok(permit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_of_two_seconds_passes_and_then_the_rate_holds() {
        let shares = Shares::new(Some(10), 100);
        let passed = |who| (0..50).take_while(|_| shares.take(who, false).is_ok()).count();
        assert_eq!(passed("ada"), 20);
        assert_eq!(passed("grace"), 20, "one caller's haste is not another's");
        assert_eq!(shares.take("ada", false).err(), Some(Wait::Rate(Duration::from_millis(100))));
        tokio::time::advance(Duration::from_millis(300)).await;
        assert_eq!(passed("ada"), 3);
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert_eq!(passed("ada"), 20, "what was not used is not saved up");
    }

    #[tokio::test]
    async fn so_many_at_once_and_streams_beside_them() {
        let shares = Shares::new(None, 2);
        let (one, two) = (shares.take("ada", false), shares.take("ada", false));
        assert!(one.is_ok() && two.is_ok());
        assert_eq!(shares.take("ada", false).err(), Some(Wait::Busy));
        assert!(shares.take("ada", true).is_ok() && shares.take("grace", false).is_ok());
        drop(one);
        assert!(shares.take("ada", false).is_ok());
    }
}
