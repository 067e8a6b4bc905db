//! How many requests are under way at once with one credential: as many as come, until the server says that it is too
//! much. Then half of them, and one more each time that all of them went well (additive increase, multiplicative decrease,
//! as TCP does it, RFC 5681 section 3.1): who shares a credential shares what it can bear.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::run::{Run, Stop};

/// What grew back this far needs no limit.
const WIDE: usize = 64;

#[derive(Debug, Default)]
struct State {
    in_flight: usize,
    /// Nothing: no limit has been met.
    most: Option<usize>,
    /// Requests that went well since the limit last changed.
    well: usize,
    cut_at: Option<Instant>,
    /// Left in the server's window, and until when that holds.
    left: Option<(usize, Instant)>,
}

impl State {
    fn limit(&self, now: Instant) -> usize {
        let left = self.left.filter(|(_, until)| now < *until).map(|(left, _)| left);
        self.most.into_iter().chain(left).min().unwrap_or(usize::MAX).max(1)
    }
}

/// The requests under way.
#[derive(Debug, Default)]
pub(super) struct Load {
    state: Mutex<State>,
    freed: Notify,
}

/// A place among the requests under way, until it is dropped.
#[derive(Debug)]
pub(super) struct Place<'l> {
    load: &'l Load,
    since: Instant,
}

impl Load {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_enter(&self) -> Option<Place<'_>> {
        let now = Instant::now();
        let mut state = self.state();
        (state.in_flight < state.limit(now)).then(|| {
            state.in_flight += 1;
            Place { load: self, since: now }
        })
    }

    /// Waits for a place, unless the run ends.
    pub(super) async fn enter(&self, run: &Run<'_>) -> Result<Place<'_>, Stop> {
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            // Whoever leaves from here on is heard, also between the look and the wait.
            freed.as_mut().enable();
            if let Some(place) = self.try_enter() {
                return Ok(place);
            }
            tokio::select! {
                biased;
                () = run.halt.cancelled() => return Err(run.why()),
                () = freed => {}
            }
        }
    }

    /// So many requests are left in the server's window until then.
    pub(super) fn left(&self, left: usize, until: Instant) {
        self.state().left = Some((left, until));
    }
}

impl Place<'_> {
    /// The server took it. A request sent since counts from when it is sent.
    pub(super) fn went_well(&self) {
        let mut state = self.load.state();
        let Some(most) = state.most else { return };
        state.well += 1;
        if state.well >= most {
            state.well = 0;
            state.most = (most + 1 < WIDE).then_some(most + 1);
            drop(state);
            self.load.freed.notify_one();
        }
    }

    /// The server said that it is too much: half of what was under way. Those that were sent before the last cut say
    /// nothing new. The limit, where it changed.
    pub(super) fn throttled(&self) -> Option<usize> {
        let mut state = self.load.state();
        if state.cut_at.is_some_and(|cut| self.since <= cut) {
            return None;
        }
        let now = state.most.unwrap_or(usize::MAX).min(state.in_flight);
        let most = (now / 2).max(1);
        state.most = Some(most);
        state.well = 0;
        state.cut_at = Some(Instant::now());
        Some(most)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.load.state();
        state.in_flight = state.in_flight.saturating_sub(1);
        drop(state);
        self.load.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_429_halves_and_success_adds_one() {
        let load = Load::default();
        let mut places: Vec<Place<'_>> = (0..8).filter_map(|_| load.try_enter()).collect();
        tokio::time::advance(Duration::from_millis(10)).await;
        assert_eq!(places[0].throttled(), Some(4));
        assert_eq!(places[1].throttled(), None, "it was sent before the cut");
        assert!(load.try_enter().is_none());
        places.truncate(3);
        let later = load.try_enter().expect("a place is free");
        assert!(load.try_enter().is_none());
        for _ in 0..4 {
            later.went_well();
        }
        let fifth = load.try_enter();
        assert!(fifth.is_some(), "four went well, so a fifth may go");
        assert!(load.try_enter().is_none());
        tokio::time::advance(Duration::from_millis(10)).await;
        assert_eq!(later.throttled(), Some(2));
        drop((places, later, fifth));
        let one = load.try_enter().expect("free");
        let two = load.try_enter().expect("free");
        assert!(load.try_enter().is_none());
        drop((one, two));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_go_than_are_left_in_the_window() {
        let load = Load::default();
        load.left(1, Instant::now() + Duration::from_secs(5));
        let _one = load.try_enter().expect("one is left");
        assert!(load.try_enter().is_none());
        tokio::time::advance(Duration::from_secs(6)).await;
        assert!(load.try_enter().is_some(), "another window");
    }
}
