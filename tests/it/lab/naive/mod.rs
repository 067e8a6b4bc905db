//! A connector written straight down, one record after the other, by other hands than the one we ship. What it shares
//! with that one is the plan and the port to the world.

mod back;
mod batch;
mod bug;
mod hook;
mod kills;
mod record;
mod walk;
mod wire;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use platform_integration::base::digest::Digest;
use platform_integration::base::ids;
use platform_integration::connector::{Plan, Report, Request, Response, UndoReport, World, WritePlan};
use platform_integration::evidence::{
    Checkpoint, DeadLetter, DeadState, Effect, EffectState, LedgerError, Reconciliation, Verdict,
};
use platform_integration::lab::Subject;
use platform_integration::lab::mock::compare;
use platform_integration::model::{CursorFrom, PageStyle};
use serde_json::Value;

pub(crate) use bug::Bug;
pub(crate) use kills::{KILLED_BY, On, benches};
use wire::{Ask, Failure, Wire};

/// The connector, with a break or without.
pub(crate) struct Naive(pub(crate) Bug);

#[async_trait::async_trait]
impl Subject for Naive {
    async fn run(&self, plan: &Plan, world: &World) -> Report {
        self.go(plan, world, None).await
    }

    fn replays(&self) -> bool {
        true
    }

    async fn replay(&self, plan: &Plan, world: &World, records: Vec<Value>) -> Report {
        self.go(plan, world, Some(records)).await
    }

    fn rolls_back(&self, plan: &Plan) -> bool {
        // It keeps no journal of other writes.
        matches!(plan.target.write, WritePlan::Upsert { .. })
    }

    async fn roll_back(&self, plan: &Plan, world: &World) -> UndoReport {
        Run::new(plan, world, self.0).take_back().await
    }

    fn pauses(&self) -> bool {
        true
    }

    async fn receive(&self, plan: &Plan, world: &World, delivery: &Request) -> Response {
        hook::receive(self.0, plan, world, delivery).await
    }
}

impl Naive {
    /// One pass, or the replay of these records.
    async fn go(&self, plan: &Plan, world: &World, replay: Option<Vec<Value>>) -> Report {
        let mut run = Run::new(plan, world, self.0);
        let stopped = run.held(replay).await.err();
        let finished = stopped.is_none() || self.0 == Bug::SwallowsErrors;
        let mut verdict = run.counts.verdict(finished);
        if self.0 == Bug::SwallowsErrors || (self.0 == Bug::PassOnPartial && verdict == Verdict::Partial) {
            verdict = Verdict::Pass;
        }
        if self.0 == Bug::CountsAttempts {
            run.counts.written += run.wire.retries;
        }
        Report {
            flow: plan.flow.clone(),
            verdict,
            counts: run.counts,
            stopped: stopped.map(|why| ("stopped".to_owned(), why)),
            requests: run.wire.requests,
            retries: run.wire.retries,
            detail: platform_integration::connector::Detail::default(),
        }
    }
}

struct Run<'a> {
    /// Its handle in the journal.
    id: String,
    plan: &'a Plan,
    world: &'a World,
    bug: Bug,
    wire: Wire<'a>,
    counts: Reconciliation,
    keys: BTreeSet<String>,
    /// Which source key becomes which key of the target.
    claims: BTreeMap<String, String>,
    /// What was read so far, without keys and versions.
    contents: BTreeSet<String>,
    /// Keys on the pages of this look, and how many records came.
    here: BTreeSet<String>,
    read_here: u64,
    /// A record has come again in a newer form.
    moved: bool,
    /// The event that brought the record at hand.
    event: Option<String>,
    /// Dead letters that are yet to be noted.
    late: Vec<DeadLetter>,
}

/// What became of one record.
enum Settled {
    Written(Option<String>),
    Unchanged(Option<String>),
    Dead(String, String),
    Stopped,
}

fn dig<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |at, name| at.get(name))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan, world: &'a World, bug: Bug) -> Self {
        Self {
            id: format!("n-{}", world.clock.now().0),
            plan,
            world,
            bug,
            wire: Wire::new(plan, world, bug),
            counts: Reconciliation::default(),
            keys: BTreeSet::new(),
            claims: BTreeMap::new(),
            contents: BTreeSet::new(),
            here: BTreeSet::new(),
            read_here: 0,
            moved: false,
            event: None,
            late: Vec::new(),
        }
    }
}

impl Run<'_> {
    /// Takes the flow, does the work, gives it back.
    async fn held(&mut self, replay: Option<Vec<Value>>) -> Result<(), String> {
        let flow = self.plan.flow.clone();
        if self.bug != Bug::NoLock {
            self.world.ledger.acquire(&flow).map_err(|e| e.to_string())?;
        }
        let ended = match (self.begun(), replay) {
            (Err(why), _) => Err(why),
            (Ok(()), Some(records)) => self.records(&records).await,
            (Ok(()), None) => self.all().await,
        };
        for letter in std::mem::take(&mut self.late) {
            let _ = self.world.ledger.bury(&letter);
        }
        self.wire.ends();
        self.world.ledger.release(&flow);
        ended
    }

    /// Looks at the switch, and notes where it begins.
    fn begun(&self) -> Result<(), String> {
        let off = self.kept(self.world.ledger.paused(&self.plan.flow))?.is_some();
        if off && self.bug != Bug::IgnoresPause {
            return Err("its flow is off".to_owned());
        }
        self.remember()
    }

    /// Asked to stop.
    fn stops(&self) -> Result<(), String> {
        let asked = self.world.stop.is_cancelled() && self.bug != Bug::IgnoresStop;
        if asked { Err("asked to stop".to_owned()) } else { Ok(()) }
    }

    /// Settles these records, one after the other or as one batch.
    async fn records(&mut self, records: &[Value]) -> Result<(), String> {
        if matches!(self.plan.target.write, WritePlan::Bulk { .. }) {
            return self.batch(records).await;
        }
        for record in records {
            self.stops()?;
            match self.record(record).await {
                Err(why) if self.bug == Bug::LedgerErrorSkips && why.contains("ledger") => {}
                other => other?,
            }
        }
        Ok(())
    }

    /// What the ledger says; a break may take its failure for nothing.
    fn kept<T: Default>(&self, answer: Result<T, LedgerError>) -> Result<T, String> {
        let write = matches!(&answer, Err(LedgerError::Unusable { what: "written", .. }));
        match (answer, self.bug) {
            (Ok(value), _) => Ok(value),
            (Err(_), Bug::LedgerErrorsIgnored) => Ok(T::default()),
            (Err(_), Bug::FullDiskIgnored) if write => Ok(T::default()),
            (Err(error), _) => Err(error.to_string()),
        }
    }

    /// One pass. An error is why it stopped early.
    async fn all(&mut self) -> Result<(), String> {
        self.inbox().await?;
        if self.plan.source.list.is_none() || self.bug == Bug::HookNoSweep {
            return Ok(());
        }
        let flow = self.plan.flow.clone();
        let since = self.kept(self.world.ledger.checkpoint(&flow))?.watermark;
        let since = since.filter(|s| self.bug == Bug::TrustsCheckpoint || !self.lies_ahead(s));
        // Counted pages move when records come and go; whoever looks again finds what has slipped.
        if !self.look(&since).await? && !matches!(self.bug, Bug::IgnoresShift | Bug::FirstTotalIsAll) {
            self.look(&since).await?;
        }
        Ok(())
    }

    async fn record(&mut self, record: &Value) -> Result<(), String> {
        self.counts.read += 1;
        let key = dig(record, &self.plan.source.key).map(text).ok_or("a record without a key")?;
        if !self.keys.insert(key.clone())
            && !self.newer(&key, record)?
            && !matches!(self.bug, Bug::NoDedup | Bug::OlderFormWins | Bug::LastReadFirst)
        {
            return Ok(());
        }
        self.counts.unique = self.keys.len() as u64;
        if self.bug == Bug::SkipsFuture && self.after_now(record) {
            self.counts.unchanged += 1;
            return Ok(());
        }
        if self.bug == Bug::ContentOnce && !self.contents.insert(record::content(self.plan, record)) {
            self.counts.unchanged += 1;
            return Ok(());
        }
        let flow = &self.plan.flow;
        if self.bug == Bug::DeadForEver
            && self.kept(self.world.ledger.dead_letters(Some(flow)))?.iter().any(|letter| letter.key == key)
        {
            self.counts.unchanged += 1;
            return Ok(());
        }
        let taken = record::taken(self.bug, self.plan, record);
        let mut mapped = match self.plan.mapping.apply(&taken) {
            Ok(mapped) => mapped,
            Err(why) if self.bug == Bug::NullIntoRequired => {
                let rule = self.plan.mapping.rules().iter().find(|r| r.target.to_string() == why.target).unwrap();
                let mut rest = self.plan.mapping.without(&rule.target).apply(record).map_err(|w| w.to_string())?;
                rule.target.set(&mut rest, Value::Null);
                rest
            }
            Err(_) if self.bug == Bug::DropsUnmappable => {
                self.counts.unchanged += 1;
                return Ok(());
            }
            Err(why) => {
                self.counts.rejected += 1;
                return self.bury(&key, record, why.code, &why.to_string());
            }
        };
        if self.bug == Bug::FloatMoney {
            record::float(&mut mapped);
        }
        record::written(self.bug, self.plan, record, &mut mapped);
        if let Some(other) = self.claimed(&key, &mapped) {
            self.counts.dead_lettered += 1;
            return self.bury(&key, record, "equal-keys", &format!("{other} becomes the same target record"));
        }
        if self.bug == Bug::LocalTime {
            record::local(&mut mapped);
        }
        let mut digest = Digest::of_json(&mapped).to_string();
        if self.bug == Bug::EchoesChanges
            && let Some(version) = self.plan.source.version().and_then(|path| dig(record, path))
        {
            digest = Digest::of_json(&serde_json::json!([digest, version])).to_string();
        }
        let known = self.kept(self.world.ledger.effect(flow, &key))?;
        let version = self.plan.source.version().and_then(|path| dig(record, path));
        if let (Some(before), Some(now)) = (known.as_ref().and_then(|e| e.version.clone()), version)
            && (compare(&as_kept(before.clone(), now), now).is_gt()
                || (self.bug == Bug::HookEqualIsOld && compare(&as_kept(before, now), now).is_eq()))
            && !matches!(self.bug, Bug::HookLastWins | Bug::OlderFormWins | Bug::Backwards | Bug::LastReadFirst)
        {
            self.counts.unchanged += 1;
            return Ok(());
        }
        let once = self.bug == Bug::FormsOnce;
        let before = known.as_ref().map_or("", |e| e.digest.as_str());
        let same = known.as_ref().is_some_and(|e| {
            e.state == EffectState::Done && (e.digest == digest || (once && before.contains(&digest)))
        });
        if same && !matches!(self.bug, Bug::Forgetful | Bug::NoDedup | Bug::HookNoDedup | Bug::HookShortMemory) {
            self.counts.unchanged += 1;
            return Ok(());
        }
        if once {
            digest = format!("{before} {digest}");
        }
        let creates = matches!(self.plan.target.write, WritePlan::Create { .. });
        let done = known.as_ref().is_some_and(|e| e.state == EffectState::Done);
        let repeats = matches!(
            self.bug,
            Bug::Forgetful | Bug::NoDedup | Bug::HookNoDedup | Bug::HookShortMemory | Bug::KeyFromBody
        );
        if creates && done && !repeats {
            self.counts.dead_lettered += 1;
            return self.bury(&key, record, "changed-after-create", "what is created once stays as it is");
        }
        let mut effect = Effect {
            key: key.clone(),
            digest: digest.clone(),
            version: version.map(text),
            idempotency_key: match &self.event {
                Some(event) if matches!(self.bug, Bug::HookNoDedup | Bug::HookShortMemory) => event.clone(),
                _ if self.bug == Bug::ConstantKey => "once-and-for-all".to_owned(),
                // The target remembers the key of what was taken back, and would answer as before.
                _ if known.as_ref().is_some_and(|e| e.state == EffectState::Undone)
                    && self.bug != Bug::RollbackKeepsKey =>
                {
                    let before = known.as_ref().map_or("", |e| e.idempotency_key.as_str());
                    Digest::of_bytes(format!("{before}/anew").as_bytes()).short().to_owned()
                }
                _ if creates && self.bug != Bug::KeyFromBody => {
                    Digest::of_bytes(format!("{flow}/{key}").as_bytes()).short().to_owned()
                }
                _ => Digest::of_bytes(format!("{flow}/{key}/{digest}").as_bytes()).short().to_owned(),
            },
            target_id: known.and_then(|e| e.target_id),
            state: EffectState::Intended,
            mapping: None,
        };
        self.kept(self.world.ledger.put_effect(flow, &effect))?;
        let trace = ids::trace_id(&mut self.world.rng.lock().unwrap());
        if self.bug == Bug::WrongThenMended {
            self.write(record, &record::spoiled(&mapped), &effect, &trace).await;
        }
        let settled = self.write(record, &mapped, &effect, &trace).await;
        if self.bug == Bug::WritesTwice {
            self.write(record, &mapped, &effect, &trace).await;
        }
        if let Some(why) = &self.wire.stop {
            return Err(why.clone());
        }
        let target_id = match settled {
            Settled::Stopped => return Err("asked to stop".to_owned()),
            Settled::Written(id) => {
                self.counts.written += 1;
                if self.bug == Bug::StopForgets {
                    self.stops()?;
                }
                id
            }
            Settled::Unchanged(id) => {
                self.counts.unchanged += 1;
                id
            }
            Settled::Dead(..) if self.bug == Bug::SwallowsErrors => {
                self.counts.written += 1;
                None
            }
            Settled::Dead(_, why) if self.bug == Bug::PoisonStopsAll => return Err(why),
            Settled::Dead(code, why) => {
                self.counts.dead_lettered += 1;
                if self.bug == Bug::LateDeadLetter {
                    effect.state = EffectState::Done;
                    self.kept(self.world.ledger.put_effect(&self.plan.flow, &effect))?;
                }
                return self.bury(&key, record, &code, &why);
            }
        };
        effect.state = EffectState::Done;
        effect.target_id = target_id;
        self.kept(self.world.ledger.put_effect(flow, &effect))?;
        if self.bug == Bug::ReplayDoesNotSettle {
            return Ok(());
        }
        self.kept(self.world.ledger.absolve(flow, &key, DeadState::Replayed))
    }

    /// The record is a newer form of the one that was written under its key.
    fn newer(&mut self, key: &str, record: &Value) -> Result<bool, String> {
        let known = self.world.ledger.effect(&self.plan.flow, key).map_err(|e| e.to_string())?;
        let version = self.plan.source.version().and_then(|path| dig(record, path));
        let before = known.and_then(|e| e.version);
        let newer = before.zip(version).is_some_and(|(before, now)| compare(now, &as_kept(before, now)).is_gt());
        self.moved |= newer;
        Ok(newer)
    }

    /// Changed after now, by the connector's own clock.
    fn after_now(&self, record: &Value) -> bool {
        let now = self.world.clock.now();
        match self.plan.source.version().and_then(|path| dig(record, path)) {
            Some(Value::Number(n)) => n.as_i64().is_some_and(|n| n > now.0 / 1000),
            Some(Value::String(s)) => platform_integration::base::clock::Timestamp::parse(s).is_some_and(|t| t > now),
            _ => false,
        }
    }

    /// The other source record that becomes the same record of the target in this run.
    fn claimed(&mut self, key: &str, mapped: &Value) -> Option<String> {
        let path = match &self.plan.target.write {
            WritePlan::Upsert { matching, .. } => matching,
            WritePlan::Put { key: Some(path), .. } | WritePlan::Bulk { key: path, .. } => path,
            WritePlan::Put { key: None, .. } | WritePlan::Create { .. } => return None,
        };
        let natural = dig(mapped, path).map(text)?;
        let holder = self.claims.entry(natural).or_insert_with(|| key.to_owned());
        (holder != key && self.bug != Bug::MergesEqualKeys).then(|| holder.clone())
    }

    fn bury(&mut self, key: &str, record: &Value, code: &str, because: &str) -> Result<(), String> {
        if self.bug == Bug::NoDeadLetter {
            return Ok(());
        }
        let letter = DeadLetter {
            id: 0,
            flow: self.plan.flow.clone(),
            key: key.to_owned(),
            code: code.to_owned(),
            because: because.to_owned(),
            payload: if self.bug == Bug::EmptyDeadLetter { Value::Null } else { record.clone() },
            attempts: 1,
            at: self.world.clock.now(),
            state: DeadState::Waiting,
            history: Vec::new(),
            closed: None,
        };
        if self.bug == Bug::LateDeadLetter {
            self.late.push(letter);
            return Ok(());
        }
        self.kept(self.world.ledger.bury(&letter)).map(|_| ())
    }
}

/// A version that was kept as text, as the source writes it.
fn as_kept(text: String, like: &Value) -> Value {
    if like.is_number() { text.parse().map(Value::Number).unwrap_or_default() } else { text.into() }
}
