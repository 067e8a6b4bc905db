//! A rollback that is killed at any step, or whose target fails for a while, is gone on with: the end is the same as without.
//!
//! Source: restart recovery (Mohan et al., ARIES, 1992): who undoes may die too, and undoing is repeatable.

use serde_json::Value;

use super::super::bench::Purpose;
use super::super::faults::{Aim, CommittedThenLost, RateLimited, Unavailable};
use super::super::judge::Evidence;
use super::super::process::Rollback;
use super::{Drill, Setup, owed, undoable};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::world::RunEnd;

/// See the module.
pub(super) struct RollbackInterrupted;

impl Drill for RollbackInterrupted {
    fn code(&self) -> &'static str {
        "rollback-interrupted"
    }

    fn hypothesis(&self) -> &'static str {
        "A rollback that is killed at any step, or that the target fails, is gone on with and comes to the same end."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        undoable(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let mut setup = Setup::clean().passes(2);
        let mut rollback = Rollback::default();
        let aim = Aim::at([Purpose::Find, Purpose::Update, Purpose::Delete, Purpose::Other])
            .after(rng.below(owed(bench, records) as u64));
        match rng.below(5) {
            0 => rollback.faults.push(Box::new(Unavailable {
                aim: aim.times(rng.between(1, 40)),
                status: 503,
                turns: false,
            })),
            1 => rollback.faults.push(Box::new(RateLimited {
                status: 429,
                aim: aim.times(rng.between(1, 3)),
                seconds: i64::try_from(rng.between(1, 7)).unwrap_or(1),
                as_date: false,
                clock_off_ms: 0,
            })),
            2 => rollback.faults.push(Box::new(CommittedThenLost { aim: aim.times(2) })),
            _ => rollback.killed = usize::try_from(rng.between(1, 3)).unwrap_or(1),
        }
        rollback.meddled = usize::from(rng.one_in(3));
        setup.expect.values = rollback.meddled == 0;
        setup.process.rollback = Some(rollback);
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let Some(back) = &evidence.rolled_back else { return 0 };
        let killed = back.tries.iter().filter(|(_, end)| *end == RunEnd::Crashed).count() as u64;
        killed + evidence.faults_fired
    }
}
