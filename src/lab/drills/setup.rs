//! The stage of one schedule: what goes wrong in it, and what must come of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::bench::Bench;
use super::super::courier::Courier;
use super::super::faults::Fault;
use super::super::mock::MockSystem;
use super::super::process::Process;
use crate::base::rng::Rng;

/// What the last run must claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// PASS, unless records became dead letters in it; then PARTIAL.
    Exact,
    /// PASS only if all is in the target.
    Honest,
    /// Anything: nobody can know in the run itself what it could not see.
    Any,
}

/// What must come of a schedule, beside the laws that hold always.
#[derive(Debug, Clone)]
pub struct Expect {
    /// Source keys of the records that must become dead letters, and no others.
    pub dead: BTreeSet<String>,
    /// By source key, what such a record is as good as: who delivers it as if it were this one is right as well.
    pub either: BTreeMap<String, Value>,
    /// Any record may become a dead letter instead of being delivered.
    pub may_die: bool,
    /// What the last run must claim.
    pub claim: Claim,
    /// The connector's counts must be those of the systems.
    pub counts: bool,
    /// What is in the target must be what the mapping gives now.
    pub values: bool,
    /// The last run may stop short of the end, where it says so.
    pub may_stop: bool,
    /// It is over before what a server told to wait for may be sent: nothing need be delivered.
    pub may_wait: bool,
}

/// Changes the source between two passes; tells what it did.
pub type Between = Box<dyn FnOnce(&Bench, &mut MockSystem, &mut Rng) -> String + Send>;

/// One schedule, ready to be played.
pub struct Setup {
    /// Source keys of records that the target holds in an older form from the beginning, where it can; others do by chance.
    pub older: BTreeSet<String>,
    /// What goes wrong.
    pub faults: Vec<Box<dyn Fault>>,
    /// The faults are gone after the first run.
    pub faults_end_with_first_pass: bool,
    /// How often the connector runs to its end.
    pub passes: usize,
    /// Between two passes, in milliseconds.
    pub pause_ms: i64,
    /// What happens after the first of them.
    pub between: Option<Between>,
    /// What happens after the second.
    pub then: Option<Between>,
    /// How often it is killed at most.
    pub crashes: usize,
    /// It is killed while it takes in what the webhook delivers, and not later.
    pub crash_while_delivering: bool,
    /// A program of somebody's own is killed at the first write that a fault hits, or the one after it: not all know the steps of
    /// our connector.
    pub crash_at_fault: bool,
    /// What becomes of the deliveries of the source's webhook on their way; nothing: each is delivered, in order.
    pub courier: Option<Courier>,
    /// How long the target's tokens live, in milliseconds.
    pub token_ttl_ms: i64,
    /// What the servers' clocks show more than the true time, in milliseconds.
    pub clock_off_ms: i64,
    /// What happens to the connector's process.
    pub process: Process,
    /// What must come of it.
    pub expect: Expect,
}

impl Setup {
    /// One pass, nothing wrong.
    #[must_use]
    pub fn clean() -> Self {
        Self {
            older: BTreeSet::new(),
            faults: Vec::new(),
            faults_end_with_first_pass: false,
            passes: 1,
            pause_ms: 60_000,
            between: None,
            then: None,
            crashes: 0,
            crash_while_delivering: false,
            crash_at_fault: false,
            courier: None,
            token_ttl_ms: 30 * 60 * 1000,
            clock_off_ms: 0,
            process: Process::default(),
            expect: Expect {
                dead: BTreeSet::new(),
                either: BTreeMap::new(),
                may_die: false,
                claim: Claim::Exact,
                counts: true,
                values: true,
                may_stop: false,
                may_wait: false,
            },
        }
    }

    /// One pass with this fault.
    #[must_use]
    pub fn with(fault: impl Fault + 'static) -> Self {
        let mut setup = Self::clean();
        setup.faults.push(Box::new(fault));
        setup
    }

    /// So many passes.
    #[must_use]
    pub const fn passes(mut self, passes: usize) -> Self {
        self.passes = passes;
        self
    }

    /// Records may become dead letters, runs may stop early; the claim must be honest.
    #[must_use]
    pub const fn lenient(mut self) -> Self {
        self.expect.may_die = true;
        self.expect.claim = Claim::Honest;
        self.expect.counts = false;
        self
    }

    /// Runs may stop early, but no record is given up; the claim must be honest.
    #[must_use]
    pub const fn honest(mut self) -> Self {
        self.expect.claim = Claim::Honest;
        self.expect.counts = false;
        self
    }
}
