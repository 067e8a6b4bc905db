//! When the target is mended, each dead letter is delivered once, however often they are replayed.
//!
//! Source: the replay of a dead-letter queue (Amazon SQS redrive, RabbitMQ shovel) delivers at least once; what makes it once is the
//! receiver's key.

use serde_json::Value;

use super::super::bench::Purpose;
use super::super::faults::{Aim, Fault, ItemRefused, RecordRefused};
use super::super::judge::Evidence;
use super::{Drill, Setup};
use super::{WRITES, deliverable, identifiable, in_batches};
use crate::base::rng::Rng;
use crate::evidence::DeadState;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct ReplayDeadLetters;

impl Drill for ReplayDeadLetters {
    fn code(&self) -> &'static str {
        "replay-dead-letters"
    }

    fn hypothesis(&self) -> &'static str {
        "When the target is mended, replaying the dead letters delivers each once, however often they are replayed."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        identifiable(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let mut setup = Setup::clean().passes(2).honest();
        for _ in 0..rng.between(1, 2) {
            let Some((_, identity)) = deliverable(bench, records, rng) else { break };
            let fault: Box<dyn Fault> = if in_batches(bench).is_ok() {
                let aim = Aim::at([Purpose::Bulk]).record(identity).times(u64::MAX / 2);
                Box::new(ItemRefused { aim, status: 422, any_order: false })
            } else {
                Box::new(RecordRefused { aim: Aim::at(WRITES).record(identity).times(u64::MAX / 2), status: 422 })
            };
            setup.faults.push(fault);
        }
        setup.faults_end_with_first_pass = true;
        setup.process.replays = 2;
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        evidence.letters.iter().filter(|l| l.state == DeadState::Replayed).count() as u64
    }
}
