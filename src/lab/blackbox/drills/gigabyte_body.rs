//! A body without end. Whoever reads all of it before it looks at it has no memory left for anything else.

use serde_json::Value;

use super::OnWire;
use crate::base::rng::Rng;
use crate::connector::TransportError;
use crate::lab::bench::Bench;
use crate::lab::drills::{Drill, Setup, read, reads};
use crate::lab::faults::Wire;
use crate::lab::judge::Evidence;
use crate::lab::trace::Outcome;

/// Bytes that nobody needs to take.
const MUCH: u64 = 64 * 1024 * 1024;

pub(super) struct GigabyteBody;

impl Drill for GigabyteBody {
    fn code(&self) -> &'static str {
        "gigabyte-body"
    }

    fn hypothesis(&self) -> &'static str {
        "A body without end is given up, and the program lives on."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        reads(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let aim = read(bench, records.len(), rng);
        let mut setup = Setup::with(OnWire { code: "gigabyte-body", aim, wire: Wire::Flood }).passes(2).lenient();
        setup.faults_end_with_first_pass = true;
        setup
    }

    fn caveats(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let taken = evidence.trace.exchanges.iter().filter_map(|x| match &x.outcome {
            Outcome::Failed(TransportError::TooLarge { limit }) if *limit > MUCH => Some(*limit),
            _ => None,
        });
        let most = taken.max();
        most.map(|n| format!("it took {} MiB of one answer: nothing bounds what it reads", n / 1024 / 1024))
            .into_iter()
            .collect()
    }
}
