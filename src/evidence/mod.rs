//! Row 7: what was done, by whom, why, and the ports behind which it is kept. No database word lives here.

mod event;
mod ledger;
mod reconciliation;
mod store;

pub use event::{Event, EventKind, GENESIS, NewEvent, Outcome, Phase, Provenance, Session, WHY, chain_hash, who};
pub use ledger::{
    Checkpoint, DeadLetter, DeadState, Effect, EffectState, Ledger, LedgerError, MemoryLedger, RunRecord,
};
pub use reconciliation::{Reconciliation, Verdict};
pub use store::{ChainFault, Page, Query, Store, StoreError};
