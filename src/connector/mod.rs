//! Row 6: the runtime that moves records: pull, map, push, remember. Its world (time, randomness, transport, ledger)
//! is handed in, so that the lab can run it in virtual time. Time is tokio's, which the lab pauses.

mod wire;

pub use wire::{Headers, Request, Response, Transport, TransportError};
