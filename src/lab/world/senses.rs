//! Clock, secrets and observer of a run in the lab.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;

use super::Hall;
use crate::base::clock::{Clock, Timestamp};
use crate::base::rng::Rng;
use crate::base::secret::{Secret, SecretRef};
use crate::connector::{LogLine, Observer, SecretSource};
use crate::lab::bench::Bench;
use crate::lab::trace::Event;
use crate::mapping::transforms::TEST_KEY;

/// Wall-clock time made of tokio's virtual time.
#[derive(Debug)]
pub(super) struct LabClock {
    pub(super) from: Timestamp,
    pub(super) start: tokio::time::Instant,
}

impl Clock for LabClock {
    fn now(&self) -> Timestamp {
        let ms = tokio::time::Instant::now().saturating_duration_since(self.start).as_millis();
        self.from.plus_ms(i64::try_from(ms).unwrap_or(i64::MAX))
    }
}

/// The clock of the connector, where it is not that of the world: it jumps.
pub(super) struct JumpingClock {
    pub(super) inner: Arc<LabClock>,
    /// From this instant on it shows so many milliseconds more.
    pub(super) jumps: Vec<(Timestamp, i64)>,
}

impl Clock for JumpingClock {
    fn now(&self) -> Timestamp {
        let now = self.inner.now();
        now.plus_ms(self.jumps.iter().filter(|(at, _)| *at <= now).map(|(_, by)| by).sum())
    }
}

/// Secrets planted for one schedule, so that judges can look for them where they must not be.
#[derive(Debug, Default)]
pub(super) struct Planted {
    values: BTreeMap<String, String>,
    /// Newer values that systems handed out: like a file, they outlive the connector.
    kept: Mutex<BTreeMap<String, String>>,
    by_system: BTreeMap<String, Vec<String>>,
    webhook: Vec<String>,
}

impl Planted {
    pub(super) fn of(bench: &Bench, rng: &mut Rng) -> Self {
        let mut planted = Self::default();
        // Judges map with the test key; so does the connector.
        let keys = bench.plan.mapping.key_refs().into_iter();
        planted.values.extend(keys.map(|r| (r.to_string(), TEST_KEY.to_owned())));
        for system in [&bench.plan.source.system, &bench.plan.target.system] {
            let mut own = Vec::new();
            for reference in bench.secrets_of(system) {
                let drawn = format!("planted{:016x}{:08x}", rng.next_u64(), rng.next_u32());
                let value = planted.values.entry(reference.to_string()).or_insert_with(|| match reference {
                    SecretRef::Env(_) => drawn,
                    SecretRef::File(path) => {
                        let mut rng = of_file(path);
                        format!("planted{:016x}{:08x}", rng.next_u64(), rng.next_u32())
                    }
                });
                own.push(value.clone());
            }
            planted.by_system.insert(system.clone(), own);
        }
        for reference in bench.plan.source.webhook.iter().flat_map(|h| &h.secrets) {
            // Base64 behind a mark, as Standard Webhooks writes it; to the other schemes it is a text like any other.
            let mut bytes: Vec<u8> = (0..3).flat_map(|_| rng.next_u64().to_be_bytes()).collect();
            if let SecretRef::File(path) = reference {
                let mut rng = of_file(path);
                bytes = (0..3).flat_map(|_| rng.next_u64().to_be_bytes()).collect();
            }
            let value = format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(bytes));
            planted.values.insert(reference.to_string(), value.clone());
            planted.webhook.push(value);
        }
        planted
    }

    /// Every value by its reference.
    pub(super) const fn values(&self) -> &BTreeMap<String, String> {
        &self.values
    }

    /// The secrets that the source signs with: the one, and the one before it where the contract names it.
    pub(super) fn of_webhook(&self) -> &[String] {
        &self.webhook
    }

    pub(super) fn of_system(&self, system: &str) -> Vec<String> {
        self.by_system.get(system).cloned().unwrap_or_default()
    }
}

/// A file is shared by all that runs beside each other: what is planted in it is the same for every schedule.
fn of_file(path: &std::path::Path) -> Rng {
    Rng::seeded(0).fork(&path.to_string_lossy())
}

impl SecretSource for Planted {
    fn resolve(&self, reference: &SecretRef) -> Result<Secret, String> {
        let name = reference.to_string();
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let value = kept.get(&name).or_else(|| self.values.get(&name));
        value.map(|v| Secret::new(v.clone())).ok_or_else(|| format!("{reference} is not in the plan"))
    }

    fn keep(&self, reference: &SecretRef, value: &Secret) -> Result<bool, String> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(reference.to_string(), value.expose().to_owned());
        Ok(true)
    }
}

/// Writes what the connector logs into the trace.
pub(super) struct Listener {
    pub(super) hall: Arc<Mutex<Hall>>,
    pub(super) clock: Arc<LabClock>,
}

impl Observer for Listener {
    fn log(&self, line: LogLine) {
        let at = self.clock.now();
        let mut hall = self.hall.lock().unwrap_or_else(PoisonError::into_inner);
        hall.trace.events.push(Event::Logged { at, line });
    }
}
