//! Delivers many records in one request. The answer speaks for each of them: what was done is noted and never sent
//! again, what failed for now is sent again alone, what was refused is a dead letter. A batch that is refused as a whole
//! is halved until the record that spoils it stands alone.

use std::collections::HashMap;

use serde_json::Value;

use super::body::{self, Content, at, content, scalar};
use super::compare::{key_form, versions};
use super::envelope::{self, Holds};
use super::exchange::{self, Again, Ask, Miss, Side, Tries};
use super::push::{confirmed, idempotency_key};
use super::reconcile::Settled;
use super::run::{Run, Stop};
use super::said::{Word, word};
use super::trace::Trace;
use super::{Call, Response, WritePlan, address};
use crate::base::digest::Digest;
use crate::evidence::{Attempted, Effect, EffectState, Undo, UndoAct, attempts_kept};

/// A mapped record that waits for its batch.
pub(super) struct Pending {
    /// Key of the source record.
    pub key: String,
    /// Its version.
    pub version: Option<String>,
    /// The source record, for the dead letter that it may become.
    pub record: Value,
    /// What is written.
    pub mapped: Value,
}

/// What became of a record.
pub(super) enum Outcome {
    /// It is in the target, or need not be sent.
    Settled(Settled),
    /// It goes to the dead letters.
    Dead {
        /// Kebab-case.
        code: &'static str,
        /// In words, not yet masked.
        because: String,
        /// Requests that it was part of.
        attempts: u32,
        /// What came of them, oldest first.
        history: Vec<Attempted>,
    },
}

/// How a flow writes in bulk.
struct How<'p> {
    write: &'p Call,
    records: &'p [String],
    results: &'p [String],
    key: &'p [String],
    result_key: Option<&'p str>,
    size: usize,
}

struct Entry {
    pending: Pending,
    digest: String,
    idempotency_key: String,
    target_id: Option<String>,
    attempts: u32,
    history: Vec<Attempted>,
    /// An attempt may have had an effect that nobody acknowledged.
    unknown: bool,
    outcome: Option<Outcome>,
}

/// Delivers the records, no two of which have one key. Tells what became of those that are settled; where the flow stops
/// on the way, the others are not, and come again.
pub(super) async fn deliver(
    run: &Run<'_>,
    pending: Vec<Pending>,
    trace: &mut Trace,
) -> (Vec<(Pending, Outcome)>, Option<Stop>) {
    let WritePlan::Bulk { write, records, results, key, result_key, size } = &run.plan.target.write else {
        return (Vec::new(), None);
    };
    let size = usize::try_from(*size).unwrap_or(usize::MAX).max(1);
    let how = How { write, records, results, key, result_key: result_key.as_deref(), size };
    let mut batch = Batch { run, trace, how, entries: Vec::with_capacity(pending.len()) };
    let stop = batch.all(pending).await.err();
    let settled = batch.entries.into_iter().filter_map(|e| Some((e.pending, e.outcome?))).collect();
    (settled, stop)
}

struct Batch<'r, 'a> {
    run: &'r Run<'a>,
    trace: &'r mut Trace,
    how: How<'r>,
    entries: Vec<Entry>,
}

impl Batch<'_, '_> {
    async fn all(&mut self, pending: Vec<Pending>) -> Result<(), Stop> {
        let mut open = Vec::new();
        let keys: Vec<&str> = pending.iter().map(|one| one.key.as_str()).collect();
        let priors = self.run.world.ledger.effects(&self.run.plan.flow, &keys)?;
        for (one, prior) in pending.into_iter().zip(priors) {
            let digest = Digest::of_json(&one.mapped);
            let outcome = known(prior.as_ref(), one.version.as_deref(), digest.as_str()).or_else(|| {
                let empty = at(&one.mapped, self.how.key).and_then(scalar).is_none_or(|k| k.trim().is_empty());
                empty.then(|| Outcome::Dead {
                    code: "match-missing",
                    because: format!("{} is empty, and records are matched by it", self.how.key.join(".")),
                    attempts: 0,
                    history: Vec::new(),
                })
            });
            if let (Some(Outcome::Settled(Settled::Unchanged)), Some(prior)) = (&outcome, &prior) {
                confirmed(self.run, prior)?;
            }
            if outcome.is_none() {
                open.push(self.entries.len());
            }
            self.entries.push(Entry {
                idempotency_key: idempotency_key(self.run, &one.key, digest.as_str(), prior.as_ref()),
                digest: digest.as_str().to_owned(),
                target_id: prior.and_then(|p| p.target_id),
                attempts: 0,
                history: Vec::new(),
                unknown: false,
                outcome,
                pending: one,
            });
        }
        // From the last to the first: the next one is popped off the end.
        let mut todo: Vec<Vec<usize>> = open.chunks(self.how.size).rev().map(<[usize]>::to_vec).collect();
        while let Some(open) = todo.pop() {
            if let Some((first, second)) = self.send(open).await? {
                todo.push(second);
                todo.push(first);
            }
        }
        Ok(())
    }

    /// Sends these until each is settled; or tells the halves in which they are to be tried instead.
    async fn send(&mut self, mut open: Vec<usize>) -> Result<Option<(Vec<usize>, Vec<usize>)>, Stop> {
        let (run, call) = (self.run, self.how.write);
        let mut tries = Tries::default();
        loop {
            if run.halt.is_cancelled() {
                return Err(run.why());
            }
            // A dry run counts each record and sends none.
            if open.iter().filter(|_| run.rehearsed(call)).count() == open.len() {
                open.iter().for_each(|i| self.close(*i, Outcome::Settled(Settled::Written)));
                return Ok(None);
            }
            let intended: Vec<(usize, bool)> = open.iter().map(|i| (*i, false)).collect();
            self.note(&intended, EffectState::Intended)?;
            for i in &open {
                if let Some(entry) = self.entries.get_mut(*i) {
                    entry.attempts += 1;
                }
            }
            let url = address::url(&run.plan.target.base_url, call, &[], &[]);
            let ask = Ask::write(call, url, body::encode(&call.content_type, &self.body(&open)));
            let answer = exchange::attempt(run, Side::Target, &ask, self.trace).await;
            let response_status = answer.as_ref().map_or(0, |r| r.status);
            let again = match answer.and_then(|response| self.read(&open, &response)) {
                Ok(words) => {
                    let (mut left, mut done) = (Vec::new(), Vec::new());
                    let mut why = String::new();
                    for (i, word) in open.iter().zip(words) {
                        match word {
                            Word::Done(id, made) => {
                                if let (Some(entry), Some(id)) = (self.entries.get_mut(*i), id) {
                                    entry.target_id = Some(id);
                                }
                                done.push((*i, made));
                            }
                            Word::Refused(because) => self.bury(*i, "rejected-by-target", because)?,
                            Word::Again(because) => {
                                self.tried(*i, "partial-failure", response_status, true);
                                left.push(*i);
                                why = because;
                            }
                        }
                    }
                    self.note(&done, EffectState::Done)?;
                    done.iter().for_each(|(i, _)| self.close(*i, Outcome::Settled(Settled::Written)));
                    if left.is_empty() {
                        return Ok(None);
                    }
                    open = left;
                    Again::unknown("partial-failure", run.clean(&why))
                }
                Err(Miss::Again(again) | Miss::Exhausted(again)) => {
                    open.iter().for_each(|i| self.tried(*i, again.code, again.status, again.unknown));
                    again
                }
                Err(Miss::Refused(refused)) => {
                    open.iter().for_each(|i| self.tried(*i, refused.code, refused.status, false));
                    // What is wrong with one record is told of the whole; what is wrong with the address is not.
                    if open.len() > 1 && matches!(refused.status, 200 | 400 | 409 | 413 | 422) {
                        let second = open.split_off(open.len() / 2);
                        return Ok(Some((open, second)));
                    }
                    let because = match (refused.says.is_empty(), refused.status) {
                        (true, status) => format!("status {status}"),
                        (false, status) => format!("status {status}: {}", refused.says),
                    };
                    open.iter().try_for_each(|i| self.bury(*i, refused.code, because.clone()))?;
                    return Ok(None);
                }
                Err(Miss::Stop(stop)) => return Err(stop),
            };
            match exchange::back_off(run, &run.target, &mut tries, again, self.trace).await {
                Ok(()) => {}
                Err(Miss::Stop(stop)) => return Err(stop),
                Err(Miss::Again(again) | Miss::Exhausted(again)) => {
                    let because = format!("{} ({})", again.because, again.code);
                    open.iter().try_for_each(|i| self.bury(*i, "attempts-exhausted", because.clone()))?;
                    return Ok(None);
                }
                Err(Miss::Refused(refused)) => {
                    open.iter().try_for_each(|i| self.bury(*i, refused.code, refused.says.clone()))?;
                    return Ok(None);
                }
            }
        }
    }

    /// The records at their place in the request.
    fn body(&self, open: &[usize]) -> Value {
        let list = open.iter().filter_map(|i| self.entries.get(*i)).map(|e| e.pending.mapped.clone()).collect();
        self.how
            .records
            .iter()
            .rev()
            .fold(Value::Array(list), |inner, name| Value::Object(std::iter::once((name.clone(), inner)).collect()))
    }

    /// What the answer says about each record. An answer that does not speak for every one of them leaves the others
    /// unknown, so they are sent again; the target matches them by their key.
    fn read(&self, open: &[usize], response: &Response) -> Result<Vec<Word>, Miss> {
        let unclear = |why: String| Miss::Again(Again::unknown("unexpected-answer", why));
        let body = match content(response) {
            Content::Json(body) => body,
            Content::Broken(why) => return Err(unclear(why)),
            Content::Empty | Content::Other => return Err(unclear("the answer holds no results".to_owned())),
        };
        let Some(results) = at(&body, self.how.results).and_then(Value::as_array) else {
            return Err(match envelope::find(&body, Holds::Nothing) {
                Some(envelope) => exchange::from_envelope(self.run, &self.run.target, response, envelope),
                None => unclear("the answer holds no results".to_owned()),
            });
        };
        let sent = |i: &usize| self.entries.get(*i).map_or(&Value::Null, |entry| &entry.pending.mapped);
        let key_of = |i: &usize| at(sent(i), self.how.key).and_then(scalar);
        let Some(name) = self.how.result_key else {
            if results.len() != open.len() {
                return Err(unclear(format!("{} results for {} records", results.len(), open.len())));
            }
            return Ok(open.iter().zip(results).map(|(i, result)| word(result, sent(i))).collect());
        };
        let by_key: HashMap<String, &Value> =
            results.iter().filter_map(|r| Some((key_form(&r.get(name).and_then(scalar)?), r))).collect();
        let one = |i: &usize| match key_of(i).and_then(|key| by_key.get(&key_form(&key))) {
            Some(result) => word(result, sent(i)),
            None => Word::Again("the answer says nothing about the record".to_owned()),
        };
        Ok(open.iter().map(one).collect())
    }

    fn close(&mut self, at: usize, outcome: Outcome) {
        if let Some(entry) = self.entries.get_mut(at) {
            entry.outcome = Some(outcome);
        }
    }

    fn bury(&mut self, at: usize, code: &'static str, because: String) -> Result<(), Stop> {
        let Some(entry) = self.entries.get_mut(at) else { return Ok(()) };
        let (attempts, history) = (entry.attempts, std::mem::take(&mut entry.history));
        if attempts > 0 && !entry.unknown {
            // Refused each time: there is nothing to undo.
            self.run.world.ledger.refuse_undo(&self.run.id, &entry.pending.key)?;
        }
        self.close(at, Outcome::Dead { code, because, attempts, history });
        Ok(())
    }

    /// One more attempt at a record that failed.
    fn tried(&mut self, at: usize, code: &str, status: u16, unknown: bool) {
        let Some(entry) = self.entries.get_mut(at) else { return };
        entry.unknown |= unknown;
        let attempt = Attempted { code: code.to_owned(), status, at: self.run.world.clock.now() };
        entry.history = attempts_kept(std::mem::take(&mut entry.history), vec![attempt]);
    }

    /// Notes these in one commit; `made`: the write made a record that was not there.
    fn note(&self, these: &[(usize, bool)], state: EffectState) -> Result<(), Stop> {
        let run = self.run;
        let effect = |entry: &Entry| Effect {
            key: entry.pending.key.clone(),
            digest: entry.digest.clone(),
            version: entry.pending.version.clone(),
            idempotency_key: entry.idempotency_key.clone(),
            target_id: entry.target_id.clone(),
            state,
            mapping: Some(run.plan.mapping.digest().to_owned()),
        };
        let done = state == EffectState::Done;
        let undo = |entry: &Entry, made: bool| Undo {
            run: run.id.clone(),
            flow: run.plan.flow.clone(),
            key: entry.pending.key.clone(),
            // Nobody looks at what was there before a batch is sent.
            act: if made { UndoAct::Created } else { UndoAct::Replaced },
            target_id: entry.target_id.clone(),
            before: None,
            intends: (!done).then(|| entry.pending.mapped.clone()),
            wrote: done.then(|| entry.pending.mapped.clone()),
            at: run.world.clock.now(),
            undone: false,
        };
        let of =
            |(i, made): &(usize, bool)| self.entries.get(*i).map(|entry| (effect(entry), Some(undo(entry, *made))));
        let noted: Vec<(Effect, Option<Undo>)> = these.iter().filter_map(of).collect();
        Ok(run.world.ledger.put_effects_undoable(&run.plan.flow, &noted)?)
    }
}

/// A record that need not be sent: older than what was written, or written as it is.
fn known(prior: Option<&Effect>, version: Option<&str>, digest: &str) -> Option<Outcome> {
    let prior = prior?;
    if prior.version.as_deref().zip(version).is_some_and(|(done, now)| versions(now, done).is_lt()) {
        return Some(Outcome::Settled(Settled::Stale));
    }
    let same = prior.state == EffectState::Done && prior.digest == digest;
    same.then_some(Outcome::Settled(Settled::Unchanged))
}
