//! Row 7: what was done, by whom, why, and the ports behind which it is kept. No database word lives here.

mod blob;
pub mod bundle;
mod chain;
mod event;
mod ledger;
mod maps;
mod memory_ledger;
mod operate;
mod proof;
mod reconciliation;
mod scratch;
pub mod seal;
mod store;

pub use blob::{Blob, KeptBundle, Recorded};
pub use chain::{FORMAT, GENESIS, chain_hash, content_digest, data_digest, link};
pub use event::{Event, EventKind, Keep, NewEvent, Outcome, Phase, Provenance, Session, WHY, who};
pub use ledger::{
    Checkpoint, DeadLetter, DeadState, Effect, EffectState, Ledger, LedgerError, Received, RunRecord, TAKEN_OUT,
    Waiting,
};
pub use maps::Maps;
pub use memory_ledger::MemoryLedger;
pub use operate::{ALL_FLOWS, Attempted, Closed, MOST_ATTEMPTS, Pause, Undo, UndoAct, UndoCounts, attempts_kept};
pub use proof::{ChainFault, Dropped, Head, Proof, Walk, compactions, may_lack};
pub use reconciliation::{Reconciliation, Verdict};
pub use scratch::{MemoryScratch, Scratch};
pub use store::{Needle, Page, Query, SessionQuery, Store, StoreError};
