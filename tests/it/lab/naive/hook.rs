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
    if other {
        return status(204);
    }
    let mut id = delivery.header("webhook-id").unwrap_or("none").to_owned();
    if bug == Bug::HookNoDedup {
        id = format!("{id}-{:08x}", world.rng.lock().unwrap().next_u32());
    }
    let event = Received { flow: plan.flow.clone(), id, at: world.clock.now(), payload };
    if bug == Bug::HookAnswersFirst {
        let ledger = world.ledger.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(40)).await;
            ledger.receive(&event).unwrap();
        });
        return status(204);
    }
    if bug == Bug::HookWorksFirst {
        tokio::time::sleep(Duration::from_secs(8)).await;
    }
    status(if world.ledger.receive(&event).is_ok() { 204 } else { 503 })
}

/// The status that refuses it, where it is refused.
fn verify(bug: Bug, plan: &Plan, world: &World, delivery: &Request) -> Option<u16> {
    let hook = plan.source.webhook.as_ref().unwrap();
    let secret = world.secrets.resolve(&hook.secrets[0]).unwrap();
    let key = STANDARD.decode(secret.expose().trim_start_matches("whsec_")).unwrap();
    let (Some(id), Some(time), Some(signed)) =
        (delivery.header("webhook-id"), delivery.header("webhook-timestamp"), delivery.header("webhook-signature"))
    else {
        return Some(401);
    };
    let good = signed.split(' ').filter_map(|s| STANDARD.decode(s.strip_prefix("v1,")?).ok()).any(|code| {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{id}.{time}.").as_bytes());
        mac.update(&delivery.body);
        mac.verify_slice(&code).is_ok()
    });
    if !good {
        return Some(401);
    }
    let apart = (world.clock.now().0 / 1000 - time.parse::<i64>().unwrap()).unsigned_abs() * 1000;
    let tolerated = hook.signing.tolerance_ms.is_none_or(|t| apart <= t);
    (!tolerated && bug != Bug::HookIgnoresTime).then_some(400)
}

impl Run<'_> {
    /// Settles what came in. Of several forms of one record only the newest is worked on.
    pub(super) async fn inbox(&mut self) -> Result<(), String> {
        let Some(hook) = &self.plan.source.webhook else { return Ok(()) };
        let flow = self.plan.flow.clone();
        let all: Vec<Waiting> = self.world.ledger.inbox(&flow, 0, 10_000).map_err(|e| e.to_string())?;
        let records: Vec<(u64, String, Value)> = all
            .into_iter()
            .map(|w| (w.seq, w.id, dig(&w.payload, &hook.record).cloned().unwrap_or_default()))
            .collect();
        for (at, (seq, id, record)) in records.iter().enumerate() {
            if self.superseded(at, &records) && !matches!(self.bug, Bug::HookLastWins | Bug::HookNoDedup) {
                self.counts.read += 1;
            } else {
                if matches!(self.bug, Bug::HookLastWins | Bug::HookNoDedup) {
                    self.keys.remove(&dig(record, &self.plan.source.key).map(text).unwrap_or_default());
                }
                self.event = Some(id.clone());
                self.record(record).await?;
                self.event = None;
            }
            self.world.ledger.settle_inbox(&flow, &[*seq]).map_err(|e| e.to_string())?;
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
                        order.is_gt() || (order.is_eq() && other > at)
                    }
                    _ => other > at,
                }
        })
    }
}
