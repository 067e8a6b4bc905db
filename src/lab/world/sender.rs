//! The sending side of a source with a webhook: announces what is new in it, delivers, and delivers again with growing
//! pauses what was not acknowledged.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::Hall;
use super::crash::Switch;
use super::senses::LabClock;
use crate::base::clock::Clock as _;
use crate::base::rng::Rng;
use crate::connector::{HookPlan, World};
use crate::lab::Subject;
use crate::lab::bench::Bench;
use crate::lab::courier::{Courier, Delivered, Delivery};
use crate::lab::trace::Event;

/// Attempts at one delivery during one start of the connector; what is left is delivered at the next.
const ATTEMPTS: u32 = 4;
/// How long a sender waits for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// What the source has yet to deliver.
pub(in crate::lab) struct Outbox {
    pub(in crate::lab) pending: Vec<Delivery>,
    /// By key, the form that was announced last.
    announced: BTreeMap<String, Value>,
    courier: Option<Courier>,
    starts: usize,
    serial: u64,
    rng: Rng,
}

impl Outbox {
    pub(super) fn new(rng: Rng) -> Self {
        Self { pending: Vec::new(), announced: BTreeMap::new(), courier: None, starts: 0, serial: 0, rng }
    }

    pub(super) fn by(&mut self, courier: Courier) {
        self.courier = Some(courier);
    }
}

/// Puts an event into the outbox for every record of the source that is new or changed, then lets the drill at them.
pub(super) fn announce(hall: &mut Hall, bench: &Bench, hook: &HookPlan) {
    let held = hall.mocks.get(&bench.plan.source.system).and_then(|m| m.collection(&bench.source_entity));
    let records: Vec<Value> = held.map(|c| c.iter().map(|(_, r)| r.clone()).collect()).unwrap_or_default();
    let outbox = &mut hall.outbox;
    let mut fresh = Vec::new();
    for record in records {
        let Some(key) = bench.source_key(&record) else { continue };
        if outbox.announced.get(&key) == Some(&record) {
            continue;
        }
        outbox.announced.insert(key, record.clone());
        outbox.serial += 1;
        let id = format!("evt_{:04}", outbox.serial);
        fresh.push(Delivery::of(bench, hook, id, record, &mut outbox.rng));
    }
    if let Some(courier) = &mut outbox.courier {
        courier(bench, outbox.starts, &mut fresh, &mut outbox.rng);
    }
    outbox.starts += 1;
    outbox.pending.extend(fresh);
}

/// Everything that delivering takes.
pub(super) struct Sender<'s> {
    pub(super) bench: &'s Bench,
    pub(super) hook: &'s HookPlan,
    pub(super) hall: &'s Arc<Mutex<Hall>>,
    pub(super) clock: &'s LabClock,
    pub(super) switch: &'s Arc<Switch>,
    /// The one, and the one before it.
    pub(super) secrets: &'s [String],
    /// All at once.
    pub(super) burst: bool,
    pub(super) run: usize,
}

impl Sender<'_> {
    fn hall(&self) -> std::sync::MutexGuard<'_, Hall> {
        self.hall.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Delivers all that is pending, one after the other or all at once.
    pub(super) async fn deliver(&self, subject: &dyn Subject, world: &World) {
        if self.burst {
            let all = std::mem::take(&mut self.hall().outbox.pending);
            let sent = futures::future::join_all(all.iter().map(|d| self.one(subject, world, d))).await;
            let left = all.into_iter().zip(sent).filter(|(_, done)| !done).map(|(d, _)| d);
            self.hall().outbox.pending.extend(left);
            return;
        }
        let waiting = self.hall().outbox.pending.len();
        let mut at = 0;
        for _ in 0..waiting {
            let Some(delivery) = self.hall().outbox.pending.get(at).cloned() else { return };
            if self.one(subject, world, &delivery).await {
                self.hall().outbox.pending.remove(at);
            } else {
                at += 1;
            }
        }
    }

    /// One delivery with its attempts; true where nothing is left to be done about it.
    async fn one(&self, subject: &dyn Subject, world: &World, delivery: &Delivery) -> bool {
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::select! {
                    () = self.switch.stop.cancelled() => {}
                    () = tokio::time::sleep(Duration::from_secs(1 << attempt)) => {}
                }
            }
            // Nobody listens any more: it is delivered at the next start.
            if self.switch.stop.is_cancelled() {
                return false;
            }
            let status = self.attempt(subject, world, delivery).await;
            // Whoever forges does not ask twice.
            if status.is_some_and(|s| (200..300).contains(&s)) || !delivery.how.is_genuine() {
                return true;
            }
        }
        false
    }

    async fn attempt(&self, subject: &dyn Subject, world: &World, delivery: &Delivery) -> Option<u16> {
        let at = self.clock.now();
        let request = delivery.request(self.hook, self.secrets, at);
        let (index, there, back) = {
            let mut hall = self.hall();
            let index = hall.trace.deliveries.len();
            let noted = Delivered {
                run: self.run,
                at,
                ended: None,
                delivery: delivery.clone(),
                status: None,
                said: Vec::new(),
                needed: None,
            };
            hall.trace.deliveries.push(noted);
            hall.trace.events.push(Event::Delivery(index));
            let mut way = || Duration::from_millis(hall.latency.between(1, 12));
            (index, way(), way())
        };
        tokio::time::sleep(there).await;
        self.step().await;
        let answer = tokio::time::timeout(PATIENCE, subject.receive(&self.bench.plan, world, &request)).await.ok();
        // From here on the connector may be dead: what it said was never heard.
        self.step().await;
        tokio::time::sleep(back).await;
        let status = answer.map(|a| a.status);
        let mut hall = self.hall();
        if let Some(noted) = hall.trace.deliveries.get_mut(index) {
            (noted.ended, noted.status) = (Some(self.clock.now()), status);
        }
        status
    }

    /// One more step; a dead run waits for ever.
    async fn step(&self) {
        if self.switch.step() {
            std::future::pending::<()>().await;
        }
    }
}
