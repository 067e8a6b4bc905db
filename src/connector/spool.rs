//! Keeps records in the ledger while the target is down, and delivers them in order when it is back: for sources that
//! forget what is not fetched in time. They lie in an inbox of the flow's own, on the disk before the checkpoint moves past
//! them. From the first record that is kept to the end of the pass all are kept, so that none overtakes another.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::run::{Run, Stop};
use super::settle::{self, TARGET_DOWN};
use crate::base::digest::Digest;
use crate::contract::Fallback;
use crate::evidence::{Checkpoint, Effect, EffectState, LedgerError, Received};

/// Records taken out at once.
const AT_ONCE: usize = 100;

/// The inbox of what is kept.
fn inbox(run: &Run<'_>) -> String {
    format!("{}#spool", run.plan.flow)
}

/// Whether records are kept instead of delivered now.
pub(super) fn keeps(run: &Run<'_>) -> bool {
    run.spooling.load(Ordering::Relaxed)
}

/// From here on records are kept.
pub(super) fn begin(run: &Run<'_>) {
    if !run.spooling.swap(true, Ordering::Relaxed) {
        run.log("error", "spooling", None, json!({"system": run.target.system}));
    }
}

/// Whether records are kept from an earlier pass.
pub(super) fn holds(run: &Run<'_>) -> Result<bool, LedgerError> {
    let spools = run.plan.delivery.fallback == Fallback::Spool;
    Ok(spools && !run.world.ledger.inbox(&inbox(run), 0, 1)?.is_empty())
}

/// Keeps a record. The same record, read again while the target is still down, is kept once.
pub(super) fn keep(run: &Run<'_>, key: &str, record: &Value) -> Result<(), Stop> {
    if run.draining.load(Ordering::Relaxed) {
        // It lies there already, and stays.
        return Ok(());
    }
    let flow = inbox(run);
    // Which time since the beginning the spool fills up: what is known from the time before is not known now.
    let filling = run.world.ledger.checkpoint(&flow)?.cursor.unwrap_or_default();
    let digest = Digest::of_json(record);
    // What was kept last for this key: a record that goes back to an earlier form is kept again, after the other form.
    let last = run.world.ledger.effect(&flow, key)?.filter(|last| last.version.as_ref() == Some(&filling));
    if last.as_ref().is_some_and(|last| last.digest == digest.as_str()) {
        return Ok(());
    }
    let before = last.map_or_else(String::new, |last| last.idempotency_key);
    let id = Digest::of_json(&json!([filling, key, digest.as_str(), before])).as_str().to_owned();
    let payload = record.clone();
    run.world.ledger.receive(&Received { flow: flow.clone(), id: id.clone(), at: run.world.clock.now(), payload })?;
    let kept = Effect {
        key: key.to_owned(),
        digest: digest.as_str().to_owned(),
        version: Some(filling),
        idempotency_key: id,
        target_id: None,
        state: EffectState::Done,
        mapping: None,
    };
    Ok(run.world.ledger.put_effect(&flow, &kept)?)
}

/// Delivers what was kept, oldest first. Where the target is still down, the pass goes on keeping.
pub(super) async fn drain(run: &Run<'_>) -> Result<(), Stop> {
    if run.plan.delivery.fallback != Fallback::Spool {
        return Ok(());
    }
    let flow = inbox(run);
    let mut after = 0;
    loop {
        if run.halt.is_cancelled() {
            return Err(run.why());
        }
        let waiting = run.world.ledger.inbox(&flow, after, AT_ONCE)?;
        let Some(last) = waiting.last() else { break };
        after = last.seq;
        run.log("info", "spool-read", None, json!({"system": run.source.system, "records": waiting.len()}));
        let seqs: Vec<u64> = waiting.iter().map(|w| w.seq).collect();
        run.draining.store(true, Ordering::Relaxed);
        settle::page(run, waiting.into_iter().map(|w| w.payload).collect()).await;
        run.draining.store(false, Ordering::Relaxed);
        if run.halt.is_cancelled() {
            return Err(run.why());
        }
        if keeps(run) {
            // Those of this batch that were delivered come again, and the ledger tells which they are.
            return Ok(());
        }
        if run.world.ledger.inbox(&flow, after, 1)?.is_empty() {
            // Before the last of them are let go: who is killed between the two keeps a record once more, and none too few.
            let now = run.world.ledger.checkpoint(&flow)?.cursor.and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
            let next = Checkpoint { cursor: Some((now + 1).to_string()), ..Checkpoint::default() };
            run.world.ledger.set_checkpoint(&flow, &next)?;
        }
        run.world.ledger.settle_inbox(&flow, &seqs)?;
    }
    Ok(())
}

/// Why a pass that kept records is no success.
pub(super) fn told(run: &Run<'_>) -> Result<(), Stop> {
    if !keeps(run) {
        return Ok(());
    }
    Err(Stop::new(
        TARGET_DOWN,
        format!(
            "{} is down; what was read is kept in the ledger, and is delivered in order when it is back",
            run.target.system
        ),
    ))
}
