//! Takes back what a run wrote: deletes what it made, writes back what it changed, by the journal. A record that is not any
//! more as the run left it is somebody else's by now, and stays. Each line is looked at in the target first and marked in
//! the ledger last, so that an undoing that is killed is gone on with.

use std::sync::atomic::{AtomicBool, Ordering};

use futures::StreamExt as _;
use futures::stream;
use serde_json::{Map, Value, json};

use super::body;
use super::compare::satisfied;
use super::exchange::{self, Ask, Miss, Side, Tries};
use super::gate::Gates;
use super::push::{acked, address_of};
use super::readback::{self, There};
use super::remake::{self, Remade};
use super::run::{Run, Stop};
use super::runtime::Taken;
use super::trace::Trace;
use super::{Call, Plan, World, WritePlan};
use crate::evidence::{Checkpoint, Effect, EffectState, Undo, UndoAct, Verdict};
use crate::model::Method;
use crate::model::back::{NO_BEFORE, NO_DELETE};

/// Records undone at once.
const CONCURRENT: usize = 4;
/// Lines of the journal read at once.
const LINES: usize = 200;
/// Records that an answer names; the rest are counted.
pub const MOST_NAMED: usize = 1_000;

/// What became of one write, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoItem {
    /// Key of the source record.
    pub key: String,
    /// What the run did.
    pub act: UndoAct,
    /// Key of the target's record, where it is known.
    pub target_id: Option<String>,
    /// What came of it.
    pub outcome: UndoOutcome,
    /// Why, where it stays.
    pub because: String,
}

/// What came of undoing one write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UndoOutcome {
    /// It was deleted, or would be.
    Deleted,
    /// Its former values were written back, or would be.
    Restored,
    /// There is nothing to undo: it is as before already.
    AsBefore,
    /// Somebody changed it since; it stays.
    ChangedSince,
    /// The target or the journal does not allow it.
    Cannot,
    /// It was tried, and the target did not do it.
    Failed,
}

impl UndoOutcome {
    /// Kebab-case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Restored => "restored",
            Self::AsBefore => "as-before",
            Self::ChangedSince => "changed-since",
            Self::Cannot => "cannot-be-undone",
            Self::Failed => "failed",
        }
    }
}

/// Counted writes of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct UndoTally {
    /// Writes in the journal.
    pub writes: u64,
    /// Deleted, or to be.
    pub deleted: u64,
    /// Restored, or to be.
    pub restored: u64,
    /// As before already, those undone earlier among them.
    pub as_before: u64,
    /// Changed by somebody since.
    pub changed_since: u64,
    /// Not possible.
    pub cannot: u64,
    /// Tried in vain.
    pub failed: u64,
}

impl UndoTally {
    const fn add(&mut self, outcome: UndoOutcome) {
        let count = match outcome {
            UndoOutcome::Deleted => &mut self.deleted,
            UndoOutcome::Restored => &mut self.restored,
            UndoOutcome::AsBefore => &mut self.as_before,
            UndoOutcome::ChangedSince => &mut self.changed_since,
            UndoOutcome::Cannot => &mut self.cannot,
            UndoOutcome::Failed => &mut self.failed,
        };
        *count += 1;
    }

    /// Whether each write of the journal is accounted for.
    #[must_use]
    pub const fn whole(&self) -> bool {
        self.deleted + self.restored + self.as_before + self.changed_since + self.cannot + self.failed == self.writes
    }

    /// PASS where everything is undone (or can be), PARTIAL where something stays, FAIL where something was tried in vain
    /// or is not accounted for, UNPROVEN where the journal holds nothing of a run that wrote.
    #[must_use]
    pub const fn verdict(&self, wrote: bool, finished: bool) -> Verdict {
        if self.writes == 0 && wrote {
            return Verdict::Unproven;
        }
        if self.failed > 0 || (finished && !self.whole()) {
            return Verdict::Fail;
        }
        if !finished || self.changed_since + self.cannot > 0 {
            return Verdict::Partial;
        }
        Verdict::Pass
    }
}

/// What undoing a run came to.
#[derive(Debug, Clone, PartialEq)]
pub struct UndoReport {
    /// The run that is undone.
    pub run: String,
    /// Its flow.
    pub flow: String,
    /// See [`UndoTally::verdict`].
    pub verdict: Verdict,
    /// Counted writes.
    pub tally: UndoTally,
    /// The first [`MOST_NAMED`] of them that are or would be undone, by key.
    pub done: Vec<UndoItem>,
    /// The first [`MOST_NAMED`] of them that stay, by key.
    pub stay: Vec<UndoItem>,
    /// Why it ended early, if it did: kebab-case code and words.
    pub stopped: Option<(String, String)>,
    /// Requests sent.
    pub requests: u64,
}

impl UndoReport {
    /// Nothing was asked of the journal yet.
    #[must_use]
    pub fn nothing(flow: &str) -> Self {
        Self {
            run: String::new(),
            flow: flow.to_owned(),
            verdict: Verdict::Unproven,
            tally: UndoTally::default(),
            done: Vec::new(),
            stay: Vec::new(),
            stopped: None,
            requests: 0,
        }
    }
}

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
    let mut own = Run::new(plan, world, &Gates::default());
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

/// What there is to do about a line.
enum Todo {
    Delete(String),
    Restore(String, Value, Value),
    /// Makes it again; with what it held.
    Remake(Value),
    /// An earlier try restored what can be restored; the words say what cannot.
    Half(String, String),
    Nothing,
    Stays(UndoOutcome, String),
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

/// What the run wrote, as far as it is known.
fn wrote(line: &Undo) -> Option<&Value> {
    line.wrote.as_ref().or(line.intends.as_ref())
}

fn todo(own: &Run<'_>, line: &Undo, there: There) -> Todo {
    use UndoOutcome::{Cannot, ChangedSince};
    let back = &own.plan.target.back;
    let stays = |outcome, because: &str| Todo::Stays(outcome, because.to_owned());
    if line.act == UndoAct::Deleted {
        return deleted(own, line, there);
    }
    if line.act == UndoAct::Replaced {
        return stays(Cannot, NO_BEFORE);
    }
    let (id, now) = match there {
        There::Unreadable(why) => return Todo::Stays(Cannot, format!("not-readable: {why}")),
        There::Gone if line.act == UndoAct::Created => return Todo::Nothing,
        There::Gone => return stays(ChangedSince, "somebody deleted it since"),
        There::Record(id, now) => (id, now),
    };
    let ours = [&line.wrote, &line.intends].into_iter().flatten().any(|w| satisfied(w, Some(&now)));
    let former = line.before.as_ref().map(|before| former(line, before));
    if let Some(former) = &former {
        if as_before(former, &now) {
            return Todo::Nothing;
        }
        let left = differing(former, &now);
        if left.iter().all(|name| emptied(own, former, &now, name)) {
            return Todo::Half(id, no_null(&left));
        }
    }
    if !ours {
        return stays(ChangedSince, "it does not hold any more what the run wrote");
    }
    match former {
        Some(former) => Todo::Restore(id, former, now),
        None if back.delete.is_some() => Todo::Delete(id),
        None => stays(Cannot, NO_DELETE),
    }
}

/// What there is to do about a record that the run deleted.
fn deleted(own: &Run<'_>, line: &Undo, there: There) -> Todo {
    use UndoOutcome::{Cannot, ChangedSince};
    let stays = |outcome, because: &str| Todo::Stays(outcome, because.to_owned());
    let values = line.before.as_ref().map(|before| remake::values(own, before));
    match (there, values) {
        (There::Unreadable(why), _) => Todo::Stays(Cannot, format!("not-readable: {why}")),
        (There::Record(_, now), _) if is_marked(&now) && !line.before.as_ref().is_some_and(is_marked) => {
            stays(Cannot, "kept-as-deleted: the target keeps it and says that it was deleted")
        }
        (There::Record(_, now), Some(values)) if as_before(&values, &now) => Todo::Nothing,
        (There::Record(id, now), Some(values)) if remade_by_the_run(line, &now) => Todo::Restore(id, values, now),
        (There::Record(..), _) => stays(ChangedSince, "somebody made it again since"),
        (There::Gone, None) => stays(Cannot, "no-before-image: it was deleted, and nobody could read what it held"),
        (There::Gone, Some(values)) => match remake::possible(own, &values) {
            Ok(()) => Todo::Remake(values),
            Err(because) => stays(Cannot, because),
        },
    }
}

/// The run wrote it anew after it had deleted it, and it holds that still.
fn remade_by_the_run(line: &Undo, now: &Value) -> bool {
    let wrote = |w: &&Value| w.as_object().is_some_and(|map| !map.is_empty());
    [&line.wrote, &line.intends].into_iter().flatten().filter(wrote).any(|w| satisfied(w, Some(now)))
}

/// The fields that the run wrote with the values that they had before; null where there were none.
fn former(line: &Undo, before: &Value) -> Value {
    let mut out = Map::new();
    for written in [&line.wrote, &line.intends].into_iter().flatten().filter_map(Value::as_object) {
        for name in written.keys() {
            out.insert(name.clone(), before.get(name).cloned().unwrap_or(Value::Null));
        }
    }
    Value::Object(out)
}

/// Whether the record holds the former values, in both directions: `{}` is satisfied by everything, and is not equal to it.
pub(super) fn as_before(former: &Value, now: &Value) -> bool {
    differing(former, now).is_empty()
}

/// The fields that do not hold their former values.
fn differing<'f>(former: &'f Value, now: &Value) -> Vec<&'f str> {
    let differs = |(name, was): &(&String, &Value)| {
        let is = now.get(name.as_str()).unwrap_or(&Value::Null);
        !(satisfied(was, Some(is)) && satisfied(is, Some(was)))
    };
    former.as_object().into_iter().flatten().filter(differs).map(|(name, _)| name.as_str()).collect()
}

/// A field that was empty before and holds an empty text, which is as far as a form goes: it has no null.
fn emptied(own: &Run<'_>, former: &Value, now: &Value, name: &str) -> bool {
    let form = change(own).is_some_and(|call| body::is_form(&call.content_type));
    form && former.get(name).is_some_and(Value::is_null) && now.get(name).is_some_and(|is| is == "")
}

fn no_null(names: &[&str]) -> String {
    format!(
        "no-null-in-a-form: {} was empty before, and the most that a form can write is an empty text",
        names.join(", ")
    )
}

/// The operation that changes one record.
fn change<'r>(own: &'r Run<'_>) -> Option<&'r Call> {
    match &own.plan.target.write {
        WritePlan::Upsert { update, .. } => Some(update),
        WritePlan::Put { put, .. } => Some(put),
        WritePlan::Bulk { .. } | WritePlan::Create { .. } => None,
    }
}

/// Deletes; the words say why not.
async fn delete(own: &Run<'_>, line: &Undo, id: &str, trace: &mut Trace) -> Result<Result<(), String>, Stop> {
    let Some(call) = &own.plan.target.back.delete else { return Ok(Err("it has no delete operation".to_owned())) };
    let ask = Ask::read(call, address_of(own, call, id));
    match sent(own, &ask, trace).await {
        Ok(()) => {}
        Err(Miss::Refused(refused)) if matches!(refused.status, 404 | 410) => {}
        Err(miss) => return refusal(miss),
    }
    // Some systems take a deletion and only mark the record: what is still there was not undone.
    match readback::there(own, &line.key, Some(id), wrote(line), trace).await? {
        There::Record(_, now) if !is_marked(&now) => {
            Ok(Err("the target took the deletion, and the record is still there".to_owned()))
        }
        There::Record(..) | There::Gone | There::Unreadable(_) => Ok(Ok(())),
    }
}

/// A record that is kept only to say that it was deleted.
fn is_marked(record: &Value) -> bool {
    let told = |name: &str| record.get(name).is_some_and(|v| !matches!(v, Value::Null | Value::Bool(false)));
    ["deleted", "is_deleted", "isDeleted", "deleted_at", "deletedAt", "archived", "archived_at", "archivedAt"]
        .into_iter()
        .any(told)
}

/// Why a record was not restored.
struct NotRestored {
    outcome: UndoOutcome,
    because: String,
    /// The target took the write: the record is neither as the run left it nor as before.
    half: bool,
}

impl NotRestored {
    const fn failed(because: String) -> Self {
        Self { outcome: UndoOutcome::Failed, because, half: false }
    }
}

/// Writes the former values back, and looks whether they are there.
async fn restore(
    own: &Run<'_>,
    line: &Undo,
    id: &str,
    former: &Value,
    now: &Value,
    trace: &mut Trace,
) -> Result<Result<(), NotRestored>, Stop> {
    // What only marks a record as deleted is another operation than the one that writes it.
    let marks = own.plan.target.delete.as_ref().filter(|d| d.set.is_some() && d.set.as_ref() == wrote(line));
    let Some(call) = marks.map(|marks| &marks.call).or_else(|| change(own)) else {
        return Ok(Err(NotRestored::failed("the flow has no operation that changes one record".to_owned())));
    };
    let body = if call.method == Method::Put { whole(own, former, now) } else { former.clone() };
    let ask = Ask::write(call, address_of(own, call, id), body::encode(&call.content_type, &body));
    if let Err(miss) = sent(own, &ask, trace).await {
        return Ok(refusal(miss)?.map_err(NotRestored::failed));
    }
    let (outcome, because) = match readback::there(own, &line.key, Some(id), Some(former), trace).await? {
        There::Record(_, is) => {
            let left = differing(former, &is);
            if left.is_empty() {
                return Ok(Ok(()));
            }
            if left.iter().all(|name| emptied(own, former, &is, name)) {
                (UndoOutcome::Cannot, no_null(&left))
            } else {
                let because = format!("the target took the former values and holds others in {}", left.join(", "));
                (UndoOutcome::Failed, because)
            }
        }
        There::Gone => (UndoOutcome::Failed, "the record went away meanwhile".to_owned()),
        There::Unreadable(why) => (UndoOutcome::Failed, format!("it was written back and cannot be looked at: {why}")),
    };
    Ok(Err(NotRestored { outcome, because, half: true }))
}

/// A whole record for an operation that replaces: what is there now, with the former values in the fields of the run.
fn whole(own: &Run<'_>, former: &Value, now: &Value) -> Value {
    let writable = &own.plan.target.back.writable;
    let mut out: Map<String, Value> = now
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| writable.contains(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    for (name, was) in former.as_object().into_iter().flatten() {
        match was {
            Value::Null => drop(out.shift_remove(name)),
            was => drop(out.insert(name.clone(), was.clone())),
        }
    }
    Value::Object(out)
}

pub(super) async fn sent(own: &Run<'_>, ask: &Ask, trace: &mut Trace) -> Result<(), Miss> {
    let mut tries = Tries::default();
    exchange::repeat(own, Side::Target, ask, &mut tries, trace, |response| acked(own, false, &response, "").map(drop))
        .await
}

pub(super) fn refusal(miss: Miss) -> Result<Result<(), String>, Stop> {
    match miss {
        Miss::Stop(stop) => Err(stop),
        Miss::Refused(refused) => Ok(Err(format!("the target refuses (status {}): {}", refused.status, refused.says))),
        Miss::Again(again) | Miss::Exhausted(again) => Ok(Err(format!("{} ({})", again.because, again.code))),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_follows_from_the_counts() {
        let tally = |deleted, changed_since, failed, writes| UndoTally {
            writes,
            deleted,
            changed_since,
            failed,
            ..UndoTally::default()
        };
        assert_eq!(tally(3, 0, 0, 3).verdict(true, true), Verdict::Pass);
        assert_eq!(tally(2, 1, 0, 3).verdict(true, true), Verdict::Partial);
        assert_eq!(tally(2, 0, 1, 3).verdict(true, true), Verdict::Fail);
        assert_eq!(tally(2, 0, 0, 3).verdict(true, true), Verdict::Fail, "one is not accounted for");
        assert_eq!(tally(2, 0, 0, 3).verdict(true, false), Verdict::Partial, "gone on with later");
        assert_eq!(tally(0, 0, 0, 0).verdict(true, true), Verdict::Unproven, "it wrote, and the journal is gone");
        assert_eq!(tally(0, 0, 0, 0).verdict(false, true), Verdict::Pass);
    }

    #[test]
    fn what_was_empty_before_is_not_as_before_once_it_is_filled() {
        assert!(!as_before(&json!({"tags": []}), &json!({"tags": ["a"]})));
        assert!(!as_before(&json!({"o": {}}), &json!({"o": {"a": 1}})));
        assert!(as_before(&json!({"name": null}), &json!({"id": 1})));
    }
}
