//! Asked to stop at any step, it finishes what is under way, keeps its place, and the next run goes on exactly there.
//!
//! Source: POSIX SIGTERM as Kubernetes and systemd send it, with a grace period of 30 and 90 seconds before SIGKILL.

use serde_json::Value;

use super::super::judge::Evidence;
use super::super::trace::{Event, Exchanged};
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct Sigterm;

impl Drill for Sigterm {
    fn code(&self) -> &'static str {
        "sigterm"
    }

    fn hypothesis(&self) -> &'static str {
        "Asked to stop at any step, it finishes what is under way, and the next run sends nothing again that was acknowledged."
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        let mut setup = Setup::clean().passes(2).honest();
        setup.process.stop = true;
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        evidence.trace.events.iter().filter(|e| matches!(e, Event::Asked { .. })).count() as u64
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let taken = |x: &&Exchanged| x.purpose.writes() && x.status().is_some_and(|s| (200..300).contains(&s));
        let first: Vec<&Exchanged> = evidence.trace.run(1).filter(taken).collect();
        let again = evidence.trace.run(2).filter(|x| x.purpose.writes()).filter_map(|x| {
            let before = first.iter().find(|b| b.asks_as(x))?;
            Some(format!("stop: request {} sends again what request {} was acknowledged for", x.nth, before.nth))
        });
        again.take(3).collect()
    }
}
