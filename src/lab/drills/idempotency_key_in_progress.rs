//! When the target says that the first attempt is still in progress, the same request is sent again later, under the same key.
//!
//! Source: IETF draft, The Idempotency-Key HTTP Header Field: 409 while the first request is at work.

use serde_json::Value;

use super::super::bench::Purpose;
use super::super::faults::{Aim, CommittedThenLost, ConnectionReset, Disposition, Exchange, Fault, KeyInProgress};
use super::super::mock::key_in_progress;
use super::retries;
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::connector::WritePlan;
use crate::lab::bench::Bench;
use crate::lab::judge::Evidence;

/// See the module.
pub(super) struct IdempotencyKeyInProgress;

impl Drill for IdempotencyKeyInProgress {
    fn code(&self) -> &'static str {
        "idempotency-key-in-progress"
    }

    fn hypothesis(&self) -> &'static str {
        "When the target says that the first attempt is still in progress, the same request is sent again later, under the same key."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        retries(bench)?;
        match &bench.plan.target.write {
            WritePlan::Create { idempotency: Some(_), .. } => Ok(()),
            WritePlan::Upsert { idempotency: Some(_), .. } => {
                Err("after a lost answer the record is looked up, so the key is not sent again".to_owned())
            }
            _ => Err("writes carry no idempotency key".to_owned()),
        }
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        evidence.trace.exchanges.iter().filter(|x| x.fault == Some("key-in-progress")).count() as u64
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let documented = bench.write_operation().map(|op| key_in_progress(&bench.target.system, op));
        let half = (records.len() as u64 / 2).max(1);
        let first_commits = rng.one_in(2);
        let mut setup = Setup::clean();
        // One first attempt takes effect, the other comes to nothing: whoever takes a new key writes the one twice, whoever
        // takes "in progress" for "done" loses the other.
        for (from, commits) in [(0, first_commits), (half, !first_commits)] {
            let skip = from + rng.below(half.saturating_sub(2).max(1));
            let aim = Aim::at([Purpose::Create]).after(skip);
            setup.faults.push(if commits {
                Box::new(CommittedThenLost { aim })
            } else {
                Box::new(ConnectionReset { aim })
            });
            // The same record's second attempt: whichever create carries the key that was lost.
            setup.faults.push(Box::new(AfterLost {
                inner: KeyInProgress { aim: Aim::at([Purpose::Create]), answer: documented.clone() },
                lost: None,
                skip,
                seen: 0,
            }));
        }
        setup
    }
}

/// Answers the attempt that follows the lost one.
struct AfterLost {
    inner: KeyInProgress,
    /// The body that was lost on the way.
    lost: Option<bytes::Bytes>,
    skip: u64,
    seen: u64,
}

impl Fault for AfterLost {
    fn code(&self) -> &'static str {
        self.inner.code()
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if exchange.purpose != Purpose::Create {
            return Disposition::Pass;
        }
        self.seen += 1;
        if self.seen == self.skip + 1 {
            self.lost = Some(exchange.request.body.clone());
            return Disposition::Pass;
        }
        match &self.lost {
            Some(body) if *body == exchange.request.body => self.inner.on_exchange(exchange),
            _ => Disposition::Pass,
        }
    }
}
