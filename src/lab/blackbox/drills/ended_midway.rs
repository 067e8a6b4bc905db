//! SIGTERM while the program works, as every deployment sends it: it ends within the grace period, and nothing is half done.

use serde_json::Value;

use super::OnWire;
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::drills::{Drill, Setup, TARGET, protected};
use crate::lab::faults::{Aim, SlowAnswer, Wire};
use crate::lab::judge::Evidence;

/// Answers take so long from then on: who does not listen is not done within the grace period.
const SLOW_MS: u64 = 2_000;

pub(super) struct EndedMidway;

impl Drill for EndedMidway {
    fn code(&self) -> &'static str {
        "ended-midway"
    }

    fn hypothesis(&self) -> &'static str {
        "Asked to end by SIGTERM, it ends within ten seconds; started again, it loses nothing and writes nothing twice."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        protected(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records);
        let skip = rng.below(3);
        let wire = OnWire { code: "asked-to-end", aim: Aim::at(TARGET).after(skip), wire: Wire::Terminate };
        let mut setup = Setup::with(wire).passes(2).honest();
        let after = SlowAnswer { aim: Aim::at(TARGET).after(skip + 1).times(u64::MAX / 2), ms: SLOW_MS };
        setup.faults.push(Box::new(after));
        setup.faults_end_with_first_pass = true;
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        evidence.trace.exchanges.iter().filter(|x| x.fault == Some("asked-to-end")).count() as u64
    }
}
