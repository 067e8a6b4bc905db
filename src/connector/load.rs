//! How many requests are under way at once with one credential: as many as come, until the server says that it is too
//! much. Then half of them, and one more each time that all of them went well (additive increase, multiplicative decrease,
//! as TCP does it, RFC 5681 section 3.1): who shares a credential shares what it can bear.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
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
    /// Who waits, in the order of coming: a request that was refused goes behind them.
    queue: VecDeque<oneshot::Sender<()>>,
}

impl State {
    /// Gives free places to those who wait.
    fn grant(&mut self) {
        while self.in_flight < self.limit(Instant::now())
            && let Some(next) = self.queue.pop_front()
        {
            if next.send(()).is_ok() {
                self.in_flight += 1;
            }
        }
    }

    fn limit(&self, now: Instant) -> usize {
        let left = self.left.filter(|(_, until)| now < *until).map(|(left, _)| left);
        self.most.into_iter().chain(left).min().unwrap_or(usize::MAX).max(1)
    }
}

/// The requests under way.
#[derive(Debug, Default)]
pub(super) struct Load {
    state: Mutex<State>,
}

/// A turn that is waited for; what is granted and not taken is given back.
struct Turn<'l> {
    load: &'l Load,
    granted: oneshot::Receiver<()>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.granted.close();
        if self.granted.try_recv().is_ok() {
            self.load.leave();
        }
    }
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

    /// A place, or a turn to wait for.
    fn ask(&self) -> Result<Place<'_>, Turn<'_>> {
        let now = Instant::now();
        let mut state = self.state();
        if state.queue.is_empty() && state.in_flight < state.limit(now) {
            state.in_flight += 1;
            return Ok(Place { load: self, since: now });
        }
        let (turn, granted) = oneshot::channel();
        state.queue.push_back(turn);
        state.grant();
        Err(Turn { load: self, granted })
    }

    /// Waits for a place, unless the run ends.
    pub(super) async fn enter(&self, run: &Run<'_>) -> Result<Place<'_>, Stop> {
        let mut turn = match self.ask() {
            Ok(place) => return Ok(place),
            Err(turn) => turn,
        };
        tokio::select! {
            biased;
            () = run.halt.cancelled() => Err(run.why()),
            _ = &mut turn.granted => Ok(Place { load: self, since: Instant::now() }),
        }
    }

    fn leave(&self) {
        let mut state = self.state();
        state.in_flight = state.in_flight.saturating_sub(1);
        state.grant();
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
            state.grant();
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
        self.load.leave();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_429_halves_and_success_adds_one() {
        let load = Load::default();
        let mut places: Vec<Place<'_>> = (0..8).filter_map(|_| load.ask().ok()).collect();
        tokio::time::advance(Duration::from_millis(10)).await;
        assert_eq!(places[0].throttled(), Some(4));
        assert_eq!(places[1].throttled(), None, "it was sent before the cut");
        assert!(load.ask().ok().is_none());
        places.truncate(3);
        tokio::time::advance(Duration::from_millis(10)).await;
        let later = load.ask().ok().expect("a place is free");
        assert!(load.ask().ok().is_none());
        for _ in 0..4 {
            later.went_well();
        }
        let fifth = load.ask().ok();
        assert!(fifth.is_some(), "four went well, so a fifth may go");
        assert!(load.ask().ok().is_none());
        tokio::time::advance(Duration::from_millis(10)).await;
        assert_eq!(later.throttled(), Some(2));
        drop((places, later, fifth));
        let one = load.ask().ok().expect("free");
        let two = load.ask().ok().expect("free");
        assert!(load.ask().ok().is_none());
        drop((one, two));
    }

    #[tokio::test(start_paused = true)]
    async fn turns_are_taken_in_the_order_of_coming_and_none_is_lost() {
        let load = Load::default();
        let first = load.ask().ok().expect("free");
        tokio::time::advance(Duration::from_millis(10)).await;
        assert_eq!(first.throttled(), Some(1));
        let mut second = load.ask().expect_err("it waits");
        let third = load.ask().expect_err("it waits, too");
        drop(first);
        assert!(load.ask().is_err(), "the place is the second's");
        assert!(second.granted.try_recv().is_ok());
        load.leave();
        // The third goes away with its turn untaken.
        drop(third);
        assert!(load.ask().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_go_than_are_left_in_the_window() {
        let load = Load::default();
        load.left(1, Instant::now() + Duration::from_secs(5));
        let _one = load.ask().ok().expect("one is left");
        assert!(load.ask().ok().is_none());
        tokio::time::advance(Duration::from_secs(6)).await;
        assert!(load.ask().ok().is_some(), "another window");
    }
}
