//! Drains the inbox of a flow: what webhooks brought goes the way that pages go. An event leaves the inbox when its record
//! is settled, and its id stays known.

use serde_json::{Value, json};

use super::body::at;
use super::hook::HookPlan;
use super::run::{Run, Stop};
use super::settle;

/// Events taken out at once.
const AT_ONCE: usize = 100;

/// Settles everything that waits, oldest first; also what comes in meanwhile.
pub(super) async fn drain(run: &Run<'_>, hook: &HookPlan) -> Result<(), Stop> {
    let flow = &run.plan.flow;
    let mut after = 0;
    loop {
        if run.halt.is_cancelled() {
            return Err(run.why());
        }
        let waiting = run.world.ledger.inbox(flow, after, AT_ONCE)?;
        let Some(last) = waiting.last() else { return Ok(()) };
        after = last.seq;
        run.log("info", "inbox-read", None, json!({"system": run.source.system, "events": waiting.len()}));
        let seqs: Vec<u64> = waiting.iter().map(|w| w.seq).collect();
        let mut records = Vec::with_capacity(waiting.len());
        for one in waiting {
            match at(&one.payload, &hook.record) {
                Some(Value::Object(record)) => records.push(Value::Object(record.clone())),
                _ => settle::no_record(run, &one.id, hook, one.payload)?,
            }
        }
        settle::page(run, records).await;
        if run.halt.is_cancelled() {
            // Some may not be settled: all of them come again, and the ledger tells which are done.
            return Err(run.why());
        }
        run.world.ledger.settle_inbox(flow, &seqs)?;
    }
}
