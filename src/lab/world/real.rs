//! The stage for a program of its own: the same hall, with time that passes by itself.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::{EPOCH, Event, Hall, RunEnd, Stage, sender};
use crate::base::clock::Timestamp;
use crate::base::rng::Rng;
use crate::base::secret::SecretRef;
use crate::lab::bench::Bench;

/// A time skip of the mocks from which on their clocks must not show it.
const HOUR_MS: i64 = 3_600_000;

/// Every secret that a contract keeps in a file, with its path; the same for every schedule.
pub(in crate::lab) fn files(bench: &Bench) -> Vec<(PathBuf, String)> {
    let planted = super::Planted::of(bench, &mut Rng::seeded(0));
    let files = planted.values().iter().filter_map(|(reference, value)| match SecretRef::parse(reference) {
        Some(SecretRef::File(path)) => Some((path, value.clone())),
        _ => None,
    });
    files.collect()
}

impl Stage {
    /// What all parts share, to be carried into tasks.
    pub(in crate::lab) fn shared(&self) -> Arc<Mutex<Hall>> {
        Arc::clone(&self.hall)
    }

    /// The planted secrets by the reference that the contract names them with.
    pub(in crate::lab) fn planted(&self) -> &BTreeMap<String, String> {
        self.planted.values()
    }

    /// The secrets that the source signs with.
    pub(in crate::lab) fn hook_secrets(&self) -> Vec<String> {
        self.planted.of_webhook().to_vec()
    }

    /// All events are delivered at once.
    pub(in crate::lab) const fn is_burst(&self) -> bool {
        self.burst
    }

    /// A start of the program, with at most `budget` requests; tells which. What is new in the source is announced.
    pub(in crate::lab) fn begin(&mut self, now: Timestamp, budget: u64, announce: bool) -> usize {
        self.runs += 1;
        self.now = now;
        let run = self.runs;
        let mut hall = self.hall();
        hall.budget = hall.trace.exchanges.len() as u64 + budget;
        hall.trace.events.push(Event::Started { at: now, run });
        if let Some(hook) = self.bench.plan.source.webhook.as_ref().filter(|_| announce) {
            sender::announce(&mut hall, &self.bench, hook);
        }
        run
    }

    /// It is over.
    pub(in crate::lab) fn finish(&mut self, now: Timestamp, run: usize, end: &RunEnd) {
        self.now = now;
        let (how, claim) = end.words();
        self.hall().trace.events.push(Event::Ended { at: now, run, how, claim });
    }
}

/// How far the time of the mocks is ahead after a pause that nobody waits for: their memory of keys and tokens ends, their
/// clocks go on showing the true time.
#[must_use]
pub(in crate::lab) fn skipped(pause_ms: i64) -> i64 {
    if pause_ms >= HOUR_MS { pause_ms } else { 0 }
}

/// When a stage begins: in real time now, else always at the same moment.
pub(in crate::lab) fn begins(bench: &Bench, now: Timestamp) -> Timestamp {
    if bench.real.is_some() { now } else { EPOCH }
}
