//! Nothing more can be written to the ledger: the run stops, writes no record that it could not remember, and a later run
//! loses nothing and repeats nothing.
//!
//! Source: SQLite, result code 13 (SQLITE_FULL); facts on how connectors fail: a connector that goes on without memory writes twice.

use serde_json::Value;

use super::super::judge::Evidence;
use super::super::process::{LedgerFault, LedgerHow};
use super::{Drill, Setup};
use super::{failed_calls, protected};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct DiskFull;

impl Drill for DiskFull {
    fn code(&self) -> &'static str {
        "disk-full"
    }

    fn hypothesis(&self) -> &'static str {
        "When the ledger's disk is full the run stops and says so; a later run loses nothing and repeats nothing."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        protected(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = bench;
        let skip = rng.below(3 * records.len() as u64);
        let mut setup = Setup::clean().passes(2).honest();
        setup.process.ledger = Some(LedgerFault { how: LedgerHow::Full, skip, times: u64::MAX / 2 });
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        failed_calls(evidence)
    }
}
