//! Somebody else holds the ledger for a while: the run waits or stops, and nothing is lost.
//!
//! Source: SQLite, result code 5 (SQLITE_BUSY): a backup or another reader holds the file for a moment.

use serde_json::Value;

use super::super::judge::Evidence;
use super::super::process::{LedgerFault, LedgerHow};
use super::{Drill, Setup};
use super::{failed_calls, protected};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct LedgerLocked;

impl Drill for LedgerLocked {
    fn code(&self) -> &'static str {
        "ledger-locked"
    }

    fn hypothesis(&self) -> &'static str {
        "When the ledger is locked for a while the run waits or stops; nothing is lost and nothing is written twice."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        protected(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = bench;
        let skip = rng.below(3 * records.len() as u64);
        let mut setup = Setup::clean().passes(2).honest();
        setup.process.ledger = Some(LedgerFault { how: LedgerHow::Locked, skip, times: rng.between(1, 4) });
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        failed_calls(evidence)
    }
}
