//! The one place where requests go out: authenticated, paced, traced, bounded in time; and where it is decided
//! whether another attempt helps.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokio::time::Instant;

use super::body::{self, Content, content};
use super::breaker::{Change, Leave};
use super::gate::Gate;
use super::retry::{self, Kind, LONGEST_WAIT};
use super::run::{Run, Stop};
use super::trace::{Said, Trace};
use super::{Call, Headers, Request, Requested, Response, TransportError, address, envelope};
use crate::base::text::quoted;
use crate::model::{Method, ParamIn};

/// Code of an answer that was not read to its end.
const TOO_LARGE: &str = "answer-too-large";

/// Which side of the flow a request goes to. Only a target has a breaker: a source that is down has nothing to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Records are read.
    Source,
    /// Records are found and written.
    Target,
}

/// A request before it is authenticated and traced.
#[derive(Debug)]
pub(super) struct Ask {
    /// operationId, for logs.
    pub id: String,
    /// Method.
    pub method: Method,
    /// Path template, for traces.
    pub path: String,
    /// Absolute URL without credential.
    pub url: String,
    /// Header names in lower case.
    pub headers: Headers,
    /// Body, empty for none.
    pub body: Bytes,
    /// The description promises JSON in return.
    pub promised: bool,
    /// It changes nothing, whatever its method says.
    pub reads: bool,
}

impl Ask {
    /// A request without a body.
    pub(super) fn read(call: &Call, url: String) -> Self {
        Self {
            id: call.id.clone(),
            method: call.method,
            path: call.path.clone(),
            url,
            headers: headers(call),
            body: Bytes::new(),
            promised: call.answers_json,
            reads: call.method.safe(),
        }
    }

    /// A search: a list that is read by POST.
    pub(super) fn search(call: &Call, url: String, body: Bytes) -> Self {
        Self { reads: true, ..Self::write(call, url, body) }
    }

    /// A GraphQL request; it reads, though its method is POST.
    pub(super) fn query(call: &Call, url: String, body: Bytes) -> Self {
        let mut headers = headers(call);
        for (name, value) in &mut headers {
            if name == "accept" && value == "application/json" {
                // GraphQL over HTTP, section 6.1; older servers know the second only.
                "application/graphql-response+json, application/json;q=0.9".clone_into(value);
            }
        }
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        let promised = call.answers_json;
        Self {
            id: call.id.clone(),
            method: call.method,
            path: String::new(),
            url,
            headers,
            body,
            promised,
            reads: true,
        }
    }

    /// A request with a record.
    pub(super) fn write(call: &Call, url: String, body: Bytes) -> Self {
        let mut headers = headers(call);
        headers.push(("content-type".to_owned(), call.content_type.clone()));
        Self {
            id: call.id.clone(),
            method: call.method,
            path: call.path.clone(),
            url,
            headers,
            body,
            promised: call.answers_json,
            reads: call.method.safe(),
        }
    }
}

impl Ask {
    /// The request as it leaves, but for what authenticates it.
    pub(super) fn request(self, run: &Run<'_>, gate: &Gate, trace: &mut Trace) -> Request {
        let said = Said {
            system: &gate.system,
            operation: &self.id,
            method: self.method,
            base: &gate.base_url,
            path: &self.path,
            url: &self.url,
        };
        let traceparent = trace.attempt(run, &said).traceparent;
        let Self { method, url, mut headers, body, .. } = self;
        headers.push(("traceparent".to_owned(), traceparent));
        headers.push(("x-correlation-id".to_owned(), trace.id.clone()));
        Request { method, url, headers, body }
    }
}

fn headers(call: &Call) -> Headers {
    let fixed = call.params.iter().filter(|p| p.place == ParamIn::Header);
    let mut headers: Headers = fixed.map(|p| (p.name.to_ascii_lowercase(), p.value.clone())).collect();
    if !headers.iter().any(|(n, _)| n == "accept") {
        headers.push(("accept".to_owned(), "application/json".to_owned()));
    }
    headers
}

/// Why an attempt brought nothing usable.
#[derive(Debug)]
pub(super) enum Miss {
    /// Another attempt may help.
    Again(Again),
    /// All attempts were made.
    Exhausted(Again),
    /// The same request would be refused again.
    Refused(Refused),
    /// The flow has to stop.
    Stop(Stop),
}

impl From<Stop> for Miss {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

/// An attempt after which another one may help.
#[derive(Debug)]
pub(super) struct Again {
    /// Kebab-case.
    pub code: &'static str,
    /// In words, masked.
    pub because: String,
    /// The server may have done it all the same.
    pub unknown: bool,
    /// How long the server asks to be left alone.
    pub wait: Option<Duration>,
    /// The server has too much to do: everybody with this credential waits, not this record alone.
    pub throttled: bool,
    /// It was sent to find out whether the target is back: it says nothing against the record.
    pub probe: bool,
    /// Status of the answer; 0 where there was none.
    pub status: u16,
}

impl Again {
    /// The server may have done it.
    pub(super) const fn unknown(code: &'static str, because: String) -> Self {
        Self { code, because, unknown: true, wait: None, throttled: false, probe: false, status: 0 }
    }
}

/// A refusal.
#[derive(Debug)]
pub(super) struct Refused {
    /// Status of the answer.
    pub status: u16,
    /// Kebab-case.
    pub code: &'static str,
    /// What the system says, quoted, bounded and masked.
    pub says: String,
    /// How long the server asks to be left alone, should the refusal be for now only.
    pub wait: Option<Duration>,
}

impl Refused {
    /// `status 422: no such tax`
    pub(super) fn words(&self) -> String {
        let Self { status, says, .. } = self;
        if *status == 0 {
            return says.clone();
        }
        if says.is_empty() { format!("status {status}") } else { format!("status {status}: {says}") }
    }
}

/// The attempts made for one thing.
#[derive(Debug, Default)]
pub(super) struct Tries {
    /// Attempts that failed.
    pub made: u32,
    throttled: u32,
}

/// One attempt, and a second one with a renewed credential where the first was answered 401, or by a success that says as
/// much: that one was not done.
pub(super) async fn attempt(run: &Run<'_>, side: Side, ask: &Ask, trace: &mut Trace) -> Result<Response, Miss> {
    let gate = run.gate(side);
    if address::strays(&ask.url, &ask.path) {
        let says = format!(
            "a value in {} is empty, or . or .., and would lead to another resource; nothing was sent",
            ask.path
        );
        return Err(Miss::Refused(Refused { status: 0, code: "unsafe-path-value", says, wait: None }));
    }
    let mut refused = None;
    loop {
        run.switched_on()?;
        let held = gate.credentials.current(run, gate, refused).await?;
        // Before the breaker's turn: who probes must not wait for those who wait for the probe.
        let place = gate.load.enter(run).await?;
        let leave = match side {
            Side::Target => gate.leave(run, ask.reads, trace.about()).await?,
            Side::Source => {
                gate.paced(run).await?;
                Leave::free()
            }
        };
        // Again, after what may have been a long wait: nothing goes out once the flow is off.
        run.switched_on()?;
        let mut headers = Vec::with_capacity(ask.headers.len() + 3);
        headers.extend_from_slice(&ask.headers);
        let said = Said {
            system: &gate.system,
            operation: &ask.id,
            method: ask.method,
            base: &gate.base_url,
            path: &ask.path,
            url: &ask.url,
        };
        if refused.is_some() {
            run.count_retry();
        }
        let attempt = trace.attempt(run, &said);
        headers.push(("traceparent".to_owned(), attempt.traceparent.clone()));
        headers.push(("x-correlation-id".to_owned(), trace.id.clone()));
        let mut request = Request { method: ask.method, url: ask.url.clone(), headers, body: ask.body.clone() };
        gate.sign(&mut request, &held.places);
        let sent = match send_once(run, gate, &ask.id, request).await {
            // Nobody knows what it did, and no record makes a target talk without end.
            Err(Miss::Refused(refused)) if side == Side::Target && refused.code == TOO_LARGE => {
                Err(Miss::Again(Again::unknown(TOO_LARGE, refused.says)))
            }
            sent => sent,
        };
        attempt.ended(&sent);
        match sent.as_ref().map(|response| retry::kind(response.status)) {
            Ok(Kind::Throttled) => {
                if let Some(most) = place.throttled() {
                    run.log("warn", "slowed", Some(&trace.id), json!({"system": gate.system, "at_once": most}));
                }
            }
            Ok(Kind::Success) => place.went_well(),
            _ => {}
        }
        drop(place);
        if side == Side::Target {
            note(run, gate, ask, &leave, &sent, trace.about());
        }
        let probe = leave.is_probe();
        drop(leave);
        let response = sent.map_err(|miss| as_probe(miss, probe))?;
        let kind = retry::kind(response.status);
        // What a success says of the credential is believed once; the second time whoever reads the answer ends the run.
        let inside = kind == Kind::Success && refused.is_none() && envelope::refuses_credential(&response.body);
        if kind == Kind::Unauthorized || inside {
            if refused.is_some() {
                return Err(Miss::Stop(Stop::new(
                    "auth-failed",
                    format!("{} answers 401 to a fresh credential", gate.system),
                )));
            }
            refused = Some(held.generation);
            run.log("warn", "unauthorized", Some(&trace.id), json!({"system": gate.system, "operation": ask.id}));
            continue;
        }
        return sorted(run, gate, response).map_err(|miss| as_probe(miss, probe));
    }
}

fn as_probe(miss: Miss, probe: bool) -> Miss {
    match miss {
        Miss::Again(again) => Miss::Again(Again { probe, ..again }),
        other => other,
    }
}

/// Tells the breaker what an attempt says about the target: not about the record.
fn note(run: &Run<'_>, gate: &Gate, ask: &Ask, leave: &Leave<'_>, sent: &Result<Response, Miss>, who: Option<&str>) {
    let down = match sent {
        Ok(response) => match retry::kind(response.status) {
            // Alive, and busy: the pause answers that.
            Kind::Throttled | Kind::NotDone => return,
            // A login or maintenance page under a status of success, or nothing at all where JSON is promised: whoever
            // answers, it is not the target.
            Kind::Success if body::is_page(response) || (ask.promised && body::is_void(response)) => true,
            kind => kind == Kind::Unknown,
        },
        Err(Miss::Again(_)) => true,
        Err(_) => return,
    };
    let breaker = gate.breaker(ask.reads);
    let change = if down { breaker.failed(run.plan.delivery.breaker, leave, who) } else { breaker.worked() };
    changed(run, gate, ask.reads, &change);
}

/// Tells the breaker that requests of this method have their effect, whatever was answered to them.
pub(super) fn works(run: &Run<'_>, gate: &Gate, method: Method) {
    changed(run, gate, method.safe(), &gate.breaker(method.safe()).worked());
}

fn changed(run: &Run<'_>, gate: &Gate, reads: bool, change: &Change) {
    let of = if reads { "reads" } else { "writes" };
    match change {
        Change::Opened => run.log("error", "breaker-opened", None, json!({"system": gate.system, "of": of})),
        Change::StillOpen { since } => {
            run.log(
                "warn",
                "breaker-probe-failed",
                None,
                json!({"system": gate.system, "of": of, "open_s": since.elapsed().as_secs()}),
            );
        }
        Change::Closed => run.log("info", "breaker-closed", None, json!({"system": gate.system, "of": of})),
        Change::None => {}
    }
}

/// Sends a request as it is and waits for the whole answer, at most as long as the contract allows.
pub(super) async fn send_once(run: &Run<'_>, gate: &Gate, operation: &str, request: Request) -> Result<Response, Miss> {
    if !gate.leads_to(&request.url) {
        return Err(Miss::Stop(Stop::new(
            "other-origin",
            format!(
                "a request for {} would have gone to another address than {}; nothing was sent",
                gate.system, gate.base_url
            ),
        )));
    }
    run.count_request();
    let limit = Duration::from_millis(run.plan.delivery.timeout_ms.max(1));
    let begun = Instant::now();
    let sent = tokio::time::timeout(limit, run.world.transport.send(&gate.system, request)).await;
    run.world.observer.requested(&Requested {
        flow: &run.plan.flow,
        system: &gate.system,
        operation,
        status: sent.as_ref().ok().and_then(|sent| sent.as_ref().ok()).map_or(0, |response| response.status),
        took: begun.elapsed(),
    });
    let error = match sent {
        Ok(Ok(response)) => {
            if let Some((left, wait)) = retry::left(&response, run.world.clock.now())
                && wait <= LONGEST_WAIT
            {
                match left {
                    0 => gate.pause(wait),
                    left => gate.load.left(left, Instant::now() + wait),
                }
            }
            return Ok(response);
        }
        Ok(Err(error)) => error,
        Err(_) => {
            return Err(Miss::Again(Again::unknown(
                "timeout",
                format!("no whole answer within {} ms", limit.as_millis()),
            )));
        }
    };
    let because = run.clean(&error.to_string());
    Err(match error {
        TransportError::Connect(_) => Miss::Again(Again { unknown: false, ..Again::unknown("no-connection", because) }),
        TransportError::Lost(_) => Miss::Again(Again::unknown("connection-lost", because)),
        TransportError::Tls(_) => Miss::Stop(Stop::new("tls-refused", format!("{}: {because}", gate.system))),
        TransportError::TooLarge { .. } => {
            Miss::Refused(Refused { status: 0, code: TOO_LARGE, says: because, wait: None })
        }
    })
}

/// Sorts an answer by its status: a success, or why it is none.
pub(super) fn sorted(run: &Run<'_>, gate: &Gate, response: Response) -> Result<Response, Miss> {
    let status = response.status;
    let kind = retry::kind(status);
    if kind == Kind::Success {
        return Ok(response);
    }
    let wait = retry::advised(&response, run.world.clock.now());
    let says = run.clean(&error_words(&response));
    let because = if says.is_empty() { format!("status {status}") } else { format!("status {status}: {says}") };
    let again = Again { unknown: false, wait, status, ..Again::unknown("refused-for-now", because.clone()) };
    Err(match kind {
        Kind::Success | Kind::Unauthorized | Kind::Refused => {
            if status == 403
                && let Some(stop) = scope_missing(gate, &response, &says)
            {
                return Err(Miss::Stop(stop));
            }
            if status == 403 && is_limit(run, &response, &says) {
                return Err(Miss::Again(Again { code: "rate-limited", throttled: true, ..again }));
            }
            Miss::Refused(Refused { status, code: "rejected-by-target", says, wait })
        }
        Kind::Redirect => {
            let to = response.header("location").and_then(address::origin).unwrap_or_else(|| "nowhere".to_owned());
            Miss::Stop(Stop::new(
                "redirect-refused",
                format!(
                    "{} redirects ({status}) to {}; set base_url to where the API is",
                    gate.system,
                    quoted(&to, 100)
                ),
            ))
        }
        Kind::Throttled => Miss::Again(Again { code: "rate-limited", throttled: true, ..again }),
        Kind::NotDone => Miss::Again(again),
        // A stored answer: it comes again for as long as the same key does, and another key would be another effect.
        Kind::Unknown if replayed(&response) => {
            Miss::Refused(Refused { status, code: "stored-error", says, wait: None })
        }
        Kind::Unknown => Miss::Again(Again { code: "server-error", unknown: true, throttled: wait.is_some(), ..again }),
    })
}

/// Why nobody waits: the server wants to be left alone for longer than a run sleeps.
pub(super) fn too_long(gate: &Gate, wait: Duration) -> Stop {
    let because = format!("{} asks to wait {} s; run again after that", gate.system, wait.as_secs());
    Stop::new("retry-after-too-long", because)
}

fn error_words(response: &Response) -> String {
    match content(response) {
        Content::Json(serde_json::Value::Object(map)) => envelope::says(&map),
        Content::Json(serde_json::Value::String(s)) => quoted(&s, envelope::SAID),
        Content::Other => quoted(&String::from_utf8_lossy(&response.body), envelope::SAID),
        _ => String::new(),
    }
}

/// Some tell of a limit by 403 (GitHub, "Rate limits for the REST API": with `retry-after`, or none remaining; Google, "Resolve
/// errors": `rateLimitExceeded`): it is for now, and not for good.
fn is_limit(run: &Run<'_>, response: &Response, says: &str) -> bool {
    let says = says.to_ascii_lowercase();
    let told = ["rate limit", "ratelimitexceeded", "rate_limit"].iter().any(|words| says.contains(words));
    let none_left = retry::left(response, run.world.clock.now()).is_some_and(|(left, _)| left == 0);
    told || none_left || response.header("retry-after").is_some()
}

/// The target says that this is the answer that it has stored for the idempotency key (Stripe; others by the name of the
/// key's own header).
fn replayed(response: &Response) -> bool {
    let says = |name: &str| response.header(name).is_some_and(|v| v.trim().eq_ignore_ascii_case("true"));
    says("idempotent-replayed") || says("idempotency-replayed")
}

/// RFC 6750 section 3.1: a token that works but may not do this; every further request would say so too.
fn scope_missing(gate: &Gate, response: &Response, says: &str) -> Option<Stop> {
    let challenge = response.header("www-authenticate").unwrap_or_default();
    if !challenge.contains("insufficient_scope") && !says.contains("insufficient_scope") {
        return None;
    }
    let scope = challenge.split_once("scope=\"").and_then(|(_, s)| s.split_once('"')).map_or("", |(s, _)| s);
    let named = if scope.is_empty() { "a scope".to_owned() } else { format!("the scope {}", quoted(scope, 100)) };
    Some(Stop::new(
        "scope-missing",
        format!("the credential for {} lacks {named}; ask for it in the contract's auth", gate.system),
    ))
}

/// Waits before another attempt, or says that there is none.
pub(super) async fn back_off(
    run: &Run<'_>,
    gate: &Gate,
    tries: &mut Tries,
    again: Again,
    trace: &mut Trace,
) -> Result<(), Miss> {
    let policy = &run.plan.delivery.retry;
    let advised = again.wait.filter(|w| policy.honor_retry_after && !w.is_zero());
    if let Some(wait) = advised
        && wait > LONGEST_WAIT
    {
        // Nobody else sends either, in this run or the next, until the time has come.
        gate.pause(wait);
        return Err(Miss::Stop(too_long(gate, wait)));
    }
    let attempts = policy.attempts.max(1);
    let made = if again.throttled {
        // Being told to wait is no fault of the record, so it has more patience; but not without end.
        tries.throttled += 1;
        if tries.throttled >= attempts.saturating_mul(8) {
            return Err(Miss::Stop(Stop::new(
                "rate-limited",
                format!("{} refused {} attempts at one request: {}", gate.system, tries.throttled, again.because),
            )));
        }
        tries.throttled
    } else if again.probe {
        // The breaker paces probes, and bounds them.
        run.count_retry();
        return Ok(());
    } else {
        tries.made += 1;
        if tries.made >= attempts {
            return Err(Miss::Exhausted(again));
        }
        tries.made
    };
    let wait = advised.unwrap_or_else(|| retry::backoff(policy, made, &mut trace.rng));
    run.log(
        "warn",
        "retry",
        Some(&trace.id),
        json!({
            "system": gate.system, "code": again.code, "because": again.because, "attempt": made,
            "wait_ms": u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        }),
    );
    run.waits(&gate.system, if advised.is_some() { "retry-after" } else { "backoff" }, wait);
    if again.throttled {
        gate.pause(wait);
    } else {
        run.sleep(wait).await?;
        while let Err(at) = run.budget.take() {
            run.sleep_until(at).await?;
        }
    }
    // Counted once it is to go out: who is stopped while waiting has tried nothing again.
    run.count_retry();
    Ok(())
}

/// Attempts a request that can be repeated without harm until `read` makes something of the answer.
pub(super) async fn repeat<T>(
    run: &Run<'_>,
    side: Side,
    ask: &Ask,
    tries: &mut Tries,
    trace: &mut Trace,
    read: impl Fn(Response) -> Result<T, Miss>,
) -> Result<T, Miss> {
    loop {
        match attempt(run, side, ask, trace).await.and_then(&read) {
            Err(Miss::Again(again)) => back_off(run, run.gate(side), tries, again, trace).await?,
            other => return other,
        }
    }
}

/// What an error told inside a success means for the request.
pub(super) fn from_envelope(run: &Run<'_>, gate: &Gate, response: &Response, found: envelope::Envelope) -> Miss {
    let wait = retry::advised(response, run.world.clock.now());
    let says = run.clean(&found.says);
    let because = format!("status {} with an error inside: {says}", response.status);
    match found.kind {
        envelope::Kind::Throttled => Miss::Again(Again {
            code: "rate-limited",
            because,
            unknown: false,
            wait,
            throttled: true,
            probe: false,
            status: response.status,
        }),
        envelope::Kind::Transient => {
            Miss::Again(Again { wait, status: response.status, ..Again::unknown("error-envelope", because) })
        }
        envelope::Kind::Unauthorized => {
            Miss::Stop(Stop::new("auth-failed", format!("{} does not accept the credential: {says}", gate.system)))
        }
        envelope::Kind::Refused => {
            Miss::Refused(Refused { status: response.status, code: "error-envelope", says, wait: None })
        }
    }
}
