//! A source of customers, a target for contacts, and what may go wrong between them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::connector::{Request, Response, Transport, TransportError};
use crate::model::Method;

/// What happens to one request instead of the ordinary.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// This answer, nothing done.
    Answer(u16, Vec<(&'static str, &'static str)>, Value),
    /// This answer with a body as it stands, nothing done.
    Raw(u16, &'static str, &'static str),
    /// Done, but this status comes back.
    DoneBut(u16),
    /// Done, but the connection is lost.
    DoneButLost,
    /// Done, but with this body under 200.
    DoneButRaw(&'static str, &'static str),
    /// Done, but the answer has no end.
    DoneButEndless,
    /// No connection.
    NoConnection,
    /// The certificate is refused.
    BadCertificate,
    /// Nothing is done and nothing comes back.
    Hang,
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Virtual milliseconds since the beginning.
    pub at: u64,
    /// To which system.
    pub system: String,
    /// What.
    pub request: Request,
}

impl Seen {
    /// `POST /contacts`
    pub(super) fn line(&self) -> String {
        let path = self.request.url.split("://").nth(1).unwrap().split_once('/').unwrap().1;
        format!("{} /{}", self.request.method.as_str(), path.split('?').next().unwrap())
    }

    /// Its query parameters.
    pub(super) fn query(&self) -> BTreeMap<String, String> {
        query(&self.request.url)
    }
}

pub(super) fn query(url: &str) -> BTreeMap<String, String> {
    let text = |s: &str| percent_decode_str(s).decode_utf8_lossy().into_owned();
    url.split_once('?')
        .map(|(_, q)| q.split('&').filter_map(|p| p.split_once('=')).map(|(n, v)| (text(n), text(v))).collect())
        .unwrap_or_default()
}

type List = Box<dyn FnMut(&str, &BTreeMap<String, String>) -> Response + Send>;

/// Both systems.
pub(super) struct Systems {
    begun: Instant,
    pub seen: Mutex<Vec<Seen>>,
    faults: Mutex<VecDeque<(&'static str, u32, Fault)>>,
    /// Customers, as the source lists them.
    pub customers: Mutex<Vec<Value>>,
    pub page_size: Mutex<usize>,
    list: Mutex<Option<List>>,
    /// Contacts, as the target keeps them.
    pub contacts: Mutex<Vec<Value>>,
    keys: Mutex<BTreeMap<String, (Bytes, Response)>>,
    /// Tokens that are taken; empty: none is asked for.
    pub tokens: Mutex<BTreeSet<String>>,
    issued: Mutex<u32>,
    /// Contacts that were ever made.
    made: Mutex<u32>,
    /// The one refresh token that is good now; nothing: none is asked for.
    pub refresh: Mutex<Option<String>>,
    pub expires_in: Mutex<Option<u64>>,
    pub latency: Mutex<Duration>,
    in_flight: Mutex<usize>,
    pub most_in_flight: Mutex<usize>,
}

pub(super) fn answer(status: u16, body: &Value) -> Response {
    Response {
        status,
        headers: vec![("content-type".into(), "application/json".into())],
        body: Bytes::from(body.to_string()),
    }
}

impl Systems {
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            seen: Mutex::default(),
            faults: Mutex::default(),
            customers: Mutex::default(),
            page_size: Mutex::new(2),
            list: Mutex::default(),
            contacts: Mutex::default(),
            keys: Mutex::default(),
            tokens: Mutex::default(),
            issued: Mutex::default(),
            made: Mutex::default(),
            refresh: Mutex::default(),
            expires_in: Mutex::new(Some(3_600)),
            latency: Mutex::default(),
            in_flight: Mutex::default(),
            most_in_flight: Mutex::default(),
        }
    }

    /// The next `times` requests like `POST /contacts` meet this fault.
    pub(super) fn fault(&self, line: &'static str, times: u32, fault: Fault) {
        self.faults.lock().unwrap().push_back((line, times, fault));
    }

    /// Nothing goes wrong any more.
    pub(super) fn mend(&self) {
        self.faults.lock().unwrap().clear();
    }

    /// The source lists as this says; it is given the URL and its query.
    pub(super) fn list_as(&self, list: impl FnMut(&str, &BTreeMap<String, String>) -> Response + Send + 'static) {
        *self.list.lock().unwrap() = Some(Box::new(list));
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(Seen::line).collect()
    }

    /// Requests like `POST /contacts` or to everything below `PATCH /contacts/*`.
    pub(super) fn requests(&self, line: &str) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|s| like(line, &s.line())).cloned().collect()
    }

    pub(super) fn emails(&self) -> Vec<String> {
        let mut all: Vec<String> =
            self.contacts.lock().unwrap().iter().map(|c| c["email"].as_str().unwrap().to_owned()).collect();
        all.sort();
        all
    }

    pub(super) fn contact(&self, email: &str) -> Value {
        self.contacts.lock().unwrap().iter().find(|c| c["email"] == email).cloned().unwrap_or_default()
    }

    fn take_fault(&self, line: &str) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap();
        let at = faults.iter().position(|(l, _, _)| like(l, line))?;
        let (_, left, fault) = faults.get_mut(at)?;
        let fault = fault.clone();
        *left -= 1;
        if *left == 0 {
            faults.remove(at);
        }
        Some(fault)
    }

    fn handle(&self, system: &str, request: &Request) -> Response {
        let seen = Seen { at: 0, system: system.to_owned(), request: request.clone() };
        let line = seen.line();
        if line == "POST /oauth/token" {
            let mut issued = self.issued.lock().unwrap();
            *issued += 1;
            let token = format!("token-{issued}-abcdefgh");
            let mut body =
                json!({"access_token": token, "token_type": "Bearer", "expires_in": *self.expires_in.lock().unwrap()});
            if let Some(good) = self.refresh.lock().unwrap().as_mut() {
                let sent = String::from_utf8_lossy(&request.body).into_owned();
                if !sent.contains(&format!("grant_type=refresh_token&refresh_token={good}")) {
                    // Used twice: nobody with this consent gets in any more.
                    "revoked".clone_into(good);
                    return answer(400, &json!({"error": "invalid_grant"}));
                }
                *good = format!("refresh-{issued}-abcdefgh");
                body["refresh_token"] = json!(good.clone());
            }
            self.tokens.lock().unwrap().insert(token);
            return answer(200, &body);
        }
        if system == "source" {
            if let Some(list) = self.list.lock().unwrap().as_mut() {
                return list(&request.url, &seen.query());
            }
            return self.customers_page(&seen.query());
        }
        let tokens = self.tokens.lock().unwrap();
        if !tokens.is_empty() {
            let given = request.header("authorization").unwrap_or_default().trim_start_matches("Bearer ").to_owned();
            if !tokens.contains(&given) {
                return answer(401, &json!({"title": "Unauthorized"}));
            }
        }
        drop(tokens);
        self.contacts_call(request, &line, &seen.query())
    }

    fn customers_page(&self, query: &BTreeMap<String, String>) -> Response {
        let all = self.customers.lock().unwrap();
        let since = query.get("updated[gte]");
        let list: Vec<&Value> = all
            .iter()
            .filter(|c| since.is_none_or(|s| c["updated_at"].as_str().unwrap_or_default() >= s.as_str()))
            .collect();
        let from: usize = query.get("cursor").map_or(0, |c| c.trim_start_matches('c').parse().unwrap());
        let to = (from + *self.page_size.lock().unwrap()).min(list.len());
        let more = to < list.len();
        answer(
            200,
            &json!({
                "data": list.get(from..to).unwrap_or_default(),
                "next_cursor": more.then(|| format!("c{to}")), "has_more": more, "total": list.len(),
            }),
        )
    }

    fn contacts_call(&self, request: &Request, line: &str, query: &BTreeMap<String, String>) -> Response {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let mut contacts = self.contacts.lock().unwrap();
        match line.split_once(' ').unwrap() {
            ("GET", "/contacts/search") => {
                // Fuzzy, like many a search: it also finds what only begins alike.
                let wanted = query["email"].to_lowercase();
                let hits: Vec<&Value> = contacts
                    .iter()
                    .filter(|c| c["email"].as_str().unwrap().to_lowercase().starts_with(&wanted))
                    .collect();
                answer(200, &json!({"results": hits}))
            }
            ("POST", "/contacts") => {
                let key = request.header("idempotency-key").map(str::to_owned);
                if let Some((first, stored)) = key.as_ref().and_then(|k| self.keys.lock().unwrap().get(k).cloned()) {
                    if first != request.body {
                        return answer(422, &json!({"title": "Idempotency-Key was used with another body"}));
                    }
                    return stored;
                }
                let mut made = self.made.lock().unwrap();
                *made += 1;
                let mut contact = json!({"id": format!("k{}", *made)});
                drop(made);
                contact.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
                contacts.push(contact.clone());
                let made = answer(201, &contact);
                if let Some(key) = key {
                    self.keys.lock().unwrap().insert(key, (request.body.clone(), made.clone()));
                }
                made
            }
            ("DELETE", path) => {
                let id = path.rsplit('/').next().unwrap();
                match contacts.iter().position(|c| c["id"] == id) {
                    Some(at) => {
                        contacts.remove(at);
                        Response { status: 204, headers: vec![], body: Bytes::new() }
                    }
                    None => answer(404, &json!({"title": "No such contact"})),
                }
            }
            ("PATCH" | "PUT", path) => {
                let id = path.rsplit('/').next().unwrap();
                let at = contacts.iter().position(|c| c["id"] == id);
                match at.and_then(|i| contacts.get_mut(i)) {
                    Some(contact) => {
                        contact.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
                        answer(200, contact)
                    }
                    None if request.method == Method::Put => {
                        let mut contact = json!({"id": id});
                        contact.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
                        contacts.push(contact.clone());
                        answer(201, &contact)
                    }
                    None => answer(404, &json!({"title": "No such contact"})),
                }
            }
            ("GET", "/contacts") => answer(200, &json!({"results": *contacts})),
            ("GET", path) => {
                let id = path.rsplit('/').next().unwrap();
                let Some(at) = contacts.iter().position(|c| c["id"] == id) else {
                    return answer(404, &json!({"title": "No such contact"}));
                };
                answer(200, &contacts[at])
            }
            other => panic!("no such call: {other:?}"),
        }
    }
}

fn like(pattern: &str, line: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => line.starts_with(start),
        None => pattern == line,
    }
}

#[async_trait::async_trait]
impl Transport for Systems {
    async fn send(&self, system: &str, request: Request) -> Result<Response, TransportError> {
        let at = u64::try_from(self.begun.elapsed().as_millis()).unwrap();
        let seen = Seen { at, system: system.to_owned(), request: request.clone() };
        let line = seen.line();
        self.seen.lock().unwrap().push(seen);
        // A connection is never made in no time: another task may run in between.
        tokio::task::yield_now().await;
        let now = {
            let mut now = self.in_flight.lock().unwrap();
            *now += 1;
            *now
        };
        let _left = Leave(&self.in_flight);
        {
            let mut most = self.most_in_flight.lock().unwrap();
            *most = (*most).max(now);
        }
        let latency = *self.latency.lock().unwrap();
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let Some(fault) = self.take_fault(&line) else {
            let answer = self.handle(system, &request);
            // The answer is on its way: whoever crashes here has done it and does not know.
            tokio::task::yield_now().await;
            return Ok(answer);
        };
        match fault {
            Fault::Answer(status, headers, body) => {
                let mut response = answer(status, &body);
                response.headers.extend(headers.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())));
                Ok(response)
            }
            Fault::Raw(status, content_type, body) => Ok(raw(status, content_type, body)),
            Fault::DoneBut(status) => {
                self.handle(system, &request);
                Ok(answer(status, &json!({"title": "upstream"})))
            }
            Fault::DoneButLost => {
                self.handle(system, &request);
                Err(TransportError::Lost("reset by peer".into()))
            }
            Fault::DoneButRaw(content_type, body) => {
                self.handle(system, &request);
                Ok(raw(200, content_type, body))
            }
            Fault::NoConnection => Err(TransportError::Connect("refused".into())),
            Fault::DoneButEndless => {
                self.handle(system, &request);
                Err(TransportError::TooLarge { limit: 64 * 1024 * 1024 })
            }
            Fault::BadCertificate => Err(TransportError::Tls("expired".into())),
            Fault::Hang => std::future::pending().await,
        }
    }
}

struct Leave<'a>(&'a Mutex<usize>);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        *self.0.lock().unwrap() -= 1;
    }
}

fn raw(status: u16, content_type: &str, body: &'static str) -> Response {
    Response {
        status,
        headers: vec![("content-type".into(), content_type.into())],
        body: Bytes::from_static(body.as_bytes()),
    }
}
