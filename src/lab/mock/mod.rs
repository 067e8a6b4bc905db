//! A stateful system derived from a description: it keeps records, pages, searches, checks bodies and credentials, and
//! remembers all it saw. A pure state machine: the same requests at the same times get the same answers.

mod asked;
mod auth;
mod blueprint;
mod body;
mod bulk;
mod collection;
mod effect;
mod errors;
mod feed;
mod field;
mod graph;
mod lag;
mod limits;
mod pages;
mod parameters;
mod prefer;
mod read;
mod routes;
mod seed;
pub(crate) mod url;
mod write;

pub(crate) use asked::asked_of;
pub use auth::Credentials;
pub use blueprint::{Blueprint, Kind};
pub(crate) use blueprint::{dig, put};
pub(in crate::lab) use body::sent;
pub use collection::{Collection, compare};
pub use effect::{Effect, Quirk, Seen};
pub(crate) use feed::{LINK_PARAM, is_feed_token};
pub use routes::Match;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;

use self::auth::{Auth, Denied};
use self::errors::Refusal;
use self::lag::Lag;
use self::limits::Limits;
use self::parameters::bad_parameter;
use crate::base::clock::Timestamp;
use crate::base::rng::Rng;
use crate::connector::{FeedPlan, Request, Response};
use crate::model::{Action, Method, Operation, System};

/// How a mock behaves where the description leaves it open.
#[derive(Debug, Clone)]
pub struct MockOptions {
    /// Which credentials it takes.
    pub credentials: Credentials,
    /// Records on a page where the request does not say.
    pub page_size: u64,
    /// Records on a page at most, whatever the request says.
    pub page_cap: Option<u64>,
    /// How long an issued token lives, in milliseconds.
    pub token_ttl_ms: i64,
    /// How long an idempotency key is remembered, in milliseconds.
    pub key_ttl_ms: i64,
    /// The number from which seeded keys count up.
    pub first_serial: u64,
    /// When the first seeded record was made.
    pub seeded_from: Timestamp,
    /// Hours, and not seconds alone, may lie between one seeded record and the next.
    pub seeded_apart: bool,
    /// What the server's own clock shows more than the true time, in milliseconds.
    pub clock_off_ms: i64,
    /// The field that orders changes, by entity, where the description does not say.
    pub change_field: BTreeMap<String, String>,
    /// How changes are followed by a token, by entity, where the description does not say.
    pub feed: BTreeMap<String, FeedPlan>,
    /// How many requests the journal keeps; the oldest go first.
    pub journal: usize,
    /// Keeps to the rate limits that the description states.
    pub limits: bool,
    /// How long lists and searches show what was there before a write, in milliseconds; 0: not at all.
    pub lag_ms: i64,
}

impl Default for MockOptions {
    fn default() -> Self {
        Self {
            credentials: Credentials::Any,
            page_size: 10,
            page_cap: None,
            token_ttl_ms: 30 * 60 * 1000,
            key_ttl_ms: 24 * 3600 * 1000,
            first_serial: 1,
            seeded_from: Timestamp(1_790_000_000_000),
            seeded_apart: false,
            clock_off_ms: 0,
            change_field: BTreeMap::new(),
            feed: BTreeMap::new(),
            journal: 10_000,
            limits: false,
            lag_ms: 0,
        }
    }
}

#[derive(Debug, Clone)]
struct Replay {
    at: Timestamp,
    body: Vec<u8>,
    response: Response,
}

/// A system made up from its description.
#[derive(Debug, Clone)]
pub struct MockSystem {
    blueprint: Arc<Blueprint>,
    options: MockOptions,
    collections: BTreeMap<String, Collection>,
    replays: BTreeMap<(usize, String), Replay>,
    auth: Auth,
    rng: Rng,
    serial: u64,
    seeded_to: Timestamp,
    seen: std::collections::VecDeque<Seen>,
    bent: bool,
    limits: Limits,
    lag: Lag,
}

impl MockSystem {
    /// A mock of the system, empty.
    #[must_use]
    pub fn new(system: Arc<System>, seed: u64, options: MockOptions) -> Self {
        Self::of(Blueprint::of(system), seed, options)
    }

    /// The same, from what was derived before.
    #[must_use]
    pub fn of(blueprint: Arc<Blueprint>, seed: u64, options: MockOptions) -> Self {
        let rng = Rng::seeded(seed).fork("mock");
        let auth = Auth::new(options.credentials.clone(), options.token_ttl_ms, rng.fork("tokens"));
        let (seeded_to, serial) = (options.seeded_from, options.first_serial);
        Self {
            blueprint,
            options,
            collections: BTreeMap::new(),
            replays: BTreeMap::new(),
            auth,
            rng,
            serial,
            seeded_to,
            seen: std::collections::VecDeque::new(),
            bent: false,
            limits: Limits::default(),
            lag: Lag::default(),
        }
    }

    /// What it was derived from.
    #[must_use]
    pub const fn blueprint(&self) -> &Arc<Blueprint> {
        &self.blueprint
    }

    /// The records of one kind; nothing where none were ever kept.
    #[must_use]
    pub fn collection(&self, entity: &str) -> Option<&Collection> {
        self.collections.get(entity)
    }

    /// Everything it saw, oldest first.
    pub fn seen(&self) -> impl Iterator<Item = &Seen> {
        self.seen.iter()
    }

    /// Makes `n` records that fit the schema, and keeps them. Returns them in the order of making. An unknown entity
    /// gets none.
    pub fn seed_records(&mut self, entity: &str, n: usize, rng: &mut Rng) -> Vec<Value> {
        let records = self.draw_records(entity, n, rng);
        for record in &records {
            self.keep(entity, record.clone());
        }
        records
    }

    /// Makes records as [`MockSystem::seed_records`] does, without keeping them. None, where none could fit the schema:
    /// [`Blueprint::no_record`] tells why.
    pub fn draw_records(&mut self, entity: &str, n: usize, rng: &mut Rng) -> Vec<Value> {
        let blueprint = Arc::clone(&self.blueprint);
        let Some(kind) = blueprint.kinds.get(entity).filter(|_| blueprint.no_record(entity).is_none()) else {
            return Vec::new();
        };
        let mut seeder = seed::Seeder {
            blueprint: &blueprint,
            kind,
            at: self.seeded_to,
            serial: self.serial,
            apart: self.options.seeded_apart,
        };
        let records = (0..n).map(|_| seeder.next(rng)).collect();
        (self.seeded_to, self.serial) = (seeder.at, seeder.serial);
        records
    }

    /// Goes on counting keys and times where another mock of the same system has stopped.
    pub(crate) const fn go_on_from(&mut self, other: &Self) {
        self.serial = other.serial;
        self.seeded_to = other.seeded_to;
    }

    /// Keeps a record under its key, replacing the one that was there.
    pub fn keep(&mut self, entity: &str, record: Value) {
        let Some(kind) = self.blueprint.kinds.get(entity) else { return };
        if let Some(key) = record.get(&kind.key).map(text_of) {
            self.collections.entry(entity.to_owned()).or_default().put(&key, record);
        }
    }

    /// What the server's clock shows more than the true time from now on, in milliseconds.
    pub(crate) const fn set_clock_off(&mut self, ms: i64) {
        self.options.clock_off_ms = ms;
    }

    /// Removes the record at this place in the order of making, and gives it; the last one where there are fewer.
    pub fn take(&mut self, entity: &str, at: usize) -> Option<Value> {
        let collection = self.collections.get_mut(entity)?;
        let key = collection.iter().map(|(key, _)| key.to_owned()).take(at + 1).last()?;
        collection.remove(&key)
    }

    /// Forgets a record, as if somebody had deleted it. False where there is none of this key.
    pub fn forget(&mut self, entity: &str, key: &str) -> bool {
        self.collections.get_mut(entity).and_then(|c| c.remove(key)).is_some()
    }

    /// Keeps what a request writes; lists show it when they have caught up.
    fn write(&mut self, kind: &str, key: &str, record: Value, now: Timestamp) {
        let collection = self.collections.entry(kind.to_owned()).or_default();
        if self.options.lag_ms > 0 {
            self.lag.writes(kind, key, collection.get(key), now.plus_ms(self.options.lag_ms));
        }
        collection.put(key, record);
    }

    /// Every token handed out so far is refused from now on. Tells how many were still good.
    pub fn revoke_tokens(&mut self, now: Timestamp) -> usize {
        self.auth.revoke(now)
    }

    /// From now on it takes these credentials and no others; tokens handed out so far are refused.
    pub fn take_only(&mut self, credentials: Vec<String>, now: Timestamp) {
        self.auth.take_only(credentials);
        self.auth.revoke(now);
    }

    /// Answers a request.
    pub fn handle(&mut self, request: &Request, now: Timestamp) -> Response {
        self.handle_bent(request, now, None).0
    }

    /// Answers a request, in an unkind way where asked for. Tells also what it did, and whether the quirk made a
    /// difference.
    pub fn handle_bent(&mut self, request: &Request, now: Timestamp, quirk: Option<Quirk>) -> (Response, Effect, bool) {
        self.bent = false;
        let blueprint = Arc::clone(&self.blueprint);
        let path = url::path_of(&request.url);
        let mut operation = None;
        let (mut response, effect) = if request.method == Method::Post && blueprint.is_token_path(path) {
            self.token(request, now)
        } else if blueprint.is_graph() {
            let (response, effect, id) = self.graph(&blueprint, request, now, quirk);
            operation = id;
            (response, effect)
        } else {
            match blueprint.find(request.method, &request.url) {
                Match::Nowhere => refuse(&blueprint, None, 404, "unknown-route", blueprint.nowhere(path)),
                Match::WrongMethod(known) => {
                    let known = known.iter().map(|m| m.as_str()).collect::<Vec<_>>().join(", ");
                    let because = format!("{path} takes {known}");
                    let (mut response, effect) = refuse(&blueprint, None, 405, "wrong-method", because);
                    response.headers.push(("allow".to_owned(), known));
                    (response, effect)
                }
                Match::Found(index, params) => {
                    let op = &blueprint.system.operations[index];
                    operation = (self.options.journal > 0).then(|| op.id.clone());
                    let query = url::query_of(&request.url);
                    self.operation(&Call { blueprint: &blueprint, index, op, params, query, request, now, quirk })
                }
            }
        };
        let server_time = now.plus_ms(self.options.clock_off_ms);
        response.headers.push(("date".to_owned(), http_date(server_time)));
        if self.options.journal > 0 {
            if self.seen.len() >= self.options.journal {
                self.seen.pop_front();
            }
            self.seen.push_back(Seen {
                at: now,
                request: request.clone(),
                operation,
                effect: effect.clone(),
                response: response.clone(),
            });
        }
        (response, effect, self.bent)
    }

    fn token(&mut self, request: &Request, now: Timestamp) -> (Response, Effect) {
        let (status, answer, tokens) = self.auth.issue(&self.blueprint.system, request, now);
        let mut response = json_response(status, "application/json", &answer);
        // RFC 6749 section 5.1: a token is not for caches.
        response.headers.push(("cache-control".to_owned(), "no-store".to_owned()));
        (response, if tokens.is_empty() { Effect::Nothing } else { Effect::Issued { tokens } })
    }

    /// Why a request is not let in, as an answer; nothing where it is.
    fn denied(&self, call: &Call<'_>) -> Option<(Response, Effect)> {
        let system = &call.blueprint.system;
        let denied = self.auth.check(system, call.op, call.request, call.now).err()?;
        let (refusal, challenge) = match denied {
            Denied::Missing => {
                (Refusal::new(401, "unauthorized", "no credential was sent"), "Bearer realm=\"mock\"".to_owned())
            }
            Denied::Invalid => (
                Refusal::new(401, "unauthorized", "the credential is wrong, expired or revoked"),
                "Bearer error=\"invalid_token\"".to_owned(),
            ),
            Denied::Scope(lacking) => {
                let scopes = lacking.join(" ");
                let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scopes}\"");
                (Refusal::new(403, "insufficient-scope", format!("the token lacks {scopes}")), challenge)
            }
        };
        let mut response =
            if call.op.root_field.is_some() { graph::refusal(&refusal) } else { refusal.answer(system, Some(call.op)) };
        response.headers.push(("www-authenticate".to_owned(), challenge));
        Some((response, Effect::Nothing))
    }

    fn operation(&mut self, call: &Call<'_>) -> (Response, Effect) {
        if let Some(denied) = self.denied(call) {
            return denied;
        }
        let left = if self.options.limits { self.limits.take(call) } else { None };
        let mut answered = match left {
            Some(Err(left)) => left.refuse(call),
            _ => self.answered(call),
        };
        if let Some(Ok(left) | Err(left)) = left {
            left.tell(call, &mut answered.0);
        }
        answered
    }

    /// The answer to a request that was let in.
    fn answered(&mut self, call: &Call<'_>) -> (Response, Effect) {
        let system = &call.blueprint.system;
        // A GraphQL request has variables there; what its query asks for is told by its body alone.
        let asked = if call.op.root_field.is_some() { url::query_of(&call.request.url) } else { Vec::new() };
        let query = if call.op.root_field.is_some() { &asked } else { &call.query };
        if let Some(because) = bad_parameter(system, call.op, call.request, query) {
            return call.refuse(400, "bad-request", because);
        }
        let status = prefer::code(call.request);
        if let Some(name) = prefer::example(call.request) {
            return prefer::shown(call, status, &name);
        }
        if let Some(status) = status {
            return prefer::answer(call, status);
        }
        if let Some(because) = call.blueprint.never(call.index) {
            return call.refuse(501, "unsatisfiable-schema", because);
        }
        match call.op.action {
            Action::List | Action::Search => self.list(call),
            Action::Get => self.get(call),
            Action::Create => self.create(call),
            Action::Update => self.update(call, false),
            Action::Upsert => self.update(call, true),
            Action::Delete => self.delete(call),
            Action::Other => {
                if let Some(bulk) = call.op.bulk(&call.blueprint.system.schemas) {
                    return self.bulk(call, &bulk);
                }
                let shape = call.blueprint.shape(call.index);
                (call.success(None, &shape.template), Effect::Nothing)
            }
        }
    }
}

/// One request that has found its operation.
struct Call<'a> {
    blueprint: &'a Blueprint,
    index: usize,
    op: &'a Operation,
    params: Vec<(&'a str, String)>,
    /// Pairs of the query, or variables of a GraphQL request by dotted name.
    query: Vec<(String, String)>,
    request: &'a Request,
    now: Timestamp,
    quirk: Option<Quirk>,
}

impl Call<'_> {
    fn kind(&self) -> Option<&Kind> {
        self.blueprint.kinds.get(self.op.entity.as_deref()?)
    }

    fn refuse(&self, status: u16, code: &str, because: impl Into<String>) -> (Response, Effect) {
        refuse(self.blueprint, Some(self.op), status, code, because)
    }

    /// The documented success with this body; `status` where another documented one fits better.
    fn success(&self, status: Option<u16>, body: &Value) -> Response {
        let documented = status.filter(|s| self.op.responses.iter().any(|r| r.status == s.to_string()));
        let success = self.op.success();
        let status = documented.unwrap_or_else(|| {
            let stated = success.and_then(|r| r.status.parse().ok());
            stated.unwrap_or(if self.op.action == Action::Create { 201 } else { 200 })
        });
        let content_type = success.map(|r| r.content_type.as_str()).filter(|t| t.contains("json"));
        if status == 204 || (success.is_some_and(|r| r.schema.is_none()) && body.is_null()) {
            return Response { status, headers: Vec::new(), body: bytes::Bytes::new() };
        }
        json_response(status, content_type.unwrap_or("application/json"), body)
    }
}

fn refuse(
    blueprint: &Blueprint,
    op: Option<&Operation>,
    status: u16,
    code: &str,
    because: impl Into<String>,
) -> (Response, Effect) {
    (Refusal::new(status, code, because).answer(&blueprint.system, op), Effect::Nothing)
}

fn json_response(status: u16, content_type: &str, body: &Value) -> Response {
    Response {
        status,
        headers: vec![("content-type".to_owned(), content_type.to_owned())],
        body: body.to_string().into(),
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7).
pub(crate) fn http_date(at: Timestamp) -> String {
    // The last second that has four digits for its year.
    const LAST: u64 = 253_402_300_799;
    match u64::try_from(at.0.div_euclid(1000)) {
        Ok(seconds @ ..=LAST) => httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds)),
        _ => String::new(),
    }
}

/// A key or a value as text, without the quotes of JSON.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}

/// The documented 409 that says so: this idempotency key is still being worked on.
pub(crate) fn key_in_progress(system: &System, op: &Operation) -> Response {
    Refusal::new(409, "key-in-progress", "a request with this key is still in progress").answer(system, Some(op))
}

/// The documented 422 that says so: this idempotency key was used with another body.
pub(crate) fn key_reused(system: &System, op: &Operation) -> Response {
    let says = "this idempotency key was used with another body";
    Refusal::new(422, "idempotency-key-reused", says).answer(system, Some(op))
}
