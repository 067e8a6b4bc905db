//! Takes a webhook in: verified, told apart from others, on the disk before it is answered. Nothing else is done while
//! the sender waits; the next pass of the flow does the work.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::body::{self, at, scalar};
use super::hook::{HookPlan, IdPlan};
use super::signature::Unverified;
use super::{Plan, Request, Response, World};
use crate::base::text::quoted;
use crate::evidence::Received;
use crate::model::{Method, TellPlace};

/// The largest body taken, in bytes.
pub const MOST_BYTES: usize = 4 << 20;

/// Tells a flow that something came in. A ring that nobody heard is kept.
#[derive(Debug, Clone, Default)]
pub struct Bell(Arc<Mutex<BTreeMap<String, Arc<Notify>>>>);

impl Bell {
    pub(super) fn of(&self, flow: &str) -> Arc<Notify> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(flow.to_owned()).or_default())
    }
}

/// Answers deliveries for any number of flows.
pub struct Receiver {
    plans: Vec<Plan>,
    world: World,
    bell: Bell,
}

impl Receiver {
    /// Receives for those of these flows that have a webhook.
    #[must_use]
    pub fn new(plans: &[Plan], world: &World, bell: &Bell) -> Self {
        let plans = plans.iter().filter(|p| p.source.webhook.is_some()).cloned().collect();
        Self { plans, world: world.clone(), bell: bell.clone() }
    }

    /// The paths at which something is received.
    #[must_use]
    pub fn paths(&self) -> Vec<&str> {
        self.plans.iter().filter_map(|p| p.source.webhook.as_ref()).map(|h| h.path.as_str()).collect()
    }

    /// Answers one delivery. Where several flows listen at one path, each takes what it waits for, and the sender hears
    /// the worst of it: what one could not keep is sent again, and the others know it already.
    #[must_use]
    pub fn answer(&self, delivery: &Request) -> Response {
        let path = path_of(&delivery.url);
        let all = self.plans.iter().filter(|p| p.source.webhook.as_ref().is_some_and(|h| h.path == path));
        let mut worst: Option<Response> = None;
        for plan in all {
            let answer = receive(plan, &self.world, delivery);
            if answer.status < 300 {
                self.bell.of(&plan.flow).notify_one();
            }
            if worst.as_ref().is_none_or(|w| w.status < answer.status) {
                worst = Some(answer);
            }
        }
        worst.unwrap_or_else(|| plain(404, "nothing is received at this path"))
    }
}

impl super::Answers for Receiver {
    fn answer(&self, delivery: &Request) -> Response {
        Self::answer(self, delivery)
    }
}

/// Answers one delivery for one flow: 2xx when it is kept, or known, or another event than the flow waits for; 401 for a
/// forgery, 400 for what is stale or unreadable, 413, 404, 405; 503 when it cannot be kept now.
#[must_use]
pub fn receive(plan: &Plan, world: &World, delivery: &Request) -> Response {
    let Some(hook) = &plan.source.webhook else { return plain(404, "the flow has no webhook") };
    let (said, status, because, id) = match take(plan, hook, world, delivery) {
        Ok((said, id)) => (said, 204, String::new(), id),
        Err(no) => ("webhook-refused", no.status, no.because, None),
    };
    let level = if status < 300 { "info" } else { "warn" };
    let mut line = json!({"level": level, "event": said, "flow": plan.flow, "webhook": hook.event, "status": status});
    if let Value::Object(line) = &mut line {
        if let Some(id) = id {
            line.insert("event_id".to_owned(), quoted(&id, 80).into());
        }
        if !because.is_empty() {
            line.insert("because".to_owned(), because.as_str().into());
        }
    }
    world.observer.log(line);
    if status == 204 { Response { status, headers: Vec::new(), body: Bytes::new() } } else { plain(status, &because) }
}

/// Why a delivery is not taken.
struct No {
    status: u16,
    because: String,
}

fn no<T>(status: u16, because: impl Into<String>) -> Result<T, No> {
    Err(No { status, because: because.into() })
}

fn take(plan: &Plan, hook: &HookPlan, world: &World, delivery: &Request) -> Result<(&'static str, Option<String>), No> {
    if path_of(&delivery.url) != hook.path {
        return no(404, "nothing is received at this path");
    }
    if delivery.method != Method::Post {
        return no(405, "events are posted");
    }
    if delivery.body.len() > MOST_BYTES {
        return no(413, format!("the body is larger than {} MiB", MOST_BYTES >> 20));
    }
    if world.stop.is_cancelled() {
        return no(503, "the connector is stopping; send it again");
    }
    let secrets: Result<Vec<_>, String> = hook.secrets.iter().map(|s| world.secrets.resolve(s)).collect();
    let Ok(secrets) = secrets else { return no(503, "a secret of the receiver is missing") };
    let secrets: Vec<&str> = secrets.iter().map(crate::base::secret::Secret::expose).collect();
    let header = |name: &str| delivery.header(name).map(str::to_owned);
    match hook.signing.verify(&secrets, &header, &delivery.body, world.clock.now()) {
        Ok(()) => {}
        Err(why @ (Unverified::Malformed | Unverified::Forged)) => return no(401, why.to_string()),
        Err(why @ Unverified::Stale) => return no(400, why.to_string()),
        Err(why @ Unverified::BadSecret) => return no(503, why.to_string()),
    }
    let Ok(payload) = body::json(&delivery.body) else {
        return no(400, "the body is no JSON");
    };
    if !hook.is_meant(&payload, delivery) {
        return Ok(("webhook-of-another-event", None));
    }
    let id = match &hook.id {
        IdPlan::Header(name) => delivery.header(name).map(str::to_owned),
        IdPlan::Field(path) => at(&payload, path).and_then(scalar),
    };
    let Some(id) = id.filter(|id| !id.is_empty() && id.len() <= 500) else {
        return no(400, "the event has no id, so it cannot be told from others");
    };
    let event = Received { flow: plan.flow.clone(), id: id.clone(), at: world.clock.now(), payload };
    match world.ledger.receive(&event) {
        Ok(true) => Ok(("webhook-received", Some(id))),
        Ok(false) => Ok(("webhook-known", Some(id))),
        Err(error) => no(503, format!("the event could not be kept, so send it again: {error}")),
    }
}

impl HookPlan {
    /// The delivery is of the event that the flow waits for, as far as the description tells them apart.
    fn is_meant(&self, payload: &Value, delivery: &Request) -> bool {
        self.tells.iter().all(|tell| {
            let said = match &tell.place {
                TellPlace::Header(name) => delivery.header(name).map(str::to_owned),
                TellPlace::Field(name) => payload.get(name).and_then(scalar),
            };
            said.is_none_or(|said| tell.values.contains(&said))
        })
    }
}

/// The path of an absolute URL or of a path with a query.
fn path_of(url: &str) -> &str {
    let path = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
    path.split(['?', '#']).next().unwrap_or(path)
}

fn plain(status: u16, because: &str) -> Response {
    Response {
        status,
        headers: vec![("content-type".to_owned(), "text/plain; charset=utf-8".to_owned())],
        body: Bytes::copy_from_slice(because.as_bytes()),
    }
}
