//! Delivers one mapped record so that the target has it once, whatever happens on the way.

mod accepted;
mod ack;
mod conflict;
mod create;
mod known;
mod put;
mod upsert;

pub(super) use ack::{Ack, acked};
pub(super) use known::{Known, confirmed, foreseen, idempotency_key};

use serde_json::Value;

use self::ack::kept_as;
use super::exchange::{self, Again, Ask, Miss, Refused, Side, Tries};
use super::reconcile::Settled;
use super::run::{Run, Stop};
use super::trace::Trace;
use super::{Call, WritePlan, body};
use crate::evidence::{Attempted, Effect, EffectState, Undo, UndoAct, attempts_kept};

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
        maybe_made: false,
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
    // The target refused it each time, or nothing left before the flow had to stop: there is nothing to undo.
    if settled.is_err() && delivery.writes > 0 && !delivery.unknown {
        run.world.ledger.refuse_undo(&run.id, key).map_err(Stop::from)?;
    }
    settled
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
    /// That attempt was to make the record: one that is found later may be ours.
    maybe_made: bool,
    writes: u32,
    tries: Tries,
    history: Vec<Attempted>,
}

impl Delivery<'_, '_> {
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
        self.intend(undo).await?;
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
    async fn intend(&mut self, undo: (UndoAct, Option<Value>)) -> Result<(), Undelivered> {
        if self.intended.as_ref().is_some_and(|noted| noted.0 == undo.0) {
            return Ok(());
        }
        self.intended = Some(undo);
        let before = self.known.prior.as_ref().and_then(|p| p.target_id.clone());
        let effect = self.known.effect(self.key, self.version, self.known_id.clone().or(before), EffectState::Intended);
        let Some(line) = self.line(&effect, None) else { return Ok(()) };
        // The intention is on the disk with its page; then only what was there before is to be added.
        if self.known.is_noted() {
            self.run.intended(line).await?;
        } else {
            self.run.world.ledger.put_effect_undoable(&effect, &line).map_err(Stop::from)?;
        }
        self.known.intended = true;
        Ok(())
    }

    /// Notes that the target has it; `shows` is its record, where it was seen.
    fn done(&self, target_id: Option<String>, shows: Option<&Value>) -> Result<(), Undelivered> {
        let effect = self.known.effect(self.key, self.version, target_id, EffectState::Done);
        let line = self.line(&effect, shows);
        Ok(self.run.done(effect, line)?)
    }

    /// Nothing was ever sent for it, by this run or another: what stands in the target is somebody else's.
    fn stood_there(&self) -> Result<bool, Undelivered> {
        Ok(match &self.known.prior {
            None => true,
            Some(prior) if prior.state == EffectState::Intended => {
                !self.run.world.ledger.sent(&self.run.plan.flow, self.key).map_err(Stop::from)?
            }
            Some(prior) => prior.is_adopted(),
        })
    }

    /// Notes that the target has held it as it should be, by somebody else's hand.
    fn adopt(&self, target_id: String) -> Result<(), Undelivered> {
        let mut effect = self.known.effect(self.key, self.version, Some(target_id), EffectState::Done);
        effect.idempotency_key = String::new();
        Ok(self.run.done(effect, None)?)
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
