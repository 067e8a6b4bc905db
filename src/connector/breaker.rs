//! Leaves a target alone while it is down: opens after failures in a row, then lets one request through every so
//! often. Those who wait take turns at probing, so that one bad record cannot keep the breaker open for the others; and
//! where nobody but one record has failed, and others were written, that record is given up and the next one finds out
//! whether the target is down.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::MutexGuard;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::contract;

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// Who failed since the last success, where it was one record alone.
    culprit: Culprit,
    /// When the target last answered like one that lives.
    worked: Option<Instant>,
    open: Option<Open>,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Culprit {
    #[default]
    Nobody,
    One(String),
    Many,
}

impl Culprit {
    /// One more failure; `who` is nothing where it was not about one record.
    fn add(&mut self, who: Option<&str>) {
        *self = match (std::mem::take(self), who) {
            (Self::Nobody, Some(who)) => Self::One(who.to_owned()),
            (Self::One(before), Some(who)) if before == who => Self::One(before),
            _ => Self::Many,
        };
    }
}

#[derive(Debug, Clone, Copy)]
struct Open {
    since: Instant,
    next_probe: Instant,
}

/// How long a run waits for a target that is down.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// When the run began: what was down before counts from here.
    pub begun: Instant,
    /// How long the breaker may stay open.
    pub budget: Duration,
}

/// One breaker: for the reads or for the writes of one credential. Reads that work must not hide writes that fail.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: Mutex<State>,
    probing: tokio::sync::Mutex<()>,
}

/// Leave to send.
#[derive(Debug)]
pub(super) struct Leave<'b>(Option<MutexGuard<'b, ()>>);

impl Leave<'_> {
    /// Leave that no breaker had to give.
    pub(super) const fn free() -> Self {
        Self(None)
    }

    /// This request finds out whether the target is back.
    pub(super) const fn is_probe(&self) -> bool {
        self.0.is_some()
    }
}

/// Why there is no leave.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoLeave {
    /// It was asked to stop while waiting.
    Halted,
    /// The target was down for all the time this run had.
    Down,
    /// Nobody but this record has failed for all the time this run had: it may be the record.
    Alone,
}

/// What a failure did.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The breaker opened.
    Opened,
    /// A probe failed: it has been open since then.
    StillOpen { since: Instant },
    /// The breaker closed.
    Closed,
    /// Nothing changed.
    None,
}

impl Breaker {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // Nothing in here panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a request may be sent, as long as the patience lasts.
    /// `who`: the record that the request is about, where it is about one.
    pub(super) async fn leave(
        &self,
        halt: &CancellationToken,
        patience: Patience,
        who: Option<&str>,
    ) -> Result<Leave<'_>, NoLeave> {
        if self.state().open.is_none() {
            return Ok(Leave(None));
        }
        // Fair: whoever probed in vain goes behind those who wait.
        let turn = tokio::select! {
            biased;
            () = halt.cancelled() => return Err(NoLeave::Halted),
            turn = self.probing.lock() => turn,
        };
        let Some(Open { since, next_probe }) = self.state().open else { return Ok(Leave(None)) };
        if next_probe > since.max(patience.begun) + patience.budget {
            let mut state = self.state();
            // Without a success in this run nobody knows whether it is the record; then nothing is given up.
            let lives = state.worked.is_some_and(|at| at >= patience.begun);
            if !lives || who.is_none_or(|who| state.culprit != Culprit::One(who.to_owned())) {
                return Err(NoLeave::Down);
            }
            // The next one has some time of its own: if it fails as well, it is the target.
            if let Some(open) = &mut state.open {
                open.since = Instant::now();
            }
            return Err(NoLeave::Alone);
        }
        tokio::select! {
            biased;
            () = halt.cancelled() => Err(NoLeave::Halted),
            () = tokio::time::sleep_until(next_probe) => Ok(Leave(Some(turn))),
        }
    }

    /// The target answered like one that lives.
    pub(super) fn worked(&self) -> Change {
        let mut state = self.state();
        state.failures = 0;
        state.culprit = Culprit::Nobody;
        state.worked = Some(Instant::now());
        if state.open.take().is_some() { Change::Closed } else { Change::None }
    }

    /// The target did not answer, or answered that it cannot.
    pub(super) fn failed(&self, policy: Option<contract::Breaker>, leave: &Leave<'_>, who: Option<&str>) -> Change {
        let Some(policy) = policy else { return Change::None };
        let mut state = self.state();
        state.culprit.add(who);
        let pause = Duration::from_millis(policy.probe_every_ms.max(1));
        let now = Instant::now();
        if let Some(open) = &mut state.open {
            // Stragglers of before it opened do not push the next probe away.
            if !leave.is_probe() {
                return Change::None;
            }
            open.next_probe = now + pause;
            return Change::StillOpen { since: open.since };
        }
        state.failures = state.failures.saturating_add(1);
        if state.failures < policy.open_after.max(1) {
            return Change::None;
        }
        state.open = Some(Open { since: now, next_probe: now + pause });
        Change::Opened
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Option<contract::Breaker> = Some(contract::Breaker { open_after: 3, probe_every_ms: 30_000 });

    fn patience(seconds: u64) -> Patience {
        Patience { begun: Instant::now(), budget: Duration::from_secs(seconds) }
    }

    async fn open(breaker: &Breaker) {
        let halt = CancellationToken::new();
        for _ in 0..3 {
            let leave = breaker.leave(&halt, patience(0), None).await.expect("closed");
            breaker.failed(POLICY, &leave, None);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_in_a_row_and_probes_at_its_pace() {
        let (breaker, halt) = (Breaker::default(), CancellationToken::new());
        let far = patience(3_600);
        let free = breaker.leave(&halt, far, None).await.expect("closed");
        breaker.failed(POLICY, &free, None);
        breaker.failed(POLICY, &free, None);
        breaker.worked();
        breaker.failed(POLICY, &free, None);
        breaker.failed(POLICY, &free, None);
        assert_eq!(breaker.failed(POLICY, &free, None), Change::Opened, "only failures in a row count");

        let begun = Instant::now();
        let probe = breaker.leave(&halt, far, None).await.expect("a probe");
        assert!(probe.is_probe());
        assert_eq!(begun.elapsed(), Duration::from_secs(30));
        assert!(matches!(breaker.failed(POLICY, &probe, None), Change::StillOpen { .. }));
        drop(probe);
        let probe = breaker.leave(&halt, far, None).await.expect("a probe");
        assert_eq!(begun.elapsed(), Duration::from_secs(60));
        assert_eq!(breaker.worked(), Change::Closed);
        drop(probe);
        assert!(!breaker.leave(&halt, far, None).await.expect("closed").is_probe());
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_wait_take_turns_at_probing() {
        let breaker = Breaker::default();
        open(&breaker).await;
        let halt = CancellationToken::new();
        let far = patience(3_600);
        let order = Mutex::new(Vec::new());
        let one = |name: &'static str, fails: u32| {
            let (breaker, halt, order) = (&breaker, &halt, &order);
            async move {
                let mut left = fails;
                loop {
                    let leave = breaker.leave(halt, far, None).await.expect("leave");
                    order.lock().expect("no panic").push(name);
                    if left == 0 {
                        breaker.worked();
                        return;
                    }
                    left -= 1;
                    breaker.failed(POLICY, &leave, None);
                }
            }
        };
        tokio::join!(one("bad", 2), one("good", 0));
        assert_eq!(order.into_inner().expect("no panic"), ["bad", "good", "bad", "bad"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_record_that_fails_alone_is_given_up_and_the_next_one_tells_whether_it_is_the_target() {
        let (breaker, halt) = (Breaker::default(), CancellationToken::new());
        let short = patience(40);
        breaker.worked();
        for _ in 0..3 {
            let leave = breaker.leave(&halt, short, Some("bad")).await.expect("closed");
            breaker.failed(POLICY, &leave, Some("bad"));
        }
        let probe = breaker.leave(&halt, short, Some("bad")).await.expect("one probe");
        breaker.failed(POLICY, &probe, Some("bad"));
        drop(probe);
        assert_eq!(breaker.leave(&halt, short, Some("bad")).await.map(|_| ()), Err(NoLeave::Alone));
        let probe = breaker.leave(&halt, short, Some("next")).await.expect("a probe of its own");
        breaker.failed(POLICY, &probe, Some("next"));
        drop(probe);
        assert_eq!(
            breaker.leave(&halt, patience(0), Some("next")).await.map(|_| ()),
            Err(NoLeave::Down),
            "it is the target"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_record_is_not_given_up_where_nothing_has_worked_in_this_run() {
        let (breaker, halt) = (Breaker::default(), CancellationToken::new());
        for _ in 0..3 {
            let leave = breaker.leave(&halt, patience(0), Some("only")).await.expect("closed");
            breaker.failed(POLICY, &leave, Some("only"));
        }
        assert_eq!(breaker.leave(&halt, patience(29), Some("only")).await.map(|_| ()), Err(NoLeave::Down));
    }

    #[tokio::test(start_paused = true)]
    async fn it_does_not_wait_beyond_its_patience_nor_after_a_stop() {
        let breaker = Breaker::default();
        open(&breaker).await;
        let halt = CancellationToken::new();
        assert_eq!(breaker.leave(&halt, patience(29), None).await.map(|_| ()), Err(NoLeave::Down));
        halt.cancel();
        let far = patience(3_600);
        assert_eq!(breaker.leave(&halt, far, None).await.map(|_| ()), Err(NoLeave::Halted));
    }
}
