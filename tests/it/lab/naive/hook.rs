//! The receiving side, by the specification of Standard Webhooks and by other hands than the one we ship.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use platform_integration::connector::{Plan, Request, Response, World};
use platform_integration::evidence::{Received, Waiting};
use platform_integration::lab::mock::compare;
use platform_integration::model::TellPlace;
use serde_json::Value;
use sha2::Sha256;

use super::{Bug, Run, dig, text};

fn status(status: u16) -> Response {
    Response { status, headers: Vec::new(), body: bytes::Bytes::new() }
}

/// Answers a delivery.
pub(super) async fn receive(bug: Bug, plan: &Plan, world: &World, delivery: &Request) -> Response {
    let hook = plan.source.webhook.as_ref().unwrap();
    if bug != Bug::HookAnyPath && !delivery.url.ends_with(&hook.path) {
        return status(404);
    }
    if delivery.body.len() > 1 << 20 {
        if bug == Bug::HookReadsHuge {
            tokio::time::sleep(Duration::from_secs(2 * (delivery.body.len() >> 20) as u64)).await;
        }
        return status(413);
    }
    if world.stop.is_cancelled() && bug != Bug::IgnoresStop {
        return status(503);
    }
    let _busy = Busy::new();
    if bug == Bug::HookDropsBurst {
        if Busy::others() {
            return status(204);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    if bug != Bug::HookTrustsAll
        && let Some(refused) = verify(bug, plan, world, delivery)
    {
        return status(refused);
    }
    let Ok(payload) = serde_json::from_slice::<Value>(&delivery.body) else { return status(400) };
    let other = hook.tells.iter().any(|tell| match &tell.place {
        TellPlace::Field(name) => payload.get(name).is_some_and(|v| !tell.values.contains(&text(v))),
        TellPlace::Header(name) => delivery.header(name).is_some_and(|v| !tell.values.iter().any(|t| t == v)),
    });
    if other && bug != Bug::HookAnyEvent {
        return status(204);
    }
    let mut id = delivery.header("webhook-id").unwrap_or("none").to_owned();
    if bug == Bug::HookNoDedup {
        id = format!("{id}-{:08x}", world.rng.lock().unwrap().next_u32());
    }
    if bug == Bug::HookShortMemory {
        id = format!("{id}-{}", world.clock.now().0 / 3_600_000);
    }
    let event = Received { flow: plan.flow.clone(), id, at: world.clock.now(), payload };
    if bug == Bug::HookAnswersFirst {
        let ledger = world.ledger.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(40)).await;
            // It has answered, and has nobody left to tell.
            let _ = ledger.receive(&event);
        });
        return status(204);
    }
    if bug == Bug::HookWorksFirst {
        tokio::time::sleep(Duration::from_secs(8)).await;
    }
    status(if world.ledger.receive(&event).is_ok() { 204 } else { 503 })
}

thread_local! {
    static ANSWERING: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// A delivery is being answered. A schedule stays on its thread.
struct Busy;

impl Busy {
    fn new() -> Self {
        ANSWERING.set(ANSWERING.get() + 1);
        Self
    }

    fn others() -> bool {
        ANSWERING.get() > 1
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        ANSWERING.set(ANSWERING.get() - 1);
    }
}

/// The status that refuses it, where it is refused.
fn verify(bug: Bug, plan: &Plan, world: &World, delivery: &Request) -> Option<u16> {
    let hook = plan.source.webhook.as_ref().unwrap();
    let most = if bug == Bug::HookFirstSecretOnly { 1 } else { hook.secrets.len() };
    let keys = hook.secrets[..most].iter().map(|reference| {
        let secret = world.secrets.resolve(reference).unwrap();
        STANDARD.decode(secret.expose().trim_start_matches("whsec_")).unwrap()
    });
    let keys: Vec<Vec<u8>> = keys.collect();
    let body = match serde_json::from_slice::<Value>(&delivery.body) {
        Ok(parsed) if bug == Bug::HookParsesFirst => parsed.to_string().into_bytes(),
        _ => delivery.body.to_vec(),
    };
    let (Some(id), Some(time), Some(signed)) =
        (delivery.header("webhook-id"), delivery.header("webhook-timestamp"), delivery.header("webhook-signature"))
    else {
        return Some(401);
    };
    let looked_at = if bug == Bug::HookFirstSignature { 1 } else { usize::MAX };
    let good =
        signed.split(' ').take(looked_at).filter_map(|s| STANDARD.decode(s.strip_prefix("v1,")?).ok()).any(|code| {
            keys.iter().any(|key| {
                let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
                mac.update(format!("{id}.{time}.").as_bytes());
                mac.update(&body);
                if bug == Bug::HookComparesPrefix {
                    return mac.verify_truncated_left(&code).is_ok();
                }
                mac.verify_slice(&code).is_ok()
            })
        });
    if !good {
        return Some(401);
    }
    let apart = (world.clock.now().0 / 1000 - time.parse::<i64>().unwrap()).unsigned_abs() * 1000;
    let tolerance = hook.signing.tolerance_ms.map(|t| if bug == Bug::HookNoTolerance { 2_000 } else { t });
    let tolerated = tolerance.is_none_or(|t| apart <= t);
    (!tolerated && bug != Bug::HookIgnoresTime).then_some(400)
}

impl Run<'_> {
    /// Settles what came in. Of several forms of one record only the newest is worked on.
    pub(super) async fn inbox(&mut self) -> Result<(), String> {
        let Some(hook) = &self.plan.source.webhook else { return Ok(()) };
        let flow = self.plan.flow.clone();
        let all: Vec<Waiting> = self.kept(self.world.ledger.inbox(&flow, 0, 10_000))?;
        let records: Vec<(u64, String, Value)> = all
            .into_iter()
            .map(|w| (w.seq, w.id, dig(&w.payload, &hook.record).cloned().unwrap_or_default()))
            .collect();
        let mut records = records;
        if self.bug == Bug::Backwards {
            records.reverse();
        }
        for (at, (seq, id, record)) in records.iter().enumerate() {
            self.stops()?;
            let each = matches!(self.bug, Bug::Backwards | Bug::HookLastWins | Bug::HookNoDedup | Bug::HookShortMemory);
            if self.superseded(at, &records) && !each {
                self.counts.read += 1;
            } else {
                if each {
                    self.keys.remove(&dig(record, &self.plan.source.key).map(text).unwrap_or_default());
                }
                self.event = Some(id.clone());
                self.record(record).await?;
                self.event = None;
            }
            self.kept(self.world.ledger.settle_inbox(&flow, &[*seq]))?;
        }
        Ok(())
    }

    /// Another event of the same record is newer, or as new and came later.
    fn superseded(&self, at: usize, all: &[(u64, String, Value)]) -> bool {
        let key = |record: &Value| dig(record, &self.plan.source.key).map(text);
        let version = |record: &Value| self.plan.source.version().and_then(|path| dig(record, path)).cloned();
        let (mine, record) = (key(&all[at].2), &all[at].2);
        all.iter().enumerate().any(|(other, (_, _, candidate))| {
            other != at
                && key(candidate) == mine
                && match (version(candidate), version(record)) {
                    (Some(theirs), Some(ours)) => {
                        let order = compare(&theirs, &ours);
                        order.is_gt()
                            || (order.is_eq() && if self.bug == Bug::HookEqualIsOld { other < at } else { other > at })
                    }
                    _ => other > at,
                }
        })
    }
}
