//! A connector written straight down, one record after the other, by other hands than the one we ship. What it shares
//! with that one is the plan and the port to the world.

mod back;
mod batch;
mod bug;
mod hook;
mod kills;
mod record;
mod wire;

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

    /// Reads the list once. False where its counts say that its pages have moved.
    async fn look(&mut self, since: &Option<String>) -> Result<bool, String> {
        let source = &self.plan.source;
        let mut all = Vec::new();
        let mut newest: Option<Value> = None;
        let mut next = Next::default();
        let mut followed = BTreeSet::new();
        let mut page_number = source.pagination.as_ref().map_or(1, |p| p.first_page);
        let (mut first_total, mut last_total) = (None, None);
        self.here = BTreeSet::new();
        self.read_here = 0;
        self.moved = false;
        loop {
            let page = match self.page(since, &next).await {
                Err(why) if self.bug == Bug::CursorExpiredIsEnd && (why.contains("410") || why.contains("400")) => {
                    break;
                }
                page => page?,
            };
            let total = source.pagination.as_ref().and_then(|p| dig(&page, p.total.as_ref()?)?.as_u64());
            first_total = first_total.or(total);
            last_total = total.or(last_total);
            if since.is_none() && self.bug != Bug::IgnoresTotal {
                self.counts.expected = last_total;
            }
            let items = match (dig(&page, &source.items).and_then(Value::as_array), self.bug) {
                (Some(items), _) => items.clone(),
                (None, Bug::EnvelopeIsEmpty | Bug::GarbageIsEmpty | Bug::SwallowsErrors | Bug::TooLargeIsEmpty) => {
                    Vec::new()
                }
                (None, _) => return Err("the answer holds no records".to_owned()),
            };
            self.read_here += items.len() as u64;
            self.here.extend(items.iter().filter_map(|i| dig(i, &source.key)).map(text));
            let after = self.next(&page, &items, &next, &mut page_number);
            let enough = first_total.is_some_and(|t| self.read_here >= t) && self.bug == Bug::FirstTotalIsAll;
            let after = if enough { Next::End } else { after };
            if self.bug == Bug::DropsLastPage && after.is_end() && !next.is_end() {
                break;
            }
            if let Some((path, _)) = &source.incremental {
                for value in items.iter().filter_map(|i| dig(i, path)) {
                    if newest.as_ref().is_none_or(|n| compare(value, n).is_gt()) {
                        newest = Some(value.clone());
                    }
                }
            }
            if self.bug == Bug::CheckpointFirst {
                self.checkpoint(&newest)?;
            }
            let mut items = items;
            match self.bug {
                Bug::ReadsAllFirst => all.extend(items.iter().cloned()),
                Bug::Backwards => {
                    items.reverse();
                    self.records(&items).await?;
                }
                Bug::StopMovesOn => {
                    if let Err(why) = self.records(&items).await {
                        self.checkpoint(&newest)?;
                        return Err(why);
                    }
                }
                _ => self.records(&items).await?,
            }
            self.stops()?;
            let short = source.limit.is_some_and(|l| (items.len() as u64) < l);
            if (self.bug == Bug::StopsAtShortPage && short) || (self.bug == Bug::StopsAtEmptyPage && items.is_empty()) {
                break;
            }
            if after.is_end() {
                break;
            }
            if !followed.insert(after.clone()) {
                match self.bug {
                    Bug::IgnoresCursorRepeat => {}
                    Bug::RepeatIsTheEnd => break,
                    _ => return Err("the cursor leads to itself".to_owned()),
                }
            }
            if let Next::Url(url) = &after
                && !url.starts_with(&source.base_url)
            {
                match self.bug {
                    Bug::FollowsAnyLink => {}
                    Bug::ForeignLinkIsTheEnd => break,
                    _ => return Err("the next page lies at another host".to_owned()),
                }
            }
            next = after;
        }
        self.records(&all).await?;
        if matches!(self.bug, Bug::WallClockCheckpoint | Bug::FirstTotalIsAll) && newest.is_some() {
            newest = Some(match &newest {
                Some(Value::Number(_)) => Value::from(self.world.clock.now().0 / 1000),
                _ => Value::from(self.world.clock.now().rfc3339()),
            });
        }
        let slipped =
            last_total.is_some_and(|t| t != self.here.len() as u64) || first_total != last_total || self.moved;
        if !slipped || matches!(self.bug, Bug::IgnoresShift | Bug::FirstTotalIsAll) {
            self.checkpoint(&newest)?;
        }
        Ok(!slipped)
    }

    fn checkpoint(&self, newest: &Option<Value>) -> Result<(), String> {
        let Some(newest) = newest.as_ref().filter(|_| !matches!(self.bug, Bug::Forgetful | Bug::NeverCheckpoints))
        else {
            return Ok(());
        };
        let checkpoint = Checkpoint { watermark: Some(text(newest)), ..Checkpoint::default() };
        self.kept(self.world.ledger.set_checkpoint(&self.plan.flow, &checkpoint))
    }

    /// A time more than a day from now: no source has seen it.
    fn lies_ahead(&self, since: &str) -> bool {
        let at = match since.parse::<i64>() {
            Ok(number) if number > 100_000_000_000 => Some(number),
            Ok(number) => Some(number * 1000),
            Err(_) => platform_integration::base::clock::Timestamp::parse(since).map(|t| t.0),
        };
        at.is_some_and(|at| at > self.world.clock.now().0 + 24 * 3_600_000)
    }

    async fn page(&mut self, since: &Option<String>, next: &Next) -> Result<Value, String> {
        let source = &self.plan.source;
        let mut query = Vec::new();
        if let (Some((_, param)), Some(since)) = (&source.incremental, since) {
            let bound = match (self.bug, source.overlap_ms) {
                (Bug::ExclusiveBoundary, _) => just_after(since),
                (Bug::NoOverlap, _) | (_, 0) => since.clone(),
                (_, ms) => earlier(since, ms),
            };
            query.push((param.clone(), bound));
        }
        if let Some(p) = &source.pagination {
            if let (Some(name), Some(limit)) = (&p.limit_param, source.limit) {
                query.push((name.clone(), limit.to_string()));
            }
            if let (Some(name), Next::Param(value)) = (&p.param, next) {
                query.push((name.clone(), value.clone()));
            }
        }
        let url = if let Next::Url(url) = next { Some(url.clone()) } else { None };
        let trace = ids::trace_id(&mut self.world.rng.lock().unwrap());
        let ask = Ask {
            call: source.list.as_ref().unwrap(),
            path: &[],
            query,
            body: None,
            key: None,
            trace: &trace,
            url,
            only: None,
        };
        if self.bug == Bug::AsksManyAtOnce {
            self.wire.ask_at_once(&source.system, &ask, 40).await;
        }
        match self.wire.json(&source.system, &ask).await {
            Ok(page) => Ok(page),
            Err(Failure::Stopped) => Err("asked to stop".to_owned()),
            Err(_) if self.bug == Bug::SwallowsErrors => Ok(Value::Null),
            Err(Failure::Refused(_, why) | Failure::Exhausted(why)) => Err(why),
        }
    }

    fn next(&self, page: &Value, items: &[Value], now: &Next, page_number: &mut u64) -> Next {
        let Some(p) = &self.plan.source.pagination else { return Next::End };
        let more = p.more.as_ref().and_then(|path| dig(page, path)).and_then(Value::as_bool);
        if more == Some(false) {
            return Next::End;
        }
        let total = p.total.as_ref().and_then(|path| dig(page, path)).and_then(Value::as_u64);
        // A page that repeats a record brings one record less than it seems to.
        let (read, unique) = (self.read_here, self.here.len() as u64);
        match (p.style, &p.next) {
            (PageStyle::Page, _) => {
                if items.is_empty() || total.is_some_and(|t| unique >= t) {
                    return Next::End;
                }
                *page_number += 1;
                Next::Param(page_number.to_string())
            }
            (PageStyle::Offset, _) if items.is_empty() || total.is_some_and(|t| unique >= t) => Next::End,
            (PageStyle::Offset, _) => Next::Param(read.to_string()),
            (PageStyle::LinkBody, Some(CursorFrom::Body(path))) => {
                let link = dig(page, path).and_then(Value::as_str).filter(|u| !u.is_empty());
                link.map_or(Next::End, |u| Next::Url(u.to_owned()))
            }
            (_, Some(CursorFrom::Body(path))) => {
                let token = dig(page, path).filter(|v| !v.is_null()).map(text);
                let token = token.filter(|t| !t.is_empty() || self.bug == Bug::EmptyCursorSent);
                token.map_or(Next::End, Next::Param)
            }
            (_, Some(CursorFrom::LastItem(field))) => match items.last().and_then(|i| i.get(field)) {
                Some(key) => Next::Param(text(key)),
                // Nothing to go on from: the same place once more.
                None => now.clone(),
            },
            _ => Next::End,
        }
    }

    async fn record(&mut self, record: &Value) -> Result<(), String> {
        self.counts.read += 1;
        let key = dig(record, &self.plan.source.key).map(text).ok_or("a record without a key")?;
        if !self.keys.insert(key.clone())
            && !self.newer(&key, record)?
            && !matches!(self.bug, Bug::NoDedup | Bug::OlderFormWins)
        {
            return Ok(());
        }
        self.counts.unique = self.keys.len() as u64;
        if self.bug == Bug::SkipsFuture && self.after_now(record) {
            self.counts.unchanged += 1;
            return Ok(());
        }
        let flow = &self.plan.flow;
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
            float(&mut mapped);
        }
        record::written(self.bug, self.plan, record, &mut mapped);
        if let Some(other) = self.claimed(&key, &mapped) {
            self.counts.dead_lettered += 1;
            return self.bury(&key, record, "equal-keys", &format!("{other} becomes the same target record"));
        }
        if self.bug == Bug::LocalTime {
            local(&mut mapped);
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
            && !matches!(self.bug, Bug::HookLastWins | Bug::OlderFormWins | Bug::Backwards)
        {
            self.counts.unchanged += 1;
            return Ok(());
        }
        let same = known.as_ref().is_some_and(|e| e.digest == digest && e.state == EffectState::Done);
        if same && !matches!(self.bug, Bug::Forgetful | Bug::NoDedup | Bug::HookNoDedup | Bug::HookShortMemory) {
            self.counts.unchanged += 1;
            return Ok(());
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
        let settled = self.write(record, &mapped, &effect, &trace).await;
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

    async fn write(&mut self, record: &Value, mapped: &Value, effect: &Effect, trace: &str) -> Settled {
        let system = &self.plan.target.system;
        match &self.plan.target.write {
            WritePlan::Create { create, idempotency } => {
                let fresh = || format!("{}-{:08x}", effect.idempotency_key, self.world.rng.lock().unwrap().next_u32());
                let key = if self.bug == Bug::CreatesAgain { fresh() } else { effect.idempotency_key.clone() };
                let key = idempotency.as_ref().filter(|_| self.bug != Bug::NoIdempotencyKey).map(|h| (h.as_str(), key));
                let ask = Ask {
                    call: create,
                    path: &[],
                    query: vec![],
                    body: Some(mapped),
                    key,
                    trace,
                    url: None,
                    only: None,
                };
                self.settle(system, &ask).await
            }
            WritePlan::Put { put, key } => {
                let id =
                    key.as_ref().map_or_else(|| effect.key.clone(), |p| text(dig(mapped, p).unwrap_or(&Value::Null)));
                let _ = record;
                let name = put.path.rsplit('{').next().and_then(|s| s.split('}').next()).unwrap_or_default();
                let path = [(name, id.as_str())];
                let ask = Ask {
                    call: put,
                    path: &path,
                    query: vec![],
                    body: Some(mapped),
                    key: None,
                    trace,
                    url: None,
                    only: None,
                };
                self.settle(system, &ask).await
            }
            WritePlan::Upsert { .. } => self.upsert(mapped, effect, trace).await,
            WritePlan::Bulk { .. } => unreachable!("pages go out as batches"),
        }
    }

    async fn settle(&mut self, system: &str, ask: &Ask<'_>) -> Settled {
        match self.wire.json(system, ask).await {
            Ok(answer) => Settled::Written(answer.get("id").map(text)),
            Err(Failure::Stopped) => Settled::Stopped,
            Err(Failure::Refused(_, why)) => Settled::Dead("rejected-by-target".to_owned(), why),
            Err(Failure::Exhausted(why)) => Settled::Dead("attempts-exhausted".to_owned(), why),
        }
    }

    /// Looks before every attempt to write: what a lost answer has done is seen before it is done again.
    async fn upsert(&mut self, mapped: &Value, effect: &Effect, trace: &str) -> Settled {
        let WritePlan::Upsert {
            matching, find, find_param, find_items, create, update, target_key, idempotency, ..
        } = &self.plan.target.write
        else {
            unreachable!("called for upserts only")
        };
        let system = &self.plan.target.system;
        let Some(natural) = dig(mapped, matching).filter(|key| !key.is_null()).map(text) else {
            return Settled::Dead("match-missing".to_owned(), "it cannot be looked up".to_owned());
        };
        let attempts = self.plan.delivery.retry.attempts;
        let mut last = Settled::Dead("attempts-exhausted".to_owned(), "no attempt".to_owned());
        for attempt in 1..=attempts {
            let query = vec![(find_param.clone(), natural.clone())];
            let ask = Ask { call: find, path: &[], query, body: None, key: None, trace, url: None, only: None };
            let found = match self.wire.json(system, &ask).await {
                Ok(answer) => match (dig(&answer, find_items).and_then(Value::as_array), self.bug) {
                    (Some(items), _) => items.clone(),
                    (None, Bug::EnvelopeIsEmpty | Bug::GarbageIsEmpty | Bug::TooLargeIsEmpty) => Vec::new(),
                    (None, _) => {
                        last = Settled::Dead("bad-answer".to_owned(), "the search holds no records".to_owned());
                        continue;
                    }
                },
                Err(Failure::Stopped) => return Settled::Stopped,
                Err(Failure::Refused(_, why)) => return Settled::Dead("rejected-by-target".to_owned(), why),
                Err(Failure::Exhausted(why)) => return Settled::Dead("attempts-exhausted".to_owned(), why),
            };
            let id = found.first().and_then(|r| r.get(target_key)).map(text);
            if let Some(there) = found.first()
                && mapped.as_object().is_some_and(|m| m.iter().all(|(n, v)| there.get(n) == Some(v)))
                && self.bug != Bug::Forgetful
            {
                return Settled::Unchanged(id);
            }
            if let Err(why) = self.journal(effect, found.first(), id.as_deref(), mapped, false) {
                self.wire.stop = Some(why);
                return Settled::Stopped;
            }
            if self.bug == Bug::NeverUpdates && id.is_some() {
                return Settled::Written(id);
            }
            let id = if self.bug == Bug::UpdatesFirstHit { Some("con_5000".to_owned()) } else { id };
            let answer = match &id {
                Some(id) => {
                    let name = update.path.rsplit('{').next().and_then(|s| s.split('}').next()).unwrap_or_default();
                    let path = [(name, id.as_str())];
                    let ask = Ask {
                        call: update,
                        path: &path,
                        query: vec![],
                        body: Some(mapped),
                        key: None,
                        trace,
                        url: None,
                        // One attempt between two looks, here as well.
                        only: Some(attempt),
                    };
                    self.wire.json(system, &ask).await
                }
                None => {
                    let blind = self.bug == Bug::CreatesAgain;
                    let key = idempotency.as_ref().filter(|_| !blind);
                    let key = key.map(|h| (h.as_str(), effect.idempotency_key.clone()));
                    // One attempt between two looks.
                    let only = (!blind).then_some(attempt);
                    let ask =
                        Ask { call: create, path: &[], query: vec![], body: Some(mapped), key, trace, url: None, only };
                    self.wire.json(system, &ask).await
                }
            };
            match answer {
                Ok(answer) => {
                    let id = id.or_else(|| answer.get(target_key).map(text));
                    if let Err(why) = self.journal(effect, found.first(), id.as_deref(), mapped, true) {
                        self.wire.stop = Some(why);
                    }
                    return Settled::Written(id);
                }
                // Somebody else, or our own lost attempt, was faster: look again.
                Err(Failure::Refused(409, why)) if !matches!(self.bug, Bug::CreatesAgain | Bug::ConflictIsFinal) => {
                    last = Settled::Dead("conflict".to_owned(), why);
                }
                Err(Failure::Stopped) => return Settled::Stopped,
                Err(Failure::Refused(_, why)) => return Settled::Dead("rejected-by-target".to_owned(), why),
                Err(Failure::Exhausted(why)) => last = Settled::Dead("attempts-exhausted".to_owned(), why),
            }
        }
        last
    }
}

/// A version that was kept as text, as the source writes it.
fn as_kept(text: String, like: &Value) -> Value {
    if like.is_number() { text.parse().map(Value::Number).unwrap_or_default() } else { text.into() }
}

/// Where the next page is.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    #[default]
    End,
    Param(String),
    Url(String),
}

impl Next {
    fn is_end(&self) -> bool {
        *self == Self::End
    }
}

/// The bound that leaves out what was read last.
fn just_after(since: &str) -> String {
    if let Ok(seconds) = since.parse::<i64>() {
        return (seconds + 1).to_string();
    }
    platform_integration::base::clock::Timestamp::parse(since).unwrap().plus_ms(1).rfc3339()
}

/// Times are written as a clock two hours ahead shows them.
fn local(value: &mut Value) {
    if let Value::Object(map) = value {
        for value in map.values_mut() {
            let at = value.as_str().filter(|s| s.len() > 18 && s.contains('T'));
            if let Some(at) = at.and_then(platform_integration::base::clock::Timestamp::parse) {
                *value = Value::String(at.plus_ms(2 * 3_600_000).rfc3339());
            }
        }
    }
}

/// The bound that goes back to what may have been committed late.
fn earlier(since: &str, ms: u64) -> String {
    if let Ok(seconds) = since.parse::<u64>() {
        return (seconds - ms / 1000).to_string();
    }
    platform_integration::base::clock::Timestamp::parse(since).unwrap().plus_ms(-ms.cast_signed()).rfc3339()
}

/// Decimal texts go through a float.
fn float(value: &mut Value) {
    if let Value::Object(map) = value {
        for value in map.values_mut() {
            if let Some(number) = value.as_str().filter(|s| s.contains('.')).and_then(|s| s.parse::<f64>().ok()) {
                *value = Value::String(number.to_string());
            }
        }
    }
}
