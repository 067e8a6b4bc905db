//! The switch: within a second of it no call leaves any more, also where requests wait for another attempt.
//!
//! Source: the kill switch of an integration is worth what it does while the target is down and retries are pending.

use serde_json::Value;

use super::super::faults::Unavailable;
use super::super::judge::Evidence;
use super::super::trace::Event;
use super::{Drill, Setup};
use super::{TARGET, in_target, owed, retries};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct Disable;

impl Drill for Disable {
    fn code(&self) -> &'static str {
        "disable"
    }

    fn hypothesis(&self) -> &'static str {
        "Switched off while requests wait for another attempt, it makes no call after one second."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        retries(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = bench;
        let aim = in_target(TARGET.to_vec(), owed(bench, records).min(4), rng).times(u64::MAX / 2);
        let mut setup = Setup::with(Unavailable { aim, status: 503, turns: false }).passes(2).lenient();
        setup.faults_end_with_first_pass = true;
        setup.process.stop = true;
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        evidence.trace.events.iter().filter(|e| matches!(e, Event::Asked { .. })).count() as u64
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let asked = evidence.trace.events.iter().find_map(|e| match e {
            Event::Asked { at, run } => Some((*at, *run)),
            _ => None,
        });
        let Some((at, run)) = asked else { return Vec::new() };
        let late = evidence.trace.run(run).filter(|x| x.at.0 > at.0 + WITHIN_MS);
        late.take(3).map(|x| format!("disable: request {} left {} ms after the switch", x.nth, x.at.0 - at.0)).collect()
    }
}

/// How long it may take to work.
const WITHIN_MS: i64 = 1_000;
