//! Row 5: adversarial validation. Mock systems made from descriptions, faults, drills, and judges that believe only
//! what the systems saw. One schedule is a pure function of plan, systems, drill, seed and connector.

pub mod bench;
pub mod blackbox;
pub mod courier;
mod coverage;
pub mod drills;
mod edges;
pub mod faults;
pub mod judge;
mod matrix;
pub mod mock;
mod narrowed;
pub mod process;
pub mod rollback;
mod schedule;
pub mod serve;
mod shrink;
pub mod standing;
mod timeline;
pub mod trace;
pub mod unkind;
pub mod world;

pub use coverage::{Covered, coverage};
pub use matrix::{
    DrillOptions, DrillRow, Failure, Matrix, Progress, codes_of, crash_at_every_step, headed, replay, run_drills,
    seed_of,
};

use crate::connector::{Plan, Report, Request, Response, UndoReport, World, deliver, receive, run_once, undo};
use crate::evidence::RunRecord;

/// What is drilled: something that runs a plan once, from its checkpoint to the end of the source.
#[async_trait::async_trait]
pub trait Subject: Sync {
    /// Runs it.
    async fn run(&self, plan: &Plan, world: &World) -> Report;

    /// Whether it can deliver dead letters again.
    fn replays(&self) -> bool {
        false
    }

    /// Delivers these dead letters' records again, without reading the source.
    async fn replay(&self, plan: &Plan, world: &World, records: Vec<serde_json::Value>) -> Report {
        let _ = records;
        self.run(plan, world).await
    }

    /// Whether it can take back what a run of this plan wrote.
    fn rolls_back(&self, plan: &Plan) -> bool {
        let _ = plan;
        false
    }

    /// Takes back what the last run wrote that wrote something; gone on with where it was killed before.
    async fn roll_back(&self, plan: &Plan, world: &World) -> UndoReport {
        let _ = world;
        UndoReport::nothing(&plan.flow)
    }

    /// Whether it knows the switch that its ledger keeps.
    fn pauses(&self) -> bool {
        false
    }

    /// Answers one delivery of the source's webhook.
    async fn receive(&self, plan: &Plan, world: &World, delivery: &Request) -> Response {
        receive(plan, world, delivery)
    }
}

/// The connector that we ship.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealConnector;

#[async_trait::async_trait]
impl Subject for RealConnector {
    async fn run(&self, plan: &Plan, world: &World) -> Report {
        run_once(plan, world).await
    }

    fn replays(&self) -> bool {
        true
    }

    async fn replay(&self, plan: &Plan, world: &World, records: Vec<serde_json::Value>) -> Report {
        deliver(plan, world, records).await
    }

    fn rolls_back(&self, _plan: &Plan) -> bool {
        true
    }

    async fn roll_back(&self, plan: &Plan, world: &World) -> UndoReport {
        let Some(run) = last_that_wrote(plan, world) else { return UndoReport::nothing(&plan.flow) };
        undo(plan, world, &run.id, true, true, run.checkpoint.as_ref()).await
    }

    fn pauses(&self) -> bool {
        true
    }
}

/// The last run of the flow whose journal holds a line.
fn last_that_wrote(plan: &Plan, world: &World) -> Option<RunRecord> {
    let journal = |run: &RunRecord| world.ledger.undo_counts(&run.id).is_ok_and(|c| c.open + c.undone > 0);
    world.ledger.runs(RUNS).ok()?.into_iter().find(|run| run.flow == plan.flow && journal(run))
}

/// More starts than any schedule has.
const RUNS: usize = 1_000;

/// Names of all drills, in the order of the catalogue.
#[must_use]
pub fn codes() -> Vec<&'static str> {
    drills::ALL.iter().map(|d| d.code()).collect()
}
