//! One request at a time: authentication, timeout, retries, waits.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use platform_integration::base::ids;
use platform_integration::base::secret::{Secret, SecretRef};
use platform_integration::connector::{AuthPlan, Call, Plan, Request, Response, TransportError, World};
use platform_integration::model::{Method, ParamIn};
use serde_json::{Value, json};

use super::bug::Bug;

/// Why there is no usable answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Out of attempts, or of sense to try again. Whether the server did it is not known.
    Exhausted(String),
    /// The server does not want this request.
    Refused(u16, String),
    /// It was asked to stop.
    Stopped,
}

pub(crate) struct Wire<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) world: &'a World,
    pub(crate) bug: Bug,
    tokens: BTreeMap<String, String>,
    /// The refresh token that is not kept yet, with the place for it.
    unkept: Option<(SecretRef, Secret)>,
    pub(crate) requests: u64,
    pub(crate) retries: u64,
    /// Why nothing more is sent.
    pub(crate) stop: Option<String>,
    /// When the target may be asked again, by the contract's rate.
    next: Option<tokio::time::Instant>,
}

/// What is to be sent, before authentication.
pub(crate) struct Ask<'a> {
    pub(crate) call: &'a Call,
    pub(crate) path: &'a [(&'a str, &'a str)],
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Option<&'a Value>,
    pub(crate) key: Option<(&'a str, String)>,
    pub(crate) trace: &'a str,
    /// Absolute URL in place of the call's own, from a link.
    pub(crate) url: Option<String>,
    /// One attempt only, the one of this number; its wait is slept before the failure is told.
    pub(crate) only: Option<u32>,
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

impl<'a> Wire<'a> {
    pub(crate) fn new(plan: &'a Plan, world: &'a World, bug: Bug) -> Self {
        Self {
            plan,
            world,
            bug,
            tokens: BTreeMap::new(),
            unkept: None,
            requests: 0,
            retries: 0,
            stop: None,
            next: None,
        }
    }

    /// Sends until there is a good answer whose body is JSON, or no sense in going on.
    pub(crate) async fn json(&mut self, system: &str, ask: &Ask<'_>) -> Result<Value, Failure> {
        let retry = &self.plan.delivery.retry;
        let mut attempt = ask.only.map_or(0, |n| n - 1);
        let mut refreshed = false;
        let mut other_key = None;
        loop {
            if let Some(why) = &self.stop {
                return Err(Failure::Exhausted(why.clone()));
            }
            if !matches!(self.bug, Bug::IgnoresPause | Bug::PauseReadOnce)
                && self.world.ledger.paused(&self.plan.flow).is_ok_and(|off| off.is_some())
            {
                self.stop = Some("its flow is off".to_owned());
                continue;
            }
            attempt += 1;
            let mut request = self.request(system, ask).await?;
            if self.bug == Bug::NewKeyAtLast && attempt >= retry.attempts {
                other_key = Some("last".to_owned());
            }
            if let (Some((header, key)), Some(other)) = (&ask.key, &other_key) {
                set(&mut request, &header.to_lowercase(), format!("{key}-{other}"));
            }
            if self.bug == Bug::NewTracePerAttempt {
                let trace = ids::trace_id(&mut self.world.rng.lock().unwrap());
                set(&mut request, "traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
            }
            if self.bug == Bug::NewKeyPerAttempt
                && let Some((header, key)) = &ask.key
            {
                set(&mut request, &header.to_lowercase(), format!("{key}-{attempt}-{}", self.requests));
            }
            if self.bug == Bug::LogsToken {
                self.world.observer.log(json!({"event": "request", "headers": format!("{:?}", request.headers)}));
            }
            if let Some(token) = request.header("authorization").and_then(|v| v.split(' ').nth(1)) {
                if self.bug == Bug::LogsHalfToken {
                    self.world.observer.log(json!({"event": "request", "token": format!("{:.17}...", token)}));
                }
                if self.bug == Bug::LogsEncodedToken {
                    let all = base64::engine::general_purpose::STANDARD.encode(format!("token:{token}"));
                    self.world.observer.log(json!({"event": "request", "context": all}));
                }
            }
            self.paced(system).await?;
            let answer = self.send(system, request).await;
            if let Some(why) = &self.stop {
                return Err(Failure::Exhausted(why.clone()));
            }
            if let (Bug::LogsErrorBody, Ok(r)) = (self.bug, &answer)
                && r.status >= 400
            {
                let body = String::from_utf8_lossy(&r.body).into_owned();
                self.world.observer.log(json!({"event": "error", "status": r.status, "body": body}));
            }
            let mut wait = None;
            let because = match answer {
                Ok(r) if (200..300).contains(&r.status) => {
                    if r.body.is_empty() {
                        return Ok(Value::Null);
                    }
                    let blind = matches!(self.bug, Bug::EnvelopeIsSuccess | Bug::EnvelopeIsEmpty | Bug::SwallowsErrors);
                    match serde_json::from_slice::<Value>(&r.body) {
                        Ok(value) if !blind && (value["ok"] == false || value["success"] == false) => {
                            format!("an error inside a success: {}", value["error"])
                        }
                        Ok(value) => return Ok(value),
                        Err(_) if self.bug == Bug::GarbageIsEmpty => return Ok(Value::Null),
                        Err(_) if self.bug == Bug::AnySuccess && ask.body.is_some() => return Ok(Value::Null),
                        Err(e) => format!("the answer does not parse: {e}"),
                    }
                }
                Ok(r) if r.status == 401 && self.bug == Bug::Retries401 => format!("status {}", r.status),
                Ok(r) if r.status == 401 && !refreshed && self.bug != Bug::NoRefresh => {
                    refreshed = true;
                    self.tokens.remove(system);
                    let auth =
                        if system == self.plan.source.system { &self.plan.source.auth } else { &self.plan.target.auth };
                    if self.bug == Bug::Stampede && matches!(auth, AuthPlan::ClientCredentials { .. }) {
                        for _ in 0..3 {
                            self.token(system, auth).await?;
                            self.tokens.remove(system);
                        }
                    }
                    attempt -= 1;
                    continue;
                }
                Ok(r) if r.status == 401 && refreshed && self.bug != Bug::RefreshesInVain => {
                    self.stop = Some(format!("{system} takes no token, however new"));
                    continue;
                }
                Ok(r)
                    if r.status == 429 || r.status >= 500 || (r.status == 409 && r.header("retry-after").is_some()) =>
                {
                    wait = self.told(&r);
                    if wait.is_some_and(|w| w > Duration::from_secs(900)) && self.bug != Bug::SleepsWithoutWord {
                        self.stop = Some(format!("{system} asks to wait {} s", wait.unwrap_or_default().as_secs()));
                        continue;
                    }
                    format!("status {}", r.status)
                }
                Ok(r) if self.bug == Bug::NewKeyOnConflict && matches!(r.status, 409 | 422) && other_key.is_none() => {
                    other_key = Some("other".to_owned());
                    continue;
                }
                Ok(r) if r.status == 403 && r.header("www-authenticate").is_some() => {
                    let challenge = r.header("www-authenticate").unwrap_or_default();
                    let named = if self.bug == Bug::ScopeUnnamed { "forbidden" } else { challenge };
                    self.stop = Some(format!("{system} answers 403: {named}"));
                    continue;
                }
                Ok(r) if self.bug == Bug::RetriesClientErrors && r.status < 500 && r.status >= 400 => {
                    format!("status {}", r.status)
                }
                Ok(r) => return Err(Failure::Refused(r.status, format!("status {}", r.status))),
                Err(e) if self.bug == Bug::DnsIsFinal && e.contains("dns") => return Err(Failure::Exhausted(e)),
                Err(e) => e,
            };
            let most = match self.bug {
                Bug::OneAttempt => 1,
                Bug::RetriesInLayers => retry.attempts * retry.attempts,
                Bug::RetriesForEver | Bug::RetriesClientErrors => u32::MAX,
                _ => retry.attempts,
            };
            if attempt >= most && ask.only.is_none() {
                return Err(Failure::Exhausted(because));
            }
            self.retries += 1;
            let bound = retry.base_ms.saturating_mul(1 << (attempt - 1).min(20)).min(retry.cap_ms);
            let own = match self.bug {
                Bug::NoJitter => bound,
                Bug::SleepsAnHour => 3_600_000,
                _ => self.world.rng.lock().unwrap().between(0, bound),
            };
            match (self.bug, wait) {
                (Bug::RetriesAtOnce, _) => {}
                (Bug::IgnoresRetryAfter, _) | (_, None) => self.sleep(Duration::from_millis(own)).await?,
                (_, Some(wait)) => self.sleep(wait).await?,
            }
            if ask.only.is_some() {
                return Err(Failure::Exhausted(because));
            }
        }
    }

    /// Keeps what was to be kept at the end.
    pub(crate) fn ends(&mut self) {
        if let Some((place, newest)) = self.unkept.take() {
            let _ = self.world.secrets.keep(&place, &newest);
        }
    }

    /// The same request so many times at once; what comes of it is not looked at.
    pub(crate) async fn ask_at_once(&mut self, system: &str, ask: &Ask<'_>, times: usize) {
        let Ok(request) = self.request(system, ask).await else { return };
        let sent = (0..times).map(|_| self.world.transport.send(system, request.clone()));
        futures::future::join_all(sent).await;
    }

    /// Sleeps, unless it is asked to stop.
    async fn sleep(&self, wait: Duration) -> Result<(), Failure> {
        let stop = async {
            if self.bug == Bug::IgnoresStop {
                std::future::pending::<()>().await;
            }
            self.world.stop.cancelled().await;
        };
        tokio::select! {
            biased;
            () = stop => Err(Failure::Stopped),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }

    /// Waits until the contract's rate lets another request to the target leave.
    async fn paced(&mut self, system: &str) -> Result<(), Failure> {
        let Some(rate) = self.plan.delivery.rate.as_ref().map(|r| r.value) else { return Ok(()) };
        if system != self.plan.target.system || self.bug == Bug::IgnoresRate {
            return Ok(());
        }
        let now = tokio::time::Instant::now();
        let at = self.next.unwrap_or(now).max(now);
        self.next = Some(at + Duration::from_millis(rate.window_ms / rate.requests.max(1)));
        if at > now { self.sleep(at - now).await } else { Ok(()) }
    }

    /// How long the server wants us to wait.
    fn told(&self, r: &Response) -> Option<Duration> {
        let Some(text) = r.header("retry-after") else {
            return if self.bug == Bug::IgnoresReset { None } else { reset(r) };
        };
        if self.bug == Bug::WrapsNegative
            && let Ok(seconds) = text.parse::<i64>()
        {
            return Some(Duration::from_secs(seconds.cast_unsigned().min(1 << 40)));
        }
        if let Ok(seconds) = text.parse::<u64>() {
            return Some(Duration::from_secs(seconds));
        }
        if self.bug == Bug::SecondsOnly {
            return Some(Duration::ZERO);
        }
        let until = httpdate::parse_http_date(text).ok()?;
        let now = if self.bug == Bug::OwnClock {
            let ms = u64::try_from(self.world.clock.now().0).unwrap();
            std::time::UNIX_EPOCH + Duration::from_millis(ms)
        } else {
            httpdate::parse_http_date(r.header("date")?).ok()?
        };
        Some(until.duration_since(now).unwrap_or_default())
    }

    async fn send(&mut self, system: &str, request: Request) -> Result<Response, String> {
        self.requests += 1;
        let sent = self.world.transport.send(system, request.clone());
        let limit = match self.bug {
            Bug::NoTimeout => Duration::from_secs(1 << 40),
            Bug::TooShortTimeout => Duration::from_secs(1),
            _ => Duration::from_millis(self.plan.delivery.timeout_ms),
        };
        let answer = match tokio::time::timeout(limit, sent).await {
            Err(_) => return Err("timed out".to_owned()),
            Ok(Err(TransportError::Tls(e))) => {
                if self.bug != Bug::RetriesTls {
                    self.stop = Some(format!("{system}: {e}"));
                }
                return Err(e);
            }
            Ok(Err(TransportError::TooLarge { .. })) if self.bug == Bug::TooLargeIsEmpty => {
                Response { status: 200, headers: Vec::new(), body: "null".into() }
            }
            Ok(Err(e)) => return Err(e.to_string()),
            Ok(Ok(answer)) => answer,
        };
        if self.bug == Bug::FollowsWithoutCredential
            && (300..400).contains(&answer.status)
            && let Some(location) = answer.header("location")
        {
            let headers =
                request.headers.into_iter().filter(|(n, _)| n == "content-type" || n == "traceparent").collect();
            let followed = Request { url: location.to_owned(), headers, ..request };
            return self.world.transport.send(system, followed).await.map_err(|e| e.to_string());
        }
        let left = ["ratelimit-remaining", "x-ratelimit-remaining", "x-rate-limit-remaining"];
        let none = left.iter().any(|n| answer.header(n) == Some("0"))
            || answer.header("ratelimit").is_some_and(|f| f.contains("r=0"));
        if none
            && answer.status < 300
            && self.bug != Bug::IgnoresRemaining
            && let Some(wait) = reset(&answer)
        {
            tokio::time::sleep(wait).await;
        }
        if self.bug == Bug::FollowsRedirects
            && (300..400).contains(&answer.status)
            && let Some(location) = answer.header("location")
        {
            let followed = Request { url: location.to_owned(), ..request };
            return self.world.transport.send(system, followed).await.map_err(|e| e.to_string());
        }
        Ok(answer)
    }

    async fn request(&mut self, system: &str, ask: &Ask<'_>) -> Result<Request, Failure> {
        let source = system == self.plan.source.system;
        let base = if source { &self.plan.source.base_url } else { &self.plan.target.base_url };
        let auth = if source { &self.plan.source.auth } else { &self.plan.target.auth };
        let mut path = ask.call.path.clone();
        for (name, value) in ask.path {
            let value = if self.bug == Bug::KeyUnencoded { (*value).to_owned() } else { encode(value) };
            path = path.replace(&format!("{{{name}}}"), &value);
        }
        let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
        if self.bug != Bug::NoTraceparent {
            let span = ids::span_id(&mut self.world.rng.lock().unwrap());
            headers.push(("traceparent".to_owned(), format!("00-{}-{span}-01", ask.trace)));
        }
        let mut query = ask.query.clone();
        for p in &ask.call.params {
            match p.place {
                ParamIn::Header => headers.push((p.name.to_lowercase(), p.value.clone())),
                _ => query.push((p.name.clone(), p.value.clone())),
            }
        }
        let secret = |r| self.world.secrets.resolve(r).unwrap().expose().to_owned();
        match auth {
            AuthPlan::None => {}
            AuthPlan::Bearer(r) if self.bug == Bug::TokenInQuery => {
                query.push(("access_token".to_owned(), secret(r)));
                headers.push(("authorization".to_owned(), format!("Bearer {}", secret(r))));
            }
            AuthPlan::Bearer(r) => headers.push(("authorization".to_owned(), format!("Bearer {}", secret(r)))),
            AuthPlan::HeaderKey { name, secret: r } => headers.push((name.to_lowercase(), secret(r))),
            AuthPlan::QueryKey { name, secret: r } => query.push((name.clone(), secret(r))),
            AuthPlan::Basic { username, password } => {
                let pair = format!("{}:{}", secret(username), password.as_ref().map(secret).unwrap_or_default());
                let pair = base64::engine::general_purpose::STANDARD.encode(pair);
                headers.push(("authorization".to_owned(), format!("Basic {pair}")));
            }
            AuthPlan::ClientCredentials { .. } | AuthPlan::RefreshToken { .. } => {
                let token = self.token(system, auth).await?;
                headers.push(("authorization".to_owned(), format!("Bearer {token}")));
            }
            other => panic!("this connector does not know {other:?}"),
        }
        if let Some((_, shown)) = headers.iter().find(|(n, _)| self.bug == Bug::TokenInBaggage && n == "authorization")
        {
            headers.push(("baggage".to_owned(), format!("caller={shown}")));
        }
        let value = |v: &str| if self.bug == Bug::KeyUnencoded { v.to_owned() } else { encode(v) };
        let query: Vec<String> = query.iter().map(|(n, v)| format!("{}={}", encode(n), value(v))).collect();
        let url = match &ask.url {
            Some(url) => url.clone(),
            None if query.is_empty() => format!("{base}{path}"),
            None => format!("{base}{path}?{}", query.join("&")),
        };
        let mut body = bytes::Bytes::new();
        if let Some(value) = ask.body {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
            body = value.to_string().into();
        }
        if let Some((header, key)) = &ask.key {
            headers.push((header.to_lowercase(), key.clone()));
        }
        Ok(Request { method: ask.call.method, url, headers, body })
    }

    async fn token(&mut self, system: &str, auth: &AuthPlan) -> Result<String, Failure> {
        if let Some(token) = self.tokens.get(system).filter(|_| self.bug != Bug::RefreshesAlways) {
            return Ok(token.clone());
        }
        let secret = |r| self.world.secrets.resolve(r).unwrap().expose().to_owned();
        let (token_url, grant, client_id, client_secret, scopes, kept) = match auth {
            AuthPlan::ClientCredentials { token_url, client_id, client_secret, scopes } => {
                (token_url, "client_credentials".to_owned(), client_id, client_secret, scopes, None)
            }
            AuthPlan::RefreshToken {
                token_url,
                client_id,
                client_secret: Some(client_secret),
                refresh_token,
                scopes,
            } => {
                let current = match &self.unkept {
                    Some((_, newest)) => newest.expose().to_owned(),
                    None => secret(refresh_token),
                };
                let grant = format!("refresh_token&refresh_token={}", encode(&current));
                (token_url, grant, client_id, client_secret, scopes, Some(refresh_token))
            }
            other => unreachable!("{other:?} fetches no tokens here"),
        };
        let form = format!(
            "grant_type={grant}&client_id={}&client_secret={}&scope={}",
            encode(&secret(client_id)),
            encode(&secret(client_secret)),
            encode(&scopes.join(" "))
        );
        let request = Request {
            method: Method::Post,
            url: token_url.clone(),
            headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())],
            body: form.into(),
        };
        if self.bug == Bug::RefreshRace {
            let (other, _) = tokio::join!(
                self.world.transport.send(system, request.clone()),
                self.world.transport.send(system, request.clone())
            );
            drop(other);
        }
        let answer = self.send(system, request).await.map_err(Failure::Exhausted)?;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let Some(token) = body["access_token"].as_str() else {
            let why = format!("{system} gives no token: {}", body["error"]);
            if (400..500).contains(&answer.status) && answer.status != 429 && self.bug != Bug::TokenLoop {
                self.stop = Some(why.clone());
            }
            return Err(Failure::Exhausted(why));
        };
        if let (Some(place), Some(newer)) = (kept, body["refresh_token"].as_str()) {
            let newer = Secret::new(newer.to_owned());
            match self.bug {
                Bug::KeepsSpentToken => {}
                Bug::KeepsTokenAtEnd => self.unkept = Some((place.clone(), newer)),
                _ => _ = self.world.secrets.keep(place, &newer).unwrap(),
            }
        }
        self.tokens.insert(system.to_owned(), token.to_owned());
        Ok(token.to_owned())
    }
}

/// How long a limit lasts, by the header that tells its end in seconds, or as a time since 1970.
fn reset(r: &Response) -> Option<Duration> {
    let field = r.header("ratelimit").and_then(|f| f.rsplit_once("t=")).map(|(_, t)| t.to_owned());
    let names = ["ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset"];
    let told = field.or_else(|| names.iter().find_map(|n| r.header(n)).map(str::to_owned))?;
    let told: u64 = told.parse().ok()?;
    if told < 1_000_000_000 {
        return Some(Duration::from_secs(told));
    }
    let now = httpdate::parse_http_date(r.header("date")?).ok()?;
    (std::time::UNIX_EPOCH + Duration::from_secs(told)).duration_since(now).ok()
}

fn set(request: &mut Request, name: &str, value: String) {
    request.headers.retain(|(n, _)| n != name);
    request.headers.push((name.to_owned(), value));
}
