//! The ledger can be neither read nor written until somebody mends it: no record is taken for new because of that.
//!
//! Source: SQLite, result code 11 (SQLITE_CORRUPT): the run must not take an unreadable ledger for an empty one.

use serde_json::Value;

use super::super::judge::Evidence;
use super::super::process::{LedgerFault, LedgerHow};
use super::{Drill, Setup};
use super::{failed_calls, protected};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct LedgerCorrupt;

impl Drill for LedgerCorrupt {
    fn code(&self) -> &'static str {
        "ledger-corrupt"
    }

    fn hypothesis(&self) -> &'static str {
        "When the ledger cannot be read the run stops; it does not take an unreadable ledger for an empty one."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        protected(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = bench;
        let skip = rng.below(3 * records.len() as u64);
        let mut setup = Setup::clean().passes(2).honest();
        setup.process.ledger = Some(LedgerFault { how: LedgerHow::Corrupt, skip, times: u64::MAX / 2 });
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        failed_calls(evidence)
    }
}
