//! Row 6: the runtime that moves records: pull, map, push, remember. Its world (time, randomness, transport, ledger)
//! is handed in, so that the lab can run it in virtual time. Time is tokio's, which the lab pauses.

mod plan;
mod runtime;
mod wire;

pub use plan::{AuthPlan, Call, FixedParam, LogLine, Plan, SourcePlan, TargetPlan, WritePlan};
pub use runtime::{Observer, Report, SecretSource, World, run_once};
pub use wire::{Headers, Request, Response, Transport, TransportError};
