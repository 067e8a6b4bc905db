//! The systems of a contract as they stand on this machine for a while: served over loopback, filled, with secrets of
//! their own; taken down, changed and given other credentials while somebody works against them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::bench::Bench;
use super::judge;
use super::mock::{Blueprint, Credentials, MockOptions, MockSystem};
use super::serve::{Serving, serve};
use crate::base::clock::Clock;
use crate::base::rng::Rng;
use crate::base::secret::SecretRef;
use crate::connector::Plan;
use crate::mapping::transforms::TEST_KEY;
use crate::model::System;

/// Records of each flow to begin with.
const RECORDS: usize = 7;
/// Records that are drawn to find one of a kind.
const DRAWS: usize = 200;

/// The systems of a contract, standing.
pub struct Standing {
    systems: BTreeMap<String, Stood>,
    benches: Vec<Bench>,
    /// Keys of records that no mapping takes.
    poisoned: BTreeSet<String>,
    clock: Arc<dyn Clock>,
    rng: Rng,
}

struct Stood {
    mock: Arc<Mutex<MockSystem>>,
    addr: SocketAddr,
    up: Option<(CancellationToken, Serving)>,
    /// What the mock takes, and what was planted for whom.
    secrets: BTreeMap<String, (SecretRef, String)>,
}

impl Stood {
    fn mock(&self) -> MutexGuard<'_, MockSystem> {
        self.mock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn taken(&self) -> Vec<String> {
        self.secrets.values().map(|(_, value)| value.clone()).collect()
    }
}

impl Standing {
    /// Puts up the systems of these plans and fills the sources with records that the mappings take.
    ///
    /// # Errors
    /// Why the lab cannot play a flow, or what the machine says about its sockets; in words.
    pub async fn raise(
        plans: &[Plan],
        systems: &BTreeMap<String, Arc<System>>,
        seed: u64,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, String> {
        let benches: Vec<Bench> = plans.iter().map(|p| Bench::of(p, systems)).collect::<Result<_, _>>()?;
        let mut standing = Self {
            systems: BTreeMap::new(),
            benches,
            poisoned: BTreeSet::new(),
            clock,
            rng: Rng::seeded(seed).fork("standing"),
        };
        for at in 0..standing.benches.len() {
            for source in [true, false] {
                standing.put_up(at, source).await?;
            }
        }
        for at in 0..standing.benches.len() {
            standing.fill(at, RECORDS);
        }
        Ok(standing)
    }

    async fn put_up(&mut self, at: usize, source: bool) -> Result<(), String> {
        let Some(bench) = self.benches.get(at) else { return Ok(()) };
        let (name, blueprint) = if source {
            (bench.plan.source.system.clone(), Arc::clone(&bench.source))
        } else {
            (bench.plan.target.system.clone(), Arc::clone(&bench.target))
        };
        let references: Vec<SecretRef> = bench.secrets_of(&name).into_iter().cloned().collect();
        if let Some(stood) = self.systems.get_mut(&name) {
            // Further flows of a system that stands may know it by other secrets.
            for reference in references {
                let value = planted(&mut self.rng);
                stood.secrets.entry(reference.to_string()).or_insert((reference, value));
            }
            let taken = stood.taken();
            stood.mock().take_only(taken, self.clock.now());
            return Ok(());
        }
        let secrets: BTreeMap<_, _> =
            references.into_iter().map(|r| (r.to_string(), (r, planted(&mut self.rng)))).collect();
        let first_serial = if source { 1 } else { 5000 };
        let stood = stand(blueprint, secrets, first_serial, &self.benches, &name, &self.clock, &mut self.rng).await?;
        self.systems.insert(name, stood);
        Ok(())
    }

    /// Where each system is reached: name and base URL.
    #[must_use]
    pub fn base_urls(&self) -> BTreeMap<String, String> {
        self.systems.iter().map(|(name, s)| (name.clone(), format!("http://{}", s.addr))).collect()
    }

    /// The secrets that are planted now, by what names them.
    #[must_use]
    pub fn secrets(&self) -> Vec<(SecretRef, String)> {
        let mut all: BTreeMap<String, (SecretRef, String)> =
            self.systems.values().flat_map(|s| s.secrets.clone()).collect();
        for bench in &self.benches {
            for reference in bench.plan.mapping.key_refs() {
                all.insert(reference.to_string(), (reference, TEST_KEY.to_owned()));
            }
            for reference in bench.plan.source.webhook.iter().flat_map(|h| &h.secrets) {
                let value = format!("whsec_{}", STANDARD.encode(b"a secret of the lab alone"));
                all.entry(reference.to_string()).or_insert((reference.clone(), value));
            }
        }
        all.into_values().collect()
    }

    /// The names of the systems.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.systems.keys().map(String::as_str)
    }

    /// Requests that a system has answered so far; nothing for an unknown one.
    #[must_use]
    pub fn answered(&self, system: &str) -> usize {
        self.systems.get(system).map_or(0, |s| s.mock().seen().count())
    }

    /// Nobody answers at a system's address any more.
    pub async fn take_down(&mut self, system: &str) {
        let up = self.systems.get_mut(system).and_then(|s| s.up.take());
        if let Some((stop, serving)) = up {
            stop.cancel();
            // A connection that is kept alive is not waited for.
            serving.done.abort();
            let _ = serving.done.await;
        }
    }

    /// A system answers again, at the same address.
    ///
    /// # Errors
    /// What the machine says about the socket.
    pub async fn bring_up(&mut self, system: &str) -> Result<(), String> {
        let clock = Arc::clone(&self.clock);
        let Some(stood) = self.systems.get_mut(system).filter(|s| s.up.is_none()) else { return Ok(()) };
        stood.up = Some(listen(&stood.mock, stood.addr, clock).await?);
        Ok(())
    }

    /// A system refuses the credentials that were planted.
    pub fn revoke(&mut self, system: &str) {
        let now = self.clock.now();
        if let Some(stood) = self.systems.get(system) {
            stood.mock().take_only(vec![planted(&mut self.rng)], now);
        }
    }

    /// New credentials are planted for a system, and it takes them.
    pub fn renew(&mut self, system: &str) {
        let now = self.clock.now();
        if let Some(stood) = self.systems.get_mut(system) {
            for (_, value) in stood.secrets.values_mut() {
                *value = planted(&mut self.rng);
            }
            let taken = stood.taken();
            stood.mock().take_only(taken, now);
        }
    }

    /// A record more at the source of each flow that reads this system.
    pub fn add(&mut self, system: &str) {
        for at in 0..self.benches.len() {
            if self.benches.get(at).is_some_and(|b| b.plan.source.system == system) {
                self.fill(at, 1);
            }
        }
    }

    /// A record at the source that the mapping of the flow rejects; tells whether one could be made.
    pub fn poison(&mut self, system: &str) -> bool {
        for bench in self.benches.iter().filter(|b| b.plan.source.system == system) {
            let Some(stood) = self.systems.get(system) else { continue };
            let mut mock = stood.mock();
            let drawn = mock.draw_records(&bench.source_entity, 6, &mut self.rng);
            let rejected = drawn.iter().flat_map(|r| spoilt(bench, r)).find(|r| bench.plan.mapped(r).is_err());
            if let Some(record) = rejected {
                self.poisoned.extend(bench.source_key(&record));
                mock.keep(&bench.source_entity, record);
                return true;
            }
        }
        false
    }

    /// Keys of source records that ought to be in a target and are not; those that no mapping takes are not among them.
    #[must_use]
    pub fn undelivered(&self) -> Vec<String> {
        let mut out = Vec::new();
        for bench in &self.benches {
            let (Some(source), Some(target)) =
                (self.systems.get(&bench.plan.source.system), self.systems.get(&bench.plan.target.system))
            else {
                continue;
            };
            let records: Vec<Value> = {
                let mock = source.mock();
                mock.collection(&bench.source_entity)
                    .into_iter()
                    .flat_map(|c| c.iter())
                    .map(|(_, r)| r.clone())
                    .collect()
            };
            let expected = judge::expectations(bench, &records);
            let dead: BTreeSet<&str> = self.poisoned.iter().map(String::as_str).collect();
            let mock = target.mock();
            let nothing = super::mock::Collection::default();
            let held = mock.collection(&bench.target_entity).unwrap_or(&nothing);
            out.extend(judge::missing(bench, &expected, held, &dead));
        }
        out
    }

    /// Ends it all.
    pub async fn fall(mut self) {
        let names: Vec<String> = self.systems.keys().cloned().collect();
        for name in names {
            self.take_down(&name).await;
        }
    }

    fn fill(&mut self, at: usize, count: usize) {
        let Some(bench) = self.benches.get(at) else { return };
        let Some(stood) = self.systems.get(&bench.plan.source.system) else { return };
        let mut mock = stood.mock();
        let drawn = mock.draw_records(&bench.source_entity, DRAWS.max(count), &mut self.rng);
        for record in drawn.into_iter().filter(|r| bench.plan.mapped(r).is_ok()).take(count) {
            mock.keep(&bench.source_entity, record);
        }
    }
}

fn planted(rng: &mut Rng) -> String {
    format!("planted{:016x}{:016x}", rng.next_u64(), rng.next_u64())
}

async fn stand(
    blueprint: Arc<Blueprint>,
    secrets: BTreeMap<String, (SecretRef, String)>,
    first_serial: u64,
    benches: &[Bench],
    name: &str,
    clock: &Arc<dyn Clock>,
    rng: &mut Rng,
) -> Result<Stood, String> {
    let (mut change_field, mut feed) = (BTreeMap::new(), BTreeMap::new());
    for bench in benches.iter().filter(|b| b.plan.source.system == name) {
        if let Some((path, _)) = &bench.plan.source.incremental {
            change_field.insert(bench.source_entity.clone(), path.join("."));
        }
        if let Some(plan) = &bench.plan.source.feed {
            feed.insert(bench.source_entity.clone(), plan.clone());
        }
    }
    let options = MockOptions {
        credentials: Credentials::Only(secrets.values().map(|(_, value)| value.clone()).collect()),
        first_serial,
        change_field,
        feed,
        ..MockOptions::default()
    };
    let mock = Arc::new(Mutex::new(MockSystem::of(blueprint, rng.next_u64(), options)));
    let (stop, serving) = listen(&mock, SocketAddr::from(([127, 0, 0, 1], 0)), Arc::clone(clock)).await?;
    Ok(Stood { mock, addr: serving.addr, up: Some((stop, serving)), secrets })
}

async fn listen(
    mock: &Arc<Mutex<MockSystem>>,
    addr: SocketAddr,
    clock: Arc<dyn Clock>,
) -> Result<(CancellationToken, Serving), String> {
    let stop = CancellationToken::new();
    let serving = serve(Arc::clone(mock), addr, clock, stop.clone());
    let serving = serving.await.map_err(|e| format!("a mock cannot listen on {addr}: {e}"))?;
    Ok((stop, serving))
}

/// The record with one thing wrong, in every way that may make a mapping refuse it; its key stays.
fn spoilt(bench: &Bench, record: &Value) -> Vec<Value> {
    let key = bench.plan.source.key.first().map(String::as_str).unwrap_or_default();
    let Some(fields) = record.as_object() else { return Vec::new() };
    let wrong = [Value::from("a value that nobody knows"), Value::Null, Value::Bool(true), Value::from(-1)];
    let names = fields.keys().filter(|name| name.as_str() != key);
    names
        .flat_map(|name| {
            wrong.iter().map(move |w| {
                let mut record = record.clone();
                if let Some(place) = record.get_mut(name) {
                    *place = w.clone();
                }
                record
            })
        })
        .collect()
}
