//! Settles the records of a page: maps them, delivers them side by side where order allows, and puts those that
//! cannot be delivered among the dead letters.

use std::collections::HashSet;

use futures::StreamExt as _;
use futures::stream;
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::batch::{self, Outcome, Pending};
use super::body::{at, has_broken_text, scalar};
use super::compare::{newest, versions};
use super::confirm;
use super::plan::DOES_NOT_FIT;
use super::push::{self, Known, Undelivered};
use super::reconcile::Settled;
use super::run::{Run, Stop, lock};
use super::{DeletesPlan, HookPlan, WritePlan, claims, remove, spool};
use crate::base::digest::Digest;
use crate::contract::{Drift, Fallback, Order};
use crate::evidence::{Attempted, DeadLetter, DeadState, LedgerError};
use crate::mapping::Rejection;

/// Code of a stop because the target did not recover while the run waited.
pub(super) const TARGET_DOWN: &str = "target-down";

/// Records delivered at once.
const CONCURRENT: usize = 8;

/// A record of the source.
struct Item {
    version: Option<String>,
    /// The source says that it is deleted.
    gone: bool,
    record: Value,
    mapped: Result<Value, Reject>,
}

/// Why a record is not even sent.
enum Reject {
    Mapping(Rejection),
    KeyMissing,
    /// A line of a file that is no record.
    BadLine,
    EqualKeys(String),
    /// A text of it holds half a character.
    BrokenText,
}

/// Settles a page; tells the highest version among its records. When the run is halted on the way, what is not
/// settled is not, and the caller does not move the checkpoint.
pub(super) async fn page(run: &Run<'_>, records: Vec<Value>) -> Option<String> {
    let before = run.tally().counts();
    let highest = all(run, records).await;
    claims::settled(run);
    run.paged(before, run.tally().counts());
    highest
}

async fn all(run: &Run<'_>, records: Vec<Value>) -> Option<String> {
    let mut highest = None;
    if run.confirms.is_some() {
        confirm::page(run, records).await;
        return highest;
    }
    let mut groups: IndexMap<String, Vec<Item>> = IndexMap::with_capacity(records.len());
    for record in records {
        let (key, mut item) = prepare(run, record);
        highest = newest(highest, item.version.clone());
        if matches!(item.mapped, Err(Reject::EqualKeys(_)))
            && let Ok(mapped) = run.mapped(&item.record)
            && claims::is_being_left(run, &mapped)
        {
            // Once the record that has left the key is written, it is free.
            together(run, std::mem::take(&mut groups)).await;
            claims::settled(run);
            item.mapped = claims::claim(run, &key, &mapped).map_or(Ok(mapped), |other| Err(Reject::EqualKeys(other)));
        }
        groups.entry(key).or_default().push(item);
    }
    together(run, groups).await;
    highest
}

/// Settles records that may be written side by side, those of one key in their order.
async fn together(run: &Run<'_>, groups: IndexMap<String, Vec<Item>>) {
    if matches!(run.plan.target.write, WritePlan::Bulk { .. }) {
        if let Err(stop) = in_batches(run, groups).await.and_then(|()| run.noted()) {
            run.halt_with(stop);
        }
        if let Err(error) = run.tally().whole() {
            run.halt_with(error.into());
        }
        return;
    }
    let mut known = match push::foreseen(
        run,
        groups.iter().filter_map(|(key, items)| {
            let first = items.first().filter(|item| !item.gone)?;
            Some((key.as_str(), first.version.as_deref(), first.mapped.as_ref().ok()?))
        }),
    ) {
        Ok(known) => known,
        Err(stop) => {
            run.halt_with(stop);
            return;
        }
    };
    let at_once = match run.plan.delivery.order {
        Order::Total => 1,
        // Without any order, too, one key's records follow each other: they would only get into each other's way.
        Order::None | Order::PerKey => CONCURRENT,
    };
    let groups = groups.into_iter().map(|(key, items)| (known.remove(&key), key, items));
    // What is gone first: another record of the page may have its natural key now. Where all is in order, so is this.
    let (first, then): (Vec<_>, Vec<_>) =
        groups.partition(|(_, _, items)| at_once > 1 && items.iter().all(|item| item.gone));
    for groups in [first, then] {
        side_by_side(run, groups, at_once).await;
    }
    if let Err(stop) = run.noted() {
        run.halt_with(stop);
    }
    if let Err(error) = run.tally().whole() {
        run.halt_with(error.into());
    }
}

/// Settles the records of different keys at once, and those of one key in their order.
async fn side_by_side(run: &Run<'_>, groups: Vec<(Option<Known>, String, Vec<Item>)>, at_once: usize) {
    stream::iter(groups)
        .for_each_concurrent(at_once, async |(mut known, key, items)| {
            for item in items {
                if run.halt.is_cancelled() {
                    return;
                }
                if let Err(stop) = one(run, &key, item, known.take()).await {
                    run.halt_with(stop);
                    return;
                }
            }
        })
        .await;
}

/// Settles a page by bulk requests. One key's records follow each other: the second form of a record goes into a later
/// batch than the first.
async fn in_batches(run: &Run<'_>, groups: IndexMap<String, Vec<Item>>) -> Result<(), Stop> {
    let mut groups: Vec<(String, std::vec::IntoIter<Item>)> =
        groups.into_iter().map(|(key, items)| (key, items.into_iter())).collect();
    loop {
        let mut pending = Vec::with_capacity(groups.len());
        let mut any = false;
        for (key, items) in &mut groups {
            let Some(item) = items.next() else { continue };
            any = true;
            if spool::keeps(run) {
                spool::keep(run, key, &item.record)?;
                continue;
            }
            if refused_before(run, key, &item.record) {
                refuse_again(run, key, &item.record);
                continue;
            }
            if overtaken(run, key, item.version.as_deref()) {
                settle(run, key, Settled::Stale, "")?;
                continue;
            }
            if item.gone {
                gone(run, key, item).await?;
                continue;
            }
            match item.mapped {
                Ok(mapped) => {
                    pending.push(Pending { key: key.clone(), version: item.version, record: item.record, mapped });
                }
                Err(reject) => refuse(run, key, reject, item.record)?,
            }
        }
        if !any {
            return Ok(());
        }
        let mut trace = run.trace("batch");
        let waits = run.plan.delivery.fallback != Fallback::Hold;
        let copies: Vec<(String, Value)> =
            pending.iter().filter(|_| waits).map(|p| (p.key.clone(), p.record.clone())).collect();
        let (settled, stop) = batch::deliver(run, pending, &mut trace).await;
        let done: HashSet<String> = settled.iter().map(|(one, _)| one.key.clone()).collect();
        for (one, outcome) in settled {
            match outcome {
                Outcome::Settled(settled) => {
                    if settled != Settled::Stale {
                        claims::moved(run, &one.key, Some(&one.mapped));
                    }
                    settle(run, &one.key, settled, &trace.id)?;
                }
                Outcome::Dead { code, because, attempts, history } => {
                    let trace = (attempts > 0).then_some(trace.id.as_str());
                    bury(run, &one.key, code, &because, one.record, (attempts, history), trace, Settled::Dead)?;
                }
            }
        }
        if let Some(stop) = stop {
            if !waits || stop.code != TARGET_DOWN {
                return Err(stop);
            }
            for (key, record) in copies.into_iter().filter(|(key, _)| !done.contains(key)) {
                held(run, &key, record, stop.clone())?;
            }
        }
    }
}

/// Reads key and version, maps, and claims the natural key, in the order of the page.
fn prepare(run: &Run<'_>, record: Value) -> (String, Item) {
    let source = &run.plan.source;
    let key = if record.is_object() { at(&record, &source.key).and_then(scalar) } else { None };
    let Some(key) = key.filter(|k| !k.is_empty()) else {
        let key = format!("#{}", Digest::of_json(&record).short());
        *lock(&run.keyless) = true;
        run.read(&key);
        let line = source.file.is_some() && record.is_string();
        if line {
            return (key, Item { version: None, gone: false, record, mapped: Err(Reject::BadLine) });
        }
        return (key, Item { version: None, gone: false, record, mapped: Err(Reject::KeyMissing) });
    };
    run.read(&key);
    // Also where a token may be lost that tells of deletions.
    let compared = match source.deletes {
        DeletesPlan::Sweep { .. } => true,
        DeletesPlan::Tombstone { .. } => source.feed.is_some(),
        DeletesPlan::Ignore => false,
    };
    if compared {
        remembered(run, lock(&run.seen).put(key.as_bytes(), &[]).map(Some));
    }
    let version = source.version_of(&record);
    if source.deletes.marks(&record) {
        // What is gone need not fit, and claims nothing.
        let mapped = run.mapped(&record).map_err(Reject::Mapping);
        claims::left(run, &key);
        return (key, Item { version, gone: true, record, mapped });
    }
    let mapped =
        if has_broken_text(&record) { Err(Reject::BrokenText) } else { run.mapped(&record).map_err(Reject::Mapping) };
    let mapped = mapped.and_then(|mapped| match claims::claim(run, &key, &mapped) {
        Some(other) => Err(Reject::EqualKeys(other)),
        None => Ok(mapped),
    });
    (key, Item { version, gone: false, record, mapped })
}

/// What the scratch says; where it cannot be read or written, the run stops: going on would be going on without memory.
pub(super) fn remembered<T>(run: &Run<'_>, found: Result<Option<T>, LedgerError>) -> Option<T> {
    found.unwrap_or_else(|error| {
        run.halt_with(error.into());
        None
    })
}

async fn one(run: &Run<'_>, key: &str, item: Item, known: Option<Known>) -> Result<(), Stop> {
    if spool::keeps(run) {
        return spool::keep(run, key, &item.record);
    }
    if refused_before(run, key, &item.record) {
        refuse_again(run, key, &item.record);
        return Ok(());
    }
    if overtaken(run, key, item.version.as_deref()) {
        return settle(run, key, Settled::Stale, "");
    }
    if item.gone {
        return gone(run, key, item).await;
    }
    let mapped = match item.mapped {
        Ok(mapped) => mapped,
        Err(reject) => return refuse(run, key, reject, item.record),
    };
    let mut trace = run.trace("record");
    match push::deliver(run, key, item.version.as_deref(), &mapped, known, &mut trace).await {
        Ok(settled) => {
            if settled != Settled::Stale {
                claims::moved(run, key, Some(&mapped));
            }
            settle(run, key, settled, &trace.id)
        }
        Err(Undelivered::Dead { code, because, attempts, history }) => {
            bury(run, key, code, &because, item.record, (attempts, history), Some(&trace.id), Settled::Dead)
        }
        Err(Undelivered::Stop(stop)) => held(run, key, item.record, stop),
    }
}

/// The same record came before in this pass, by another page or by its event, and was refused; and nothing else of it was taken
/// since.
fn refused_before(run: &Run<'_>, key: &str, record: &Value) -> bool {
    remembered(run, lock(&run.refused).get(key.as_bytes()))
        .is_some_and(|refused| !refused.is_empty() && refused == Digest::of_json(record).as_str().as_bytes())
}

/// Counts it; it was told of then, unless somebody had given it up.
fn refuse_again(run: &Run<'_>, key: &str, record: &Value) {
    let told = lock(&run.letters).contains_key(key) || !given_up(run, key, record, None);
    run.settled(key, if told { Settled::Dead } else { Settled::Unchanged });
}

/// A newer form of it waits among the dead letters: an older one, which comes late, neither settles that nor takes its place.
fn overtaken(run: &Run<'_>, key: &str, version: Option<&str>) -> bool {
    let letters = lock(&run.letters);
    let waiting = letters.get(key).and_then(Option::as_deref);
    version.zip(waiting).is_some_and(|(now, waiting)| versions(now, waiting).is_lt())
}

/// Takes a record out of the target that the source has deleted.
async fn gone(run: &Run<'_>, key: &str, item: Item) -> Result<(), Stop> {
    let mut trace = run.trace("record");
    let mapped = item.mapped.ok();
    match remove::remove(run, key, item.version.as_deref(), mapped.as_ref(), &mut trace).await {
        Ok(settled) => {
            if settled != Settled::Stale {
                claims::moved(run, key, None);
            }
            if settled == Settled::Written {
                run.log("info", "record-deleted", Some(&trace.id), json!({"key": key}));
            }
            settle(run, key, settled, &trace.id)
        }
        Err(Undelivered::Dead { code, because, attempts, history }) => {
            bury(run, key, code, &because, item.record, (attempts, history), Some(&trace.id), Settled::Dead)
        }
        Err(Undelivered::Stop(stop)) => held(run, key, item.record, stop),
    }
}

/// What becomes of a record that stopped the flow: where the target is down and the contract wants to read on, it is
/// kept for later or set aside; else the flow stops.
fn held(run: &Run<'_>, key: &str, record: Value, stop: Stop) -> Result<(), Stop> {
    match run.plan.delivery.fallback {
        Fallback::Spool if stop.code == TARGET_DOWN => {
            spool::begin(run);
            spool::keep(run, key, &record)
        }
        Fallback::Skip if stop.code == TARGET_DOWN => {
            bury(run, key, TARGET_DOWN, &stop.because, record, (0, Vec::new()), None, Settled::Dead)
        }
        _ => Err(stop),
    }
}

/// Notes what became of a record that was delivered, or need not be.
fn settle(run: &Run<'_>, key: &str, settled: Settled, trace: &str) -> Result<(), Stop> {
    run.settled(key, settled);
    // A version too old to be sent says nothing about the letter of a newer one.
    if settled != Settled::Stale && lock(&run.letters).remove(key).is_some() {
        run.world.ledger.absolve(&run.plan.flow, key, DeadState::Replayed)?;
    }
    if settled == Settled::Written {
        // Another form of it is in the target now: that the one before came back is news.
        lock(&run.given_up).remove(key);
        let mut refused = lock(&run.refused);
        if remembered(run, refused.get(key.as_bytes())).is_some_and(|form| !form.is_empty()) {
            remembered(run, refused.put(key.as_bytes(), &[]).map(Some));
        }
        drop(refused);
        run.log("debug", "record-written", Some(trace), json!({"key": key}));
    }
    Ok(())
}

/// Buries a record that is not even sent.
fn refuse(run: &Run<'_>, key: &str, reject: Reject, record: Value) -> Result<(), Stop> {
    let (code, because, settled) = match reject {
        Reject::BrokenText => (
            "broken-text",
            "a text of it holds half a character (a surrogate without its other half), and nobody knows which it was"
                .to_owned(),
            Settled::Dead,
        ),
        // Mapped, and the target would refuse it: a dead letter, as if it had been sent and refused.
        Reject::Mapping(r) if run.plan.delivery.drift == Drift::Freeze => {
            return Err(Stop::new(
                "drift-frozen",
                format!(
                    "record {} does not fit any more, and the flow freezes then: {r}; mend the mapping, or write drift: quarantine",
                    run.clean(key)
                ),
            ));
        }
        Reject::Mapping(r) if r.code == DOES_NOT_FIT => (r.code, r.to_string(), Settled::Dead),
        Reject::Mapping(r) => (r.code, r.to_string(), Settled::Rejected),
        Reject::BadLine => {
            let told = record.as_str().unwrap_or_default().to_owned();
            ("bad-line", format!("the file has no record there: {told}"), Settled::Dead)
        }
        Reject::KeyMissing => (
            "key-missing",
            format!("the record has no {}, so it cannot be told from others", run.plan.source.key.join(".")),
            Settled::Dead,
        ),
        Reject::EqualKeys(other) => {
            ("equal-keys", format!("source record {other} becomes the same target record in this run"), Settled::Dead)
        }
    };
    bury(run, key, code, &because, record, (0, Vec::new()), None, settled)
}

/// Buries the payload of an event in which there is no record.
pub(super) fn no_record(run: &Run<'_>, event: &str, hook: &HookPlan, payload: Value) -> Result<(), Stop> {
    let path = if hook.record.is_empty() { "the top".to_owned() } else { hook.record.join(".") };
    let because = format!("the payload of {} has no record at {path}", hook.event);
    let key = format!("#{}", Digest::of_bytes(event.as_bytes()).short());
    run.read(&key);
    bury(run, &key, "record-missing", &because, payload, (0, Vec::new()), None, Settled::Dead)
}

/// Somebody has decided about this very form, and this reason: to tell of it again would undo that. What an outage refuses says
/// nothing of the record, and nobody can have decided about the next one.
fn given_up(run: &Run<'_>, key: &str, payload: &Value, refused: Option<(&str, &str)>) -> bool {
    let all = lock(&run.given_up);
    let Some(forms) = all.get(key) else { return false };
    let digest = Digest::of_json(payload);
    forms.iter().any(|form| {
        form.digest == digest
            && !matches!(form.code.as_str(), TARGET_DOWN | "attempts-exhausted")
            && refused.is_none_or(|(code, because)| form.code == code && form.because == because)
    })
}

#[expect(clippy::too_many_arguments, reason = "the fields of one dead letter, each used once")]
fn bury(
    run: &Run<'_>,
    key: &str,
    code: &str,
    because: &str,
    payload: Value,
    (attempts, history): (u32, Vec<Attempted>),
    trace: Option<&str>,
    settled: Settled,
) -> Result<(), Stop> {
    let because = run.clean(because);
    if attempts > 0 {
        let digest = Digest::of_json(&payload);
        lock(&run.refused).put(key.as_bytes(), digest.as_str().as_bytes())?;
    }
    if given_up(run, key, &payload, Some((code, &because))) {
        run.settled(key, Settled::Unchanged);
        run.log("info", "given-up-before", trace, json!({"key": key, "code": code}));
        return Ok(());
    }
    let letter = DeadLetter {
        id: 0,
        flow: run.plan.flow.clone(),
        key: key.to_owned(),
        code: code.to_owned(),
        because: because.clone(),
        payload,
        attempts,
        at: run.world.clock.now(),
        state: DeadState::Waiting,
        history,
        closed: None,
    };
    let version = run.plan.source.version_of(&letter.payload);
    run.world.ledger.bury(&letter)?;
    run.lost(key, code);
    lock(&run.letters).insert(key.to_owned(), version);
    run.settled(key, settled);
    run.log("error", "dead-letter", trace, json!({"key": key, "code": code, "because": because, "attempts": attempts}));
    Ok(())
}
