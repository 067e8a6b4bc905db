//! A deletion that the target fails is sent again until it is done, or told of; one that was done while its answer was lost is done,
//! though the next attempt finds nothing there.
//!
//! Source: RFC 9110 section 9.2.2 (DELETE is idempotent, and may be sent again) and section 15.5.5 (404: no representation is left).

use serde_json::Value;

use super::super::faults::{Aim, CommittedThenLost, Fault, Unavailable};
use super::deleted_at_source::{DeletedAtSource, for_good};
use super::{Drill, Setup, retries, survivable};
use crate::base::rng::Rng;
use crate::lab::bench::{Bench, Purpose};
use crate::lab::judge::Evidence;

/// See the module.
pub(super) struct DeleteFails;

impl Drill for DeleteFails {
    fn code(&self) -> &'static str {
        "delete-fails"
    }

    fn hypothesis(&self) -> &'static str {
        "A deletion that fails for now, or whose answer is lost, is carried out all the same, and nothing is given up for it."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        DeletedAtSource.applies(bench)?;
        for_good(bench)?;
        retries(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let mut setup = DeletedAtSource.schedule(bench, records, rng);
        let aim = Aim::at([Purpose::Delete]);
        let fault: Box<dyn Fault> = match rng.below(2) {
            0 => Box::new(Unavailable { aim: aim.times(survivable(bench, 2, rng)), status: 503, turns: false }),
            _ => Box::new(CommittedThenLost { aim: aim.times(1) }),
        };
        setup.faults.push(fault);
        // What was gone when it was sent again counts as written, or as there already.
        setup.expect.counts = false;
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        evidence.faults_fired
    }
}
