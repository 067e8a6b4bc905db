//! A second process on the same ledger is refused while the first one runs.
//!
//! Source: the usual way to two writers: a rolling deployment, or a timer that fires while the last run still goes on; a lock on
//! the ledger is what both can see.

use serde_json::Value;

use super::super::judge::Evidence;
use super::super::trace::Event;
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct SecondInstance;

impl Drill for SecondInstance {
    fn code(&self) -> &'static str {
        "second-instance"
    }

    fn hypothesis(&self) -> &'static str {
        "While one process runs a flow, a second one on the same ledger is refused and sends nothing."
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records);
        let mut setup = Setup::clean().passes(2).honest();
        setup.process.twin_after_ms = Some(rng.between(5, 60));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        u64::from(second_while_first(evidence))
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        if !second_while_first(evidence) {
            return Vec::new();
        }
        match evidence.trace.run(2).next() {
            Some(x) => vec![format!("second instance: run 2 sent request {} while run 1 was at work", x.nth)],
            None => Vec::new(),
        }
    }
}

/// The second one was started before the first had ended.
fn second_while_first(evidence: &Evidence<'_>) -> bool {
    let started = evidence.trace.events.iter().find_map(|e| match e {
        Event::Started { at, run: 2 } => Some(*at),
        _ => None,
    });
    let ended = evidence.trace.events.iter().find_map(|e| match e {
        Event::Ended { at, run: 1, .. } => Some(*at),
        _ => None,
    });
    started.zip(ended).is_some_and(|(started, ended)| started < ended)
}
