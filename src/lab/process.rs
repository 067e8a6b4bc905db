//! What happens to the connector's own process and to what it keeps, beside what happens on the wire.

use std::sync::Arc;

use super::faults::Fault;
use crate::connector::Plan;
use crate::evidence::Checkpoint;

/// How a ledger fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LedgerHow {
    /// Nothing more can be written; what is there can be read.
    Full,
    /// Somebody else holds it for a while: it can be neither read nor written.
    Locked,
    /// It can be neither read nor written until somebody mends it.
    Corrupt,
}

impl LedgerHow {
    /// What the database says, as SQLite puts it.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::Full => "database or disk is full",
            Self::Locked => "database is locked",
            Self::Corrupt => "database disk image is malformed",
        }
    }
}

/// A ledger that fails during the first pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerFault {
    /// How.
    pub how: LedgerHow,
    /// Calls that go well before.
    pub skip: u64,
    /// Calls that fail; then it is well again.
    pub times: u64,
}

/// The first pass is taken back: asked for until nobody kills it any more and its faults are over, and once more.
#[derive(Default)]
pub struct Rollback {
    /// How often it is killed, each time at a step that the seed draws.
    pub killed: usize,
    /// What goes wrong on the wire the first time it comes to its end.
    pub faults: Vec<Box<dyn Fault>>,
    /// Records of the pass that somebody else changes in the target before it begins, at most.
    pub meddled: usize,
}

/// A wrong checkpoint in the place of the one that was kept, made of that one.
pub type Tamper = Box<dyn FnOnce(Checkpoint) -> Checkpoint + Send>;

/// What happens to the process in a schedule; by default nothing.
#[derive(Default)]
pub struct Process {
    /// Its ledger fails in the first pass.
    pub ledger: Option<LedgerFault>,
    /// It is asked to stop in the first pass, at a step that the seed draws.
    pub stop: bool,
    /// At so many milliseconds after the first start, its clock jumps by so many.
    pub jumps: Vec<(i64, i64)>,
    /// So many milliseconds after the first start, another one is started on the same ledger.
    pub twin_after_ms: Option<u64>,
    /// Its checkpoint is changed after the first pass.
    pub tamper: Option<Tamper>,
    /// In the first pass it works by this plan, in the others by the one on the bench.
    pub earlier: Option<Arc<Plan>>,
    /// After the first pass the dead letters are replayed, so often.
    pub replays: usize,
    /// The source delivers all its events at once.
    pub burst: bool,
    /// The first pass is taken back after its end.
    pub rollback: Option<Rollback>,
    /// In the first pass somebody switches its flow off, at a step that the seed draws, and on again after the second.
    pub pause: bool,
}
