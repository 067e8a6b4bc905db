//! The switch in the ledger: switched off while a run is at work, no call leaves any more within a second, a run that is started
//! meanwhile sends nothing, and what was left is delivered once it is switched on again. Unlike `disable`, nobody tells the process:
//! it has to look.
//!
//! Source: feature toggles as kill switches (M. Fowler, Feature Toggles: ops toggles): read at every use, not at the start.

use serde_json::Value;

use super::super::bench::Purpose;
use super::super::faults::{Aim, SlowAnswer};
use super::super::judge::Evidence;
use super::super::trace::Event;
use super::{Drill, Setup, TARGET};
use crate::base::clock::Timestamp;
use crate::base::rng::Rng;
use crate::evidence::Verdict;
use crate::lab::bench::Bench;

/// How long it may take to work.
const WITHIN_MS: i64 = 1_000;

/// See the module.
pub(super) struct PausedMidway;

impl Drill for PausedMidway {
    fn code(&self) -> &'static str {
        "paused-midway"
    }

    fn hypothesis(&self) -> &'static str {
        "Paused midway, it makes no call after one second, and none when started again, until it is resumed; nothing is lost."
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        // Slow answers make a run long enough to go on for more than a second.
        let aim = Aim::at([&TARGET[..], &[Purpose::List]].concat()).times(u64::MAX / 2);
        let mut setup = Setup::with(SlowAnswer { aim, ms: 400 }).passes(3);
        // The first run ends early, and what it does not reach it does not count.
        setup.expect.counts = false;
        setup.process.pause = true;
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        u64::from(paused(evidence).is_some())
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let Some((at, run)) = paused(evidence) else { return Vec::new() };
        let late = evidence.trace.run(run).filter(|x| x.at.0 > at.0 + WITHIN_MS);
        let mut out: Vec<String> = late
            .take(3)
            .map(|x| format!("pause: request {} left {} ms after run {run} was paused", x.nth, x.at.0 - at.0))
            .collect();
        let Some(next) = evidence.runs.iter().find(|seen| seen.run == run + 1) else { return out };
        if let Some(x) = evidence.trace.run(next.run).next() {
            out.push(format!("pause: run {} sent request {}, though its flow was off", next.run, x.nth));
        }
        if next.end.report().is_some_and(|r| r.verdict == Verdict::Pass) {
            out.push(format!("dishonest: run {} claims PASS, though its flow was off", next.run));
        }
        out
    }
}

/// When the flow was switched off, and during which run.
fn paused(evidence: &Evidence<'_>) -> Option<(Timestamp, usize)> {
    evidence.trace.events.iter().find_map(|event| match event {
        Event::Paused { at, run } => Some((*at, *run)),
        _ => None,
    })
}
