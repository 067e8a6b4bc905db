//! A connector written straight down, one record after the other, by other hands than the one we ship. What it shares
//! with that one is the plan and the port to the world.

mod batch;
mod bug;
mod hook;
mod wire;

use std::collections::BTreeSet;

use platform_integration::base::digest::Digest;
use platform_integration::base::ids;
use platform_integration::connector::{Plan, Report, Request, Response, World, WritePlan};
use platform_integration::evidence::{Checkpoint, DeadLetter, DeadState, Effect, EffectState, Reconciliation, Verdict};
use platform_integration::lab::Subject;
use platform_integration::lab::mock::compare;
use platform_integration::model::{CursorFrom, PageStyle};
use serde_json::Value;

pub(crate) use bug::Bug;
use wire::{Ask, Failure, Wire};

/// The connector, with a break or without.
pub(crate) struct Naive(pub(crate) Bug);

#[async_trait::async_trait]
impl Subject for Naive {
    async fn run(&self, plan: &Plan, world: &World) -> Report {
        let mut run = Run {
            plan,
            world,
            bug: self.0,
            wire: Wire::new(plan, world, self.0),
            counts: Reconciliation::default(),
            keys: BTreeSet::new(),
            event: None,
        };
        let stopped = run.all().await.err();
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

    async fn receive(&self, plan: &Plan, world: &World, delivery: &Request) -> Response {
        hook::receive(self.0, plan, world, delivery).await
    }
}

struct Run<'a> {
    plan: &'a Plan,
    world: &'a World,
    bug: Bug,
    wire: Wire<'a>,
    counts: Reconciliation,
    keys: BTreeSet<String>,
    /// The event that brought the record at hand.
    event: Option<String>,
}

/// What became of one record.
enum Settled {
    Written(Option<String>),
    Unchanged(Option<String>),
    Dead(String, String),
}

fn dig<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |at, name| at.get(name))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Run<'_> {
    /// One pass. An error is why it stopped early.
    async fn all(&mut self) -> Result<(), String> {
        self.inbox().await?;
        if self.plan.source.list.is_none() || self.bug == Bug::HookNoSweep {
            return Ok(());
        }
        let flow = self.plan.flow.clone();
        let source = &self.plan.source;
        let since = self.world.ledger.checkpoint(&flow).map_err(|e| e.to_string())?.watermark;
        let mut newest: Option<Value> = None;
        let mut next = Next::default();
        let mut followed = BTreeSet::new();
        let mut page_number = source.pagination.as_ref().map_or(1, |p| p.first_page);
        loop {
            let page = self.page(&since, &next).await?;
            let items = match (dig(&page, &source.items).and_then(Value::as_array), self.bug) {
                (Some(items), _) => items.clone(),
                (None, Bug::EnvelopeIsEmpty | Bug::GarbageIsEmpty | Bug::SwallowsErrors) => Vec::new(),
                (None, _) => return Err("the answer holds no records".to_owned()),
            };
            let after = self.next(&page, &items, &next, &mut page_number);
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
            if matches!(self.plan.target.write, WritePlan::Bulk { .. }) {
                self.batch(&items).await?;
            } else {
                for record in &items {
                    self.record(record).await?;
                }
            }
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
            next = after;
        }
        if self.bug == Bug::WallClockCheckpoint && newest.is_some() {
            newest = Some(match &newest {
                Some(Value::Number(_)) => Value::from(self.world.clock.now().0 / 1000),
                _ => Value::from(self.world.clock.now().rfc3339()),
            });
        }
        self.checkpoint(&newest)
    }

    fn checkpoint(&self, newest: &Option<Value>) -> Result<(), String> {
        let Some(newest) = newest.as_ref().filter(|_| self.bug != Bug::Forgetful) else { return Ok(()) };
        let checkpoint = Checkpoint { watermark: Some(text(newest)), ..Checkpoint::default() };
        self.world.ledger.set_checkpoint(&self.plan.flow, &checkpoint).map_err(|e| e.to_string())
    }

    async fn page(&mut self, since: &Option<String>, next: &Next) -> Result<Value, String> {
        let source = &self.plan.source;
        let mut query = Vec::new();
        if let (Some((_, param)), Some(since)) = (&source.incremental, since) {
            let bound = if self.bug == Bug::ExclusiveBoundary { just_after(since) } else { since.clone() };
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
        match self.wire.json(&source.system, &ask).await {
            Ok(page) => Ok(page),
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
        let read = self.counts.read + items.len() as u64;
        // A page that repeats a record brings one record less than it seems to.
        let keys = items.iter().filter_map(|i| dig(i, &self.plan.source.key)).map(text);
        let mut all = self.keys.clone();
        all.extend(keys);
        let unique = all.len() as u64;
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
                dig(page, path).and_then(Value::as_str).map_or(Next::End, |u| Next::Url(u.to_owned()))
            }
            (_, Some(CursorFrom::Body(path))) => {
                let token = dig(page, path).filter(|v| !v.is_null()).map(text).filter(|t| !t.is_empty());
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
        if !self.keys.insert(key.clone()) && self.bug != Bug::NoDedup {
            return Ok(());
        }
        self.counts.unique = self.keys.len() as u64;
        let flow = &self.plan.flow;
        let mut mapped = match self.plan.mapping.apply(record) {
            Ok(mapped) => mapped,
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
        let digest = Digest::of_json(&mapped).to_string();
        let known = self.world.ledger.effect(flow, &key).map_err(|e| e.to_string())?;
        let version = self.plan.source.version().and_then(|path| dig(record, path));
        if let (Some(before), Some(now)) = (known.as_ref().and_then(|e| e.version.clone()), version)
            && compare(&Value::from(before), now).is_gt()
            && self.bug != Bug::HookLastWins
        {
            self.counts.unchanged += 1;
            return Ok(());
        }
        let same = known.as_ref().is_some_and(|e| e.digest == digest && e.state == EffectState::Done);
        if same && !matches!(self.bug, Bug::Forgetful | Bug::NoDedup | Bug::HookNoDedup) {
            self.counts.unchanged += 1;
            return Ok(());
        }
        let mut effect = Effect {
            key: key.clone(),
            digest: digest.clone(),
            version: self.plan.source.webhook.as_ref().and(version).map(text),
            idempotency_key: match &self.event {
                Some(event) if self.bug == Bug::HookNoDedup => event.clone(),
                _ => Digest::of_bytes(format!("{flow}/{key}/{digest}").as_bytes()).short().to_owned(),
            },
            target_id: known.and_then(|e| e.target_id),
            state: EffectState::Intended,
        };
        self.world.ledger.put_effect(flow, &effect).map_err(|e| e.to_string())?;
        let trace = ids::trace_id(&mut self.world.rng.lock().unwrap());
        let settled = self.write(record, &mapped, &effect, &trace).await;
        let target_id = match settled {
            Settled::Written(id) => {
                self.counts.written += 1;
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
                return self.bury(&key, record, &code, &why);
            }
        };
        effect.state = EffectState::Done;
        effect.target_id = target_id;
        self.world.ledger.put_effect(flow, &effect).map_err(|e| e.to_string())?;
        self.world.ledger.absolve(flow, &key, DeadState::Replayed).map_err(|e| e.to_string())
    }

    fn bury(&self, key: &str, record: &Value, code: &str, because: &str) -> Result<(), String> {
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
        self.world.ledger.bury(&letter).map(|_| ()).map_err(|e| e.to_string())
    }

    async fn write(&mut self, record: &Value, mapped: &Value, effect: &Effect, trace: &str) -> Settled {
        let system = &self.plan.target.system;
        match &self.plan.target.write {
            WritePlan::Create { create, idempotency } => {
                let fresh = || format!("{}-{:08x}", effect.idempotency_key, self.world.rng.lock().unwrap().next_u32());
                let key = if self.bug == Bug::CreatesAgain { fresh() } else { effect.idempotency_key.clone() };
                let key = idempotency.as_ref().map(|h| (h.as_str(), key));
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
        let natural = text(dig(mapped, matching).unwrap_or(&Value::Null));
        let attempts = self.plan.delivery.retry.attempts;
        let mut last = Settled::Dead("attempts-exhausted".to_owned(), "no attempt".to_owned());
        for attempt in 1..=attempts {
            let query = vec![(find_param.clone(), natural.clone())];
            let ask = Ask { call: find, path: &[], query, body: None, key: None, trace, url: None, only: None };
            let found = match self.wire.json(system, &ask).await {
                Ok(answer) => match (dig(&answer, find_items).and_then(Value::as_array), self.bug) {
                    (Some(items), _) => items.clone(),
                    (None, Bug::EnvelopeIsEmpty | Bug::GarbageIsEmpty) => Vec::new(),
                    (None, _) => {
                        last = Settled::Dead("bad-answer".to_owned(), "the search holds no records".to_owned());
                        continue;
                    }
                },
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
                        only: None,
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
                Ok(answer) => return Settled::Written(id.or_else(|| answer.get(target_key).map(text))),
                // Somebody else, or our own lost attempt, was faster: look again.
                Err(Failure::Refused(409, why)) if self.bug != Bug::CreatesAgain => {
                    last = Settled::Dead("conflict".to_owned(), why);
                }
                Err(Failure::Refused(_, why)) => return Settled::Dead("rejected-by-target".to_owned(), why),
                Err(Failure::Exhausted(why)) => last = Settled::Dead("attempts-exhausted".to_owned(), why),
            }
        }
        last
    }
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
