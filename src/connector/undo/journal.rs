//! Goes through the journal of a run line by line: what is undone is marked last, and comes again.

use std::sync::atomic::{AtomicBool, Ordering};

use futures::StreamExt as _;
use futures::stream;
use serde_json::json;

use super::super::gate::Gates;
use super::super::readback;
use super::super::remake::{self, Remade};
use super::super::run::{Run, Stop};
use super::super::runtime::Taken;
use super::super::{Plan, World};
use super::restoring::{delete, restore};
use super::todo::{Todo, todo, wrote};
use super::{MOST_NAMED, UndoItem, UndoOutcome, UndoReport};
use crate::evidence::{Checkpoint, Effect, EffectState, Undo, UndoAct, Verdict};

/// Records undone at once.
const CONCURRENT: usize = 4;

/// Lines of the journal read at once.
const LINES: usize = 200;

/// Undoes a run of the flow, or tells what would be undone (`apply` false; then only reads are sent). `wrote`: the run is
/// known to have written something. `from`: where the flow stood when the run began; before the first record is marked as
/// undone the checkpoint goes back there, so that the next run reads it anew, whoever is killed when. Nothing: the run
/// delivered dead letters and read nothing; those that it settled wait again.
pub async fn undo(
    plan: &Plan,
    world: &World,
    run: &str,
    apply: bool,
    wrote: bool,
    from: Option<&Checkpoint>,
) -> UndoReport {
    undo_with(plan, world, &Gates::default(), (run, apply, wrote), from).await
}

/// As [`undo`], with gates shared with other flows.
pub async fn undo_with(
    plan: &Plan,
    world: &World,
    gates: &Gates,
    (run, apply, wrote): (&str, bool, bool),
    from: Option<&Checkpoint>,
) -> UndoReport {
    let mut own = Run::new(plan, world, gates);
    own.though_off = true;
    let mut report = UndoReport { run: run.to_owned(), ..UndoReport::nothing(&plan.flow) };
    let mut _hold = None;
    if apply {
        if let Err(error) = world.ledger.acquire(&plan.flow) {
            let stop = Stop::from(error);
            report.stopped = Some((stop.code.to_owned(), stop.because));
            return report;
        }
        _hold = Some(Taken(world.ledger.as_ref(), &plan.flow));
    }
    own.log("info", "undo-started", None, json!({"undoes": run, "apply": apply}));
    let again = Again { from, moved: AtomicBool::new(false) };
    let stop = all(&own, run, apply.then_some(&again), &mut report).await.err();
    report.verdict = report.tally.verdict(wrote, stop.is_none());
    report.stopped = stop.map(|s| (s.code.to_owned(), s.because));
    report.requests = own.sent().0;
    own.log(
        if report.verdict == Verdict::Pass { "info" } else { "warn" },
        "undo-ended",
        None,
        json!({"undoes": run, "apply": apply, "verdict": report.verdict.as_str(), "counts": report.tally,
            "stopped": report.stopped.as_ref().map(|s| s.0.as_str())}),
    );
    report
}

/// How what is undone comes again.
struct Again<'a> {
    /// From here on the next run reads; nothing: the dead letters wait again.
    from: Option<&'a Checkpoint>,
    /// The checkpoint was moved.
    moved: AtomicBool,
}

impl Again<'_> {
    /// Sees to it that this record comes again, before it is marked as undone.
    fn comes(&self, own: &Run<'_>, line: &Undo) -> Result<(), Stop> {
        let ledger = &own.world.ledger;
        match self.from {
            Some(from) if !self.moved.swap(true, Ordering::Relaxed) => ledger.set_checkpoint(&line.flow, from)?,
            Some(_) => {}
            None => ledger.reopen(&line.flow, &line.key)?,
        }
        Ok(())
    }
}

async fn all(own: &Run<'_>, run: &str, apply: Option<&Again<'_>>, report: &mut UndoReport) -> Result<(), Stop> {
    let ledger = &own.world.ledger;
    let counts = ledger.undo_counts(run)?;
    report.tally.writes = counts.open + counts.undone;
    let mut after = String::new();
    loop {
        let lines = ledger.undos(run, &after, LINES)?;
        let Some(last) = lines.last() else { return Ok(()) };
        after.clone_from(&last.key);
        let mut looked = stream::iter(lines.into_iter().map(|line| one(own, line, apply))).buffered(CONCURRENT);
        while let Some(item) = looked.next().await {
            let item = item?;
            report.tally.add(item.outcome);
            let list = match item.outcome {
                UndoOutcome::Deleted | UndoOutcome::Restored => &mut report.done,
                UndoOutcome::AsBefore => continue,
                UndoOutcome::ChangedSince | UndoOutcome::Cannot | UndoOutcome::Failed => &mut report.stay,
            };
            if list.len() < MOST_NAMED {
                list.push(item);
            }
        }
        if own.halt.is_cancelled() {
            return Err(own.why());
        }
    }
}

async fn one(own: &Run<'_>, line: Undo, apply: Option<&Again<'_>>) -> Result<UndoItem, Stop> {
    let item = |outcome, because: String, id: Option<String>| UndoItem {
        key: line.key.clone(),
        act: line.act,
        target_id: id.or_else(|| line.target_id.clone()),
        outcome,
        because,
    };
    if line.undone {
        return Ok(item(UndoOutcome::AsBefore, String::new(), None));
    }
    if own.halt.is_cancelled() {
        return Err(own.why());
    }
    let mut trace = own.trace("undo");
    let there = readback::there(own, &line.key, line.target_id.as_deref(), wrote(&line), &mut trace).await?;
    let todo = todo(own, &line, there);
    let ended = match todo {
        Todo::Stays(outcome, because) => return Ok(item(outcome, because, None)),
        Todo::Half(id, because) => {
            if let Some(again) = apply {
                half(own, &line, again, UndoOutcome::Cannot, &id)?;
            }
            return Ok(item(UndoOutcome::Cannot, because, Some(id)));
        }
        Todo::Nothing if apply.is_none() => return Ok(item(UndoOutcome::AsBefore, String::new(), None)),
        Todo::Nothing => item(UndoOutcome::AsBefore, String::new(), None),
        Todo::Delete(id) => {
            if apply.is_some()
                && let Err(because) = delete(own, &line, &id, &mut trace).await?
            {
                return Ok(item(UndoOutcome::Failed, because, Some(id)));
            }
            item(UndoOutcome::Deleted, String::new(), Some(id))
        }
        Todo::Remake(values) => match apply {
            None => item(UndoOutcome::Restored, String::new(), None),
            Some(_) => match remake::remake(own, &line, &values, &mut trace).await? {
                Remade::There(id) => item(UndoOutcome::Restored, String::new(), Some(id)),
                Remade::Other(because) => return Ok(item(UndoOutcome::ChangedSince, because, None)),
                Remade::Failed(because) => return Ok(item(UndoOutcome::Failed, because, None)),
            },
        },
        Todo::Restore(id, values, now) => {
            if let Some(again) = apply
                && let Err(stays) = restore(own, &line, &id, &values, &now, &mut trace).await?
            {
                if stays.half {
                    half(own, &line, again, stays.outcome, &id)?;
                }
                return Ok(item(stays.outcome, stays.because, Some(id)));
            }
            item(UndoOutcome::Restored, String::new(), Some(id))
        }
    };
    if let Some(again) = apply {
        again.comes(own, &line)?;
        settle(own, &line, ended.outcome, ended.target_id.as_deref())?;
        own.log(
            "info",
            "write-undone",
            Some(&trace.id),
            json!({"key": line.key, "undoes": line.run, "outcome": ended.outcome.as_str()}),
        );
    }
    Ok(ended)
}

/// A record that is neither as the run left it nor as before: the next run must not take it for written.
fn half(own: &Run<'_>, line: &Undo, again: &Again<'_>, outcome: UndoOutcome, id: &str) -> Result<(), Stop> {
    again.comes(own, line)?;
    if let Some(effect) = undone(own, line, outcome, Some(id))? {
        own.world.ledger.put_effect(&line.flow, &effect)?;
    }
    Ok(())
}

/// Marks the line, and makes the effect one that is to be done anew.
fn settle(own: &Run<'_>, line: &Undo, outcome: UndoOutcome, id: Option<&str>) -> Result<(), Stop> {
    let effect = undone(own, line, outcome, id)?;
    Ok(own.world.ledger.undone(&line.run, &line.flow, &line.key, effect.as_ref())?)
}

/// The effect as one that is to be done anew.
fn undone(own: &Run<'_>, line: &Undo, outcome: UndoOutcome, id: Option<&str>) -> Result<Option<Effect>, Stop> {
    Ok(own.world.ledger.effect(&line.flow, &line.key)?.map(|mut effect| {
        effect.state = EffectState::Undone;
        if line.act == UndoAct::Created && outcome != UndoOutcome::Restored {
            effect.target_id = None;
        }
        if line.act == UndoAct::Deleted {
            effect.target_id = id.map(str::to_owned);
        }
        effect
    }))
}
