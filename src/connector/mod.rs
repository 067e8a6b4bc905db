//! Row 6: the runtime that moves records: pull, map, push, remember. Its world (time, randomness, transport, ledger)
//! is handed in, so that the lab can run it in virtual time. Time is tokio's, which the lab pauses.
//!
//! From the outside in: [`run_forever`] and [`run_all`] repeat passes; [`run_once`] is one pass; a pass reads pages
//! (`pull`, `page`) and settles their records (`settle`, `push`, `batch`, `find`); every request leaves through `exchange`,
//! past the `gate` that all users of one credential share. What a source sends by itself comes in by [`receive`] (at a
//! socket: `listen`), is verified (`signature`), waits in the ledger, and goes through the same pass (`inbox`).

mod address;
mod ask;
mod auth;
mod back;
mod batch;
mod body;
mod breaker;
mod budget;
mod claims;
mod compare;
mod confirm;
mod download;
mod envelope;
mod exchange;
mod feed;
mod file;
mod find;
mod gate;
mod hook;
mod http;
mod inbox;
mod listen;
mod load;
mod metrics;
mod notes;
mod page;
mod pass;
mod plan;
mod plan_auth;
mod plan_error;
mod planner;
mod pull;
mod push;
mod query;
mod rate;
mod readback;
mod receive;
mod reconcile;
mod refresh;
mod rehearse;
mod remake;
mod remove;
mod retry;
mod run;
mod runtime;
mod said;
mod schedule;
mod search;
mod settle;
mod signature;
mod spool;
mod sweep;
#[cfg(test)]
mod tests;
mod token;
mod trace;
mod undo;
mod wire;

pub use ask::{Asked, Inquiry, Leaf, Spot};
pub use back::{BackPlan, ListPlan};
pub use confirm::{ConfirmTally, Confirmed, Difference, MOST_DIFFERENCES, Wrong, confirm, confirm_with};
pub use download::{DownloadError, Reach, download};
pub use file::{FilePlan, Files};
pub use gate::Gates;
pub use hook::{HookPlan, IdPlan};
pub use http::{HttpError, HttpTransport};
pub use listen::{Answers, Listening, listen};
pub use metrics::{BUCKETS, Family, FlowSeen, MetricKind, Metrics, PREFIX, Sample, Watchers};
pub use plan::{
    AuthPlan, Call, DeletePlan, DeletesPlan, FeedPlan, FixedParam, LogLine, Plan, SourcePlan, Takes, TargetPlan,
    WritePlan,
};
pub use plan_error::PlanError;
pub use planner::plan;
pub use query::Query;
pub use receive::{Bell, MOST_BYTES, Receiver, receive};
pub use refresh::refresh;
pub use rehearse::{Rehearsal, Rejected, rehearse};
pub use remove::DELETED;
pub use runtime::{
    Detail, Hold, MOST_KEYS, MOST_PAGES, NotArrived, Observer, PageCounts, Report, Requested, SecretSource, Waits,
    World, deliver, deliver_with, run_once, run_once_with,
};
pub use schedule::{run_all, run_all_hearing, run_all_sharing, run_forever, run_forever_with};
pub use search::Search;
pub use signature::{Signing, Timed, Unverified};
pub use undo::{MOST_NAMED, UndoItem, UndoOutcome, UndoReport, UndoTally, undo, undo_with};
pub use wire::{Headers, Request, Response, Transport, TransportError};
