//! Delivers one mapped record so that the target has it once, whatever happens on the way.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::body::{self, Content, at, content, scalar};
use super::compare::{satisfied, versions};
use super::envelope::{self, Holds};
use super::exchange::{self, Again, Ask, Miss, Refused, Side, Tries};
use super::find::{self, Found};
use super::page::Listing;
use super::readback::{self, There};
use super::reconcile::Settled;
use super::remove::is_gone;
use super::run::{Run, Stop};
use super::trace::Trace;
use super::{Call, Response, WritePlan, address};
use crate::base::digest::Digest;
use crate::evidence::{Attempted, Effect, EffectState, Undo, UndoAct, attempts_kept};

/// How often one record is looked up anew because the target contradicts itself (`exists` and cannot be found; found
/// and gone).
const CONTRADICTIONS: u32 = 3;

/// Code of an answer without a body where one was promised.
const EMPTY_ANSWER: &str = "empty-answer";
/// How often the target is looked at for what it took and has not done yet, with growing pauses between.
const LOOKS: u32 = 6;

/// Why a record was not delivered.
#[derive(Debug)]
pub(super) enum Undelivered {
    /// It goes to the dead letters.
    Dead {
        /// Kebab-case.
        code: &'static str,
        /// In words, masked.
        because: String,
        /// Writes attempted; searches where no write was.
        attempts: u32,
        /// What came of them, oldest first.
        history: Vec<Attempted>,
    },
    /// The flow stops; the record is not settled and comes again.
    Stop(Stop),
}

impl From<Stop> for Undelivered {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

/// What is known of a record before it is delivered.
pub(super) struct Known {
    digest: Digest,
    prior: Option<Effect>,
    idempotency_key: String,
    /// Digest of the mapping that made the record.
    mapping: String,
    /// The intention is on the disk already.
    intended: bool,
}

impl Known {
    fn of(run: &Run<'_>, key: &str, mapped: &Value, prior: Option<Effect>) -> Self {
        let digest = Digest::of_json(mapped);
        let idempotency_key = idempotency_key(run, key, digest.as_str(), prior.as_ref());
        let mapping = run.plan.mapping.digest().to_owned();
        Self { digest, prior, idempotency_key, mapping, intended: false }
    }

    /// What makes a delivery needless: an older version than was written, or the same record.
    fn settled(&self, version: Option<&str>) -> Option<Settled> {
        let prior = self.prior.as_ref()?;
        if prior.version.as_deref().zip(version).is_some_and(|(done, now)| versions(now, done).is_lt()) {
            return Some(Settled::Stale);
        }
        let same = prior.state == EffectState::Done && prior.digest == self.digest.as_str();
        same.then_some(Settled::Unchanged)
    }

    /// The same intention was noted before, by this run or by one that was killed.
    fn is_noted(&self) -> bool {
        let same = |p: &Effect| p.state == EffectState::Intended && p.digest == self.digest.as_str();
        self.intended || self.prior.as_ref().is_some_and(same)
    }

    fn effect(&self, key: &str, version: Option<&str>, target_id: Option<String>, state: EffectState) -> Effect {
        Effect {
            key: key.to_owned(),
            digest: self.digest.as_str().to_owned(),
            version: version.map(str::to_owned),
            idempotency_key: self.idempotency_key.clone(),
            target_id,
            state,
            mapping: Some(self.mapping.clone()),
        }
    }
}

/// Asks the ledger about records that are about to be delivered (source key, version, mapped record), each key once, and
/// notes the intentions of all that will be, in one commit. Whether a target has a record is looked up later, so an
/// intention may turn out to be no more than that.
pub(super) fn foreseen<'r>(
    run: &Run<'_>,
    records: impl Iterator<Item = (&'r str, Option<&'r str>, &'r Value)>,
) -> Result<HashMap<String, Known>, Stop> {
    let records: Vec<_> = records.collect();
    run.noted()?;
    let keys: Vec<&str> = records.iter().map(|(key, ..)| *key).collect();
    let priors = run.world.ledger.effects(&run.plan.flow, &keys)?;
    let mut intended = Vec::new();
    let mut known = HashMap::with_capacity(records.len());
    for ((key, version, mapped), prior) in records.into_iter().zip(priors) {
        let mut one = Known::of(run, key, mapped, prior);
        // What was created once is never created again, so what is noted of it stays.
        let kept = matches!(run.plan.target.write, WritePlan::Create { .. })
            && one.prior.as_ref().is_some_and(|p| p.state == EffectState::Done);
        if !kept && !run.rehearses() && one.settled(version).is_none() {
            if !one.is_noted() {
                let target_id = one.prior.as_ref().and_then(|p| p.target_id.clone());
                intended.push(one.effect(key, version, target_id, EffectState::Intended));
            }
            one.intended = true;
        }
        known.insert(key.to_owned(), one);
    }
    run.world.ledger.put_effects(&run.plan.flow, &intended)?;
    Ok(known)
}

/// Delivers a record: compares with the ledger, notes the intention before the first write, writes, notes the effect.
pub(super) async fn deliver(
    run: &Run<'_>,
    key: &str,
    version: Option<&str>,
    mapped: &Value,
    known: Option<Known>,
    trace: &mut Trace,
) -> Result<Settled, Undelivered> {
    let known = match known {
        Some(known) => known,
        None => {
            run.noted()?;
            let prior = run.world.ledger.effect(&run.plan.flow, key).map_err(Stop::from)?;
            Known::of(run, key, mapped, prior)
        }
    };
    if let Some(settled) = known.settled(version) {
        if let (Settled::Unchanged, Some(prior)) = (&settled, &known.prior) {
            confirmed(run, prior)?;
        }
        return Ok(settled);
    }
    let mut delivery = Delivery {
        run,
        key,
        version,
        mapped,
        trace,
        known,
        known_id: None,
        intended: None,
        unknown: false,
        writes: 0,
        tries: Tries::default(),
        history: Vec::new(),
    };
    let settled = match &run.plan.target.write {
        WritePlan::Upsert { .. } => delivery.upsert().await,
        WritePlan::Put { put, key } => delivery.put(put, key.as_deref()).await,
        // Batches are made of many records, and go another way.
        WritePlan::Bulk { .. } => Err(delivery.dead("unmappable", "the plan writes in bulk".to_owned())),
        WritePlan::Create { create, idempotency } => delivery.create(create, idempotency.as_deref()).await,
    };
    // The target refused it each time: there is nothing to undo.
    if matches!(settled, Err(Undelivered::Dead { .. })) && delivery.writes > 0 && !delivery.unknown {
        run.world.ledger.refuse_undo(&run.id, key).map_err(Stop::from)?;
    }
    settled
}

/// Notes that this mapping, too, makes of the record what was delivered.
pub(super) fn confirmed(run: &Run<'_>, prior: &Effect) -> Result<(), Stop> {
    let mapping = run.plan.mapping.digest();
    if prior.mapping.as_deref() == Some(mapping) {
        return Ok(());
    }
    run.done(Effect { mapping: Some(mapping.to_owned()), ..prior.clone() }, None)
}

/// The key of an effect, at most 64 characters. An effect whose outcome is not known keeps its key, also after a
/// crash. It is derived, not drawn, so that even a lost ledger leads to the same key; the key of the effect before is
/// in it, so that a record that goes back to an earlier form gets a key of its own.
pub(super) fn idempotency_key(run: &Run<'_>, key: &str, digest: &str, prior: Option<&Effect>) -> String {
    let create_only = matches!(run.plan.target.write, WritePlan::Create { .. });
    if let Some(prior) = prior
        && prior.state == EffectState::Intended
        && (create_only || prior.digest == digest)
    {
        return prior.idempotency_key.clone();
    }
    // What is only ever created has one effect per record, whatever its form.
    let form = if create_only { "" } else { digest };
    let before = prior.map_or("", |p| p.idempotency_key.as_str());
    let all = json!([run.plan.integration, run.plan.flow, key, form, before]);
    let hash = Digest::of_json(&all);
    let hex = hash.as_str().trim_start_matches("sha256:");
    format!("pi-{}", hex.get(..40).unwrap_or(hex))
}

/// What a write attempt came to.
enum Wrote {
    /// Acknowledged.
    Acked(Ack),
    /// Another attempt may help.
    Again(Again),
    /// Refused.
    Refused(Refused),
}

/// What an acknowledgement shows.
#[derive(Debug, Default)]
pub(super) struct Ack {
    /// The target's key.
    pub id: Option<String>,
    /// The record as the target keeps it.
    pub shows: Option<Value>,
    /// The write made a record that was not there.
    pub made: bool,
    /// It was taken, and is not done yet.
    pub taken: bool,
}

struct Delivery<'r, 'a> {
    run: &'r Run<'a>,
    key: &'r str,
    version: Option<&'r str>,
    mapped: &'r Value,
    trace: &'r mut Trace,
    known: Known,
    /// Key of the target's record that is written to.
    known_id: Option<String>,
    /// What was noted of the write under way: what it does, and what was there.
    intended: Option<(UndoAct, Option<Value>)>,
    /// An attempt may have had an effect that nobody acknowledged.
    unknown: bool,
    writes: u32,
    tries: Tries,
    history: Vec<Attempted>,
}

impl Delivery<'_, '_> {
    async fn upsert(&mut self) -> Result<Settled, Undelivered> {
        let run = self.run;
        let WritePlan::Upsert {
            matching,
            find,
            find_param,
            find_items,
            find_pages,
            create,
            update,
            target_key,
            idempotency,
        } = &run.plan.target.write
        else {
            return Err(self.dead("unmappable", "the plan is no upsert".to_owned()));
        };
        let Some(wanted) = at(self.mapped, matching).and_then(scalar).filter(|w| !w.trim().is_empty()) else {
            return Err(
                self.dead("match-missing", format!("{} is empty, and records are matched by it", matching.join(".")))
            );
        };
        let listing = Listing {
            call: find,
            base_url: &run.plan.target.base_url,
            items: find_items,
            inside: &[],
            pagination: find_pages.as_ref(),
            limit: find_pages.as_ref().and_then(|p| p.limit_max),
        };
        let mut known = self.known.prior.as_ref().and_then(|p| p.target_id.clone());
        let mut finds = Tries::default();
        let mut contradictions = 0;
        let mut absent = false;
        loop {
            // Also before every further create, unless the last one is known to have done nothing: an attempt whose
            // answer was lost may have made the record.
            let found = if std::mem::take(&mut absent) {
                Ok(Found::None)
            } else {
                find::find(run, listing, find_param, matching, &wanted, &mut finds, self.trace).await
            };
            let id = match found.map_err(|miss| self.missed(miss, finds.made))? {
                Found::Many => {
                    return Err(
                        self.dead("ambiguous-match", format!("several records have this {}", matching.join(".")))
                    );
                }
                Found::Unclear(why) => return Err(self.dead("match-unclear", why)),
                Found::One(record) => {
                    let Some(id) = record.get(target_key).and_then(scalar) else {
                        return Err(self.dead("target-key-missing", format!("the record found has no {target_key}")));
                    };
                    if satisfied(self.mapped, Some(&record)) {
                        if self.history.last().is_some_and(|tried| tried.code == EMPTY_ANSWER) {
                            // It had its effect: a target that keeps its answers to itself is not down.
                            exchange::works(run, &run.target, create.method);
                        }
                        self.done(Some(id), Some(&record))?;
                        return Ok(if self.writes > 0 { Settled::Written } else { Settled::Unchanged });
                    }
                    Some((id, Some(record)))
                }
                // The key changed at the source: the record that this one became is still known by its id.
                Found::None => known.take().map(|id| (id, None)),
            };
            let refused = match id {
                Some((id, found)) => {
                    // Known by its id alone, nobody looked at what it holds.
                    let act = if found.is_some() { UndoAct::Updated } else { UndoAct::Replaced };
                    self.known_id = Some(id.clone());
                    let url = address_of(run, update, &id);
                    match self.write(update, url, None, target_key, (act, found)).await? {
                        Wrote::Acked(ack) => {
                            let ack = self.seen(ack, Some(&id)).await?;
                            self.done(Some(id), ack.shows.as_ref())?;
                            return Ok(Settled::Written);
                        }
                        Wrote::Again(again) => {
                            known = Some(id);
                            self.wait(again).await?;
                            continue;
                        }
                        Wrote::Refused(refused) if matches!(refused.status, 404 | 410) => refused,
                        Wrote::Refused(refused) => return Err(self.refused(refused)),
                    }
                }
                None => {
                    let url = address::url(&run.plan.target.base_url, create, &[], &[]);
                    self.known_id = None;
                    let made = (UndoAct::Created, None);
                    match self.write(create, url, idempotency.as_deref(), target_key, made).await? {
                        Wrote::Acked(ack) => {
                            let ack = self.seen(ack, None).await?;
                            self.done(ack.id, ack.shows.as_ref())?;
                            return Ok(Settled::Written);
                        }
                        Wrote::Again(again) => {
                            absent = !again.unknown;
                            self.wait(again).await?;
                            continue;
                        }
                        Wrote::Refused(refused) if refused.status == 409 => {
                            match conflict(&refused, idempotency.is_some()) {
                                Conflict::Exists => refused,
                                Conflict::InProgress => {
                                    self.wait(in_progress(refused)).await?;
                                    continue;
                                }
                                Conflict::KeyReused => return Err(self.key_conflict(&refused)),
                            }
                        }
                        Wrote::Refused(refused) => return Err(self.refused(refused)),
                    }
                }
            };
            // Gone, or there after all: look again.
            contradictions += 1;
            if contradictions >= CONTRADICTIONS {
                return Err(self.refused(refused));
            }
        }
    }

    async fn put(&mut self, put: &Call, path: Option<&[String]>) -> Result<Settled, Undelivered> {
        let id = match path {
            None => self.key.to_owned(),
            Some(path) => match at(self.mapped, path).and_then(scalar).filter(|id| !id.is_empty()) {
                Some(id) => id,
                None => {
                    return Err(self.dead(
                        "match-missing",
                        format!("{} is empty, and it is the record's address", path.join(".")),
                    ));
                }
            },
        };
        loop {
            self.known_id = Some(id.clone());
            let blind = (UndoAct::Replaced, None);
            match self.write(put, address_of(self.run, put, &id), None, "", blind).await? {
                Wrote::Acked(ack) => {
                    let ack = self.seen(ack, Some(&id)).await?;
                    // 201 and only 201 says that there was none before (RFC 9110 section 9.3.4).
                    if ack.made {
                        self.intended = Some((UndoAct::Created, None));
                    }
                    self.done(Some(id), ack.shows.as_ref())?;
                    return Ok(Settled::Written);
                }
                Wrote::Again(again) => self.wait(again).await?,
                Wrote::Refused(refused) => return Err(self.refused(refused)),
            }
        }
    }

    async fn create(&mut self, create: &Call, header: Option<&str>) -> Result<Settled, Undelivered> {
        if self.known.prior.as_ref().is_some_and(|p| p.state == EffectState::Done && !is_gone(p)) {
            let by_other = self.known.prior.as_ref().is_some_and(|p| p.is_of_other(&self.known.mapping));
            let what = if by_other { "the contract's mapping" } else { "the record" };
            return Err(self.dead(
                "changed-after-create",
                format!("{what} changed after it was created in the target, and this flow only creates"),
            ));
        }
        let url = address::url(&self.run.plan.target.base_url, create, &[], &[]);
        loop {
            match self.write(create, url.clone(), header, "id", (UndoAct::Created, None)).await? {
                Wrote::Acked(ack) => {
                    let ack = self.seen(ack, None).await?;
                    self.done(ack.id, ack.shows.as_ref())?;
                    return Ok(Settled::Written);
                }
                Wrote::Again(again) => self.wait(again).await?,
                Wrote::Refused(refused) => match conflict(&refused, header.is_some()) {
                    Conflict::InProgress => self.wait(in_progress(refused)).await?,
                    Conflict::KeyReused => return Err(self.key_conflict(&refused)),
                    Conflict::Exists => return Err(self.refused(refused)),
                },
            }
        }
    }

    /// One attempt at a write, noted before it is made.
    async fn write(
        &mut self,
        call: &Call,
        url: String,
        idempotency: Option<&str>,
        target_key: &str,
        undo: (UndoAct, Option<Value>),
    ) -> Result<Wrote, Undelivered> {
        // The one place where a write leaves, so also the one where a dry run does not send it.
        if self.run.rehearsed(call) {
            return Ok(Wrote::Acked(Ack::default()));
        }
        self.intend(undo)?;
        let mut ask = Ask::write(call, url, body::encode(&call.content_type, self.mapped));
        if let Some(header) = idempotency {
            ask.headers.push((header.to_ascii_lowercase(), self.known.idempotency_key.clone()));
        }
        self.writes += 1;
        let run = self.run;
        let answer = exchange::attempt(run, Side::Target, &ask, self.trace).await;
        match answer.and_then(|response| acked(run, call.answers_json, &response, target_key)) {
            Ok(ack) => Ok(Wrote::Acked(ack)),
            Err(Miss::Again(again)) => {
                self.unknown |= again.unknown;
                self.tried(again.code, again.status);
                Ok(Wrote::Again(again))
            }
            Err(miss @ Miss::Exhausted(_)) => {
                if let Miss::Exhausted(again) = &miss {
                    self.unknown |= again.unknown;
                    self.tried(again.code, again.status);
                }
                Err(self.missed(miss, self.writes))
            }
            Err(Miss::Refused(refused)) => {
                self.tried(refused.code, refused.status);
                Ok(Wrote::Refused(refused))
            }
            Err(Miss::Stop(stop)) => Err(Undelivered::Stop(stop)),
        }
    }

    /// After 202, which promises nothing (RFC 9110 section 15.3.3): looks until the target shows what was written. Where nobody
    /// can look, the acknowledgement has to do, and a check has said so. `id`: the target's key of the record, where it is
    /// known before the answer.
    async fn seen(&mut self, ack: Ack, id: Option<&str>) -> Result<Ack, Undelivered> {
        if !ack.taken {
            return Ok(ack);
        }
        // It may be done at any time from now on.
        self.unknown = true;
        let (run, mapped) = (self.run, self.mapped);
        let known = id.or(ack.id.as_deref());
        let policy = &run.plan.delivery.retry;
        // A target that trims or folds shows other values than it was given: that a record is there, or is another one than
        // before, tells as much.
        let before = self.intended.as_ref().map(|(act, before)| (*act, before.clone()));
        let done = |now: &Value| match &before {
            Some((UndoAct::Created, _)) => true,
            Some((_, Some(before))) => before != now || satisfied(mapped, Some(now)),
            _ => satisfied(mapped, Some(now)),
        };
        for look in 0..LOOKS {
            match readback::there(run, self.key, known, Some(mapped), self.trace).await? {
                There::Record(id, now) if done(&now) => {
                    return Ok(Ack { id: Some(id), shows: Some(now), taken: false, ..ack });
                }
                There::Unreadable(because) => {
                    let told = json!({"key": self.key, "because": because});
                    run.log("warn", "accepted-unseen", Some(&self.trace.id), told);
                    return Ok(ack);
                }
                There::Record(..) | There::Gone => {}
            }
            let wait = policy.base_ms.saturating_mul(1 << look).min(policy.cap_ms);
            run.sleep(std::time::Duration::from_millis(wait)).await?;
        }
        self.tried("accepted-not-done", 202);
        Err(self.dead(
            "accepted-not-done",
            format!("the target took it (status 202) and does not show it, at {LOOKS} looks since: it failed there, or is done later"),
        ))
    }

    async fn wait(&mut self, again: Again) -> Result<(), Undelivered> {
        let run = self.run;
        let waited = exchange::back_off(run, &run.target, &mut self.tries, again, self.trace).await;
        let made = self.tries.made;
        waited.map_err(|miss| self.missed(miss, made))
    }

    /// One more attempt that failed.
    fn tried(&mut self, code: &str, status: u16) {
        let attempt = Attempted { code: code.to_owned(), status, at: self.run.world.clock.now() };
        self.history = attempts_kept(std::mem::take(&mut self.history), vec![attempt]);
    }

    /// Notes, before a write, that it may happen and what would undo it.
    fn intend(&mut self, undo: (UndoAct, Option<Value>)) -> Result<(), Undelivered> {
        if self.intended.as_ref().is_some_and(|noted| noted.0 == undo.0) {
            return Ok(());
        }
        self.intended = Some(undo);
        let before = self.known.prior.as_ref().and_then(|p| p.target_id.clone());
        let effect = self.known.effect(self.key, self.version, self.known_id.clone().or(before), EffectState::Intended);
        let Some(line) = self.line(&effect, None) else { return Ok(()) };
        let ledger = &self.run.world.ledger;
        // The intention is on the disk with its page; then only what was there before is to be added.
        let noted =
            if self.known.is_noted() { ledger.put_undo(&line) } else { ledger.put_effect_undoable(&effect, &line) };
        noted.map_err(Stop::from)?;
        self.known.intended = true;
        Ok(())
    }

    /// Notes that the target has it; `shows` is its record, where it was seen.
    fn done(&self, target_id: Option<String>, shows: Option<&Value>) -> Result<(), Undelivered> {
        let effect = self.known.effect(self.key, self.version, target_id, EffectState::Done);
        let line = self.line(&effect, shows);
        Ok(self.run.done(effect, line)?)
    }

    /// The line of the undo journal that goes with an effect; none where nothing was written.
    fn line(&self, effect: &Effect, shows: Option<&Value>) -> Option<Undo> {
        let (act, before) = self.intended.as_ref()?;
        let done = effect.state == EffectState::Done;
        Some(Undo {
            run: self.run.id.clone(),
            flow: self.run.plan.flow.clone(),
            key: effect.key.clone(),
            act: *act,
            // An intention to make one knows no id yet, whatever the ledger remembers of an earlier one.
            target_id: if done { effect.target_id.clone() } else { self.known_id.clone() },
            before: before.clone(),
            intends: (!done).then(|| self.mapped.clone()),
            wrote: done.then(|| self.kept(*act, shows)),
            at: self.run.world.clock.now(),
            undone: false,
        })
    }

    /// What the target holds since: of a record that was made also what it was given by itself in fields that a write may
    /// hold, since who fills in more later must not lose it by a deletion.
    fn kept(&self, act: UndoAct, shows: Option<&Value>) -> Value {
        let mut kept = kept_as(self.mapped, shows);
        if let (UndoAct::Created, Value::Object(kept), Some(Value::Object(shows))) = (act, &mut kept, shows) {
            for name in &self.run.plan.target.back.writable {
                if let (false, Some(value)) = (kept.contains_key(name), shows.get(name)) {
                    kept.insert(name.clone(), value.clone());
                }
            }
        }
        kept
    }

    fn dead(&self, code: &'static str, because: String) -> Undelivered {
        Undelivered::Dead { code, because, attempts: self.writes, history: self.history.clone() }
    }

    fn refused(&self, refused: Refused) -> Undelivered {
        let Refused { status, code, says, .. } = refused;
        self.dead(code, if says.is_empty() { format!("status {status}") } else { format!("status {status}: {says}") })
    }

    fn key_conflict(&self, refused: &Refused) -> Undelivered {
        self.dead(
            "key-conflict",
            format!("the target has seen the idempotency key with another body: {}", refused.says),
        )
    }

    fn missed(&self, miss: Miss, made: u32) -> Undelivered {
        match miss {
            Miss::Stop(stop) => Undelivered::Stop(stop),
            Miss::Refused(refused) => self.refused(refused),
            Miss::Again(again) | Miss::Exhausted(again) => Undelivered::Dead {
                code: "attempts-exhausted",
                because: format!("{} ({})", again.because, again.code),
                attempts: self.writes.max(made),
                history: self.history.clone(),
            },
        }
    }
}

/// The URL of an operation on one record: its last placeholder takes the key.
pub(super) fn address_of(run: &Run<'_>, call: &Call, id: &str) -> String {
    let last = address::placeholders(&call.path).last().unwrap_or_default();
    address::url(&run.plan.target.base_url, call, &[(last, id)], &[])
}

/// The fields that were written as the target keeps them: as its record shows them, else as they were sent. Targets
/// trim, fold and round; what somebody else changed later is told from that.
pub(super) fn kept_as(sent: &Value, shows: Option<&Value>) -> Value {
    match (sent, shows) {
        (Value::Object(sent), Some(Value::Object(shows))) => {
            Value::Object(sent.iter().map(|(name, v)| (name.clone(), kept_as(v, shows.get(name)))).collect())
        }
        (Value::Object(_), _) | (_, None) => sent.clone(),
        (_, Some(shows)) => shows.clone(),
    }
}

/// Whether a 2xx answer to a write really acknowledges it, and what it shows.
pub(super) fn acked(run: &Run<'_>, answers_json: bool, response: &Response, target_key: &str) -> Result<Ack, Miss> {
    let (made, taken) = (response.status == 201, response.status == 202);
    let body = match content(response) {
        // A proxy or a portal in the system's place: nobody knows whether the write ever came there.
        Content::Other if answers_json => {
            let why = "answered text where JSON was promised".to_owned();
            return Err(Miss::Again(Again::unknown("unexpected-answer", why)));
        }
        // Nothing where a record was promised: so answers who is broken, or somebody in the system's place.
        Content::Empty if answers_json && body::is_void(response) => {
            let why = "answered nothing where JSON was promised".to_owned();
            return Err(Miss::Again(Again::unknown(EMPTY_ANSWER, why)));
        }
        Content::Empty | Content::Other => return Ok(Ack { made, taken, ..Ack::default() }),
        Content::Broken(why) => return Err(Miss::Again(Again::unknown("unexpected-answer", why))),
        Content::Json(body) => body,
    };
    let direct = body.get(target_key).and_then(scalar);
    let holds = if direct.is_some() { Holds::Record } else { Holds::Nothing };
    if let Some(envelope) = envelope::find(&body, holds) {
        return Err(exchange::from_envelope(run, &run.target, response, envelope));
    }
    if direct.is_some() {
        return Ok(Ack { id: direct, shows: Some(body), made, taken });
    }
    // `{"data": {"id": …}}`: one wrapper around the record.
    let mut inner = body.as_object().into_iter().flat_map(|o| o.values()).filter_map(|v| Some((v, v.get(target_key)?)));
    let found = inner.find_map(|(record, id)| Some((record, scalar(id)?)));
    Ok(found.map_or(Ack { made, taken, ..Ack::default() }, |(record, id)| Ack {
        id: Some(id),
        shows: Some(record.clone()),
        made,
        taken,
    }))
}

/// What a 409 or 422 is about.
#[derive(Debug, PartialEq, Eq)]
enum Conflict {
    /// An attempt with this key is still being worked on.
    InProgress,
    /// The key was used with another body.
    KeyReused,
    /// Anything else, such as a record that is there already.
    Exists,
}

/// Tells the conflicts of the Idempotency-Key draft apart (409 for one in progress, 422 for a key used again) as
/// vendors word them.
fn conflict(refused: &Refused, keyed: bool) -> Conflict {
    if !keyed || !matches!(refused.status, 400 | 409 | 422) {
        return Conflict::Exists;
    }
    let plain: String =
        refused.says.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let any = |words: &[&str]| words.iter().any(|w| plain.contains(w));
    let about_key = any(&["idempoten", "request key"]);
    if refused.status == 409
        && any(&["in progress", "inprogress", "being processed", "in flight", "concurrent", "still processing"])
    {
        Conflict::InProgress
    } else if about_key
        || any(&["key reuse", "key was reused", "key already used", "key has already been used", "reused with"])
    {
        Conflict::KeyReused
    } else {
        Conflict::Exists
    }
}

fn in_progress(refused: Refused) -> Again {
    Again { wait: refused.wait, ..Again::unknown("in-progress", refused.says) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conflicts_are_told_apart() {
        let judge = |status, says: &str, keyed| {
            conflict(&Refused { status, code: "", says: says.to_owned(), wait: None }, keyed)
        };
        assert_eq!(judge(409, "A request with this key is in progress", true), Conflict::InProgress);
        assert_eq!(judge(409, "request_in_progress", true), Conflict::InProgress);
        assert_eq!(judge(422, "idempotency_key_reused: other body", true), Conflict::KeyReused);
        assert_eq!(judge(409, "Idempotency-Key was used with another payload", true), Conflict::KeyReused);
        assert_eq!(judge(409, "email exists", true), Conflict::Exists);
        assert_eq!(judge(422, "email: is in progress", true), Conflict::Exists);
        assert_eq!(judge(409, "request in progress", false), Conflict::Exists);
    }
}
