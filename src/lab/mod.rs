//! Row 5: adversarial validation. Mock systems made from descriptions, faults, drills, and judges that believe only
//! what the systems saw. One schedule is a pure function of plan, systems, drill, seed and connector.

pub mod bench;
pub mod blackbox;
pub mod courier;
mod coverage;
pub mod drills;
pub mod faults;
pub mod judge;
mod matrix;
pub mod mock;
mod narrowed;
pub mod process;
mod schedule;
pub mod serve;
mod shrink;
pub mod standing;
mod timeline;
pub mod trace;
pub mod world;

pub use coverage::{Covered, coverage};
pub use matrix::{DrillOptions, DrillRow, Failure, Matrix, Progress, crash_at_every_step, replay, run_drills, seed_of};

use crate::connector::{Plan, Report, Request, Response, World, deliver, receive, run_once};

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
}

/// Names of all drills, in the order of the catalogue.
#[must_use]
pub fn codes() -> Vec<&'static str> {
    drills::ALL.iter().map(|d| d.code()).collect()
}
