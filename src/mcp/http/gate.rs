//! The one way to the protocol: who, how often, how much, whose session. What is turned away here says so in one line
//! and what to do in the next; the handler never sees it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use rmcp::transport::streamable_http_server::session::SessionManager as _;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use serde_json::json;
use tokio_util::task::TaskTracker;

use super::held::{Held, Hold, UnderWay, Unwanted};
use super::limit::{Shares, Wait};
use super::{Limits, Principal, Principals};
use crate::app::Refusal;
use crate::base::stop::Stop;
use crate::base::text;

/// Names a session of the older protocol.
const SESSION: &str = "mcp-session-id";

/// What every request to the protocol passes.
pub(super) struct Gate {
    principals: Option<Principals>,
    limits: Limits,
    shares: Shares,
    /// Who opened which session of the older protocol: the library looks them up by id alone. Where both locks are
    /// taken, the library's comes first: what is open does not change meanwhile.
    owners: Mutex<BTreeMap<String, String>>,
    /// How many sessions each principal is about to open.
    opening: Mutex<BTreeMap<String, usize>>,
    sessions: Arc<LocalSessionManager>,
    calls: TaskTracker,
}

impl Gate {
    pub(super) fn new(principals: Option<Principals>, limits: Limits, sessions: Arc<LocalSessionManager>) -> Self {
        let shares = Shares::new(limits.per_second, limits.concurrent);
        Self {
            principals,
            limits,
            shares,
            owners: Mutex::default(),
            opening: Mutex::default(),
            sessions,
            calls: TaskTracker::new(),
        }
    }

    /// The calls under way.
    pub(super) fn calls(&self) -> TaskTracker {
        self.calls.clone()
    }

    /// Who calls; nothing is the local user.
    fn principal(&self, headers: &HeaderMap) -> Result<Option<Principal>, Refused> {
        let Some(principals) = &self.principals else { return Ok(None) };
        let token = headers
            .get(header::AUTHORIZATION)
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim());
        let because = match token {
            None => "this server lets in callers with a bearer token, and the request has none",
            Some(token) => match principals.of(token) {
                Some(name) => return Ok(Some(Principal(name.to_owned()))),
                None => "the bearer token is none of this server's",
            },
        };
        Err(Refused::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            because,
            "send the header `Authorization: Bearer TOKEN`; who runs the server gives out tokens",
        ))
    }

    /// A session of another principal, or of nobody, is not there, in the words for one that never was.
    fn may_use(&self, session: &str, who: &str) -> bool {
        let owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.get(session).is_some_and(|owner| owner == who)
    }

    /// Remembers whose session it is, and forgets those that have ended.
    async fn opened(&self, session: &str, who: &str) {
        let open = self.sessions.sessions.read().await;
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.retain(|id, _| open.contains_key(id.as_str()));
        owners.insert(session.to_owned(), who.to_owned());
    }

    /// Sets a place aside for a session that `who` is about to open; nothing when all are taken.
    async fn place(self: &Arc<Self>, who: &str) -> Option<Place> {
        let open = self.sessions.sessions.read().await;
        let owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        let held = open.keys().filter(|id| owners.get(id.as_ref()).is_some_and(|owner| owner == who)).count();
        let mut opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        let about = opening.entry(who.to_owned()).or_default();
        if held + *about >= self.limits.sessions {
            return None;
        }
        *about += 1;
        Some(Place { gate: Arc::clone(self), who: who.to_owned() })
    }

    /// Passes on a request without a session, which may open one. What is opened counts, whatever the body looked like.
    async fn without_session(
        self: Arc<Self>,
        place: Option<Place>,
        who: String,
        request: Request,
        next: Next,
    ) -> Result<Response, Refused> {
        let response = next.run(request).await;
        if let Some(id) = response.headers().get(SESSION).and_then(|v| v.to_str().ok()) {
            let place = match place {
                Some(place) => Some(place),
                None => self.place(&who).await,
            };
            if place.is_none() {
                if let Err(e) = self.sessions.close_session(&id.into()).await {
                    tracing::warn!(error = %e, "a session too many could not be closed");
                }
                return Err(self.too_many_sessions());
            }
            self.opened(id, &who).await;
        }
        Ok(response)
    }

    async fn admit(self: &Arc<Self>, request: Request, next: Next) -> Result<Response, Refused> {
        let (mut parts, body) = request.into_parts();
        let principal = self.principal(&parts.headers)?;
        // The name of a principal is never empty.
        let who = principal.as_ref().map_or_else(String::new, |p| p.0.clone());
        let listens = parts.method == Method::GET;
        let permit = self.shares.take(&who, listens).map_err(|wait| self.wait(&wait))?;
        // From here on it is under way: a server that stops waits for it, but not for who only listens.
        let hold = Arc::new(Hold { _permit: permit, _sign: (!listens).then(|| self.calls.token()) });
        let session = parts.headers.get(SESSION).and_then(|v| v.to_str().ok()).map(str::to_owned);
        if session.as_deref().is_some_and(|id| !self.may_use(id, &who)) {
            return Ok((StatusCode::NOT_FOUND, "Not Found: Session not found").into_response());
        }
        let body = self.body(&parts.headers, body).await?;
        let opens = session.is_none() && parts.method == Method::POST && opens(&body);
        let place = if opens { Some(self.place(&who).await.ok_or_else(|| self.too_many_sessions())?) } else { None };
        // Nothing behind the gate needs it, so no log line there can show it.
        parts.headers.remove(header::AUTHORIZATION);
        if let Some(principal) = principal {
            parts.extensions.insert(principal);
        }
        // Without a session an answer is lost with its connection. With one the client may come back for it, or cancel.
        let stop = Stop::default().below();
        let unwanted = session.is_none().then(|| Unwanted(stop.clone()));
        parts.extensions.insert(UnderWay { hold: Arc::downgrade(&hold), stop });
        let request = Request::from_parts(parts, Body::from(body));
        let response = if opens {
            // To its end even if the client leaves: a session that nobody owns would not count.
            let opening = tokio::spawn(Arc::clone(self).without_session(place, who, request, next));
            opening.await.map_err(|_| self.too_many_sessions())??
        } else if session.is_none() {
            Arc::clone(self).without_session(None, who, request, next).await?
        } else {
            next.run(request).await
        };
        let (parts, body) = response.into_parts();
        Ok(Response::from_parts(parts, Held::body(body, (unwanted, hold))))
    }

    /// The whole body, within its limits of size and time.
    async fn body(&self, headers: &HeaderMap, body: Body) -> Result<bytes::Bytes, Refused> {
        let limit = self.limits.body;
        let too_large = || {
            Refused::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body-too-large",
                format!("the request body is larger than {limit} bytes"),
                "send less in one call: pass the path of a file, not its content",
            )
        };
        let stated = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
        if stated.is_some_and(|length: usize| length > limit) {
            return Err(too_large());
        }
        match tokio::time::timeout(self.limits.body_within, to_bytes(body, limit)).await {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(_)) => Err(too_large()),
            Err(_) => Err(Refused::new(
                StatusCode::REQUEST_TIMEOUT,
                "body-too-slow",
                format!("the request body took longer than {} s", self.limits.body_within.as_secs_f32()),
                "send the request again",
            )),
        }
    }

    fn wait(&self, wait: &Wait) -> Refused {
        let (because, seconds) = match wait {
            Wait::Rate(after) => {
                let per_second = self.limits.per_second.unwrap_or_default();
                // A whole second at least: the header knows no fractions.
                (format!("more than {per_second} calls a second"), after.as_secs() + 1)
            }
            Wait::Busy => {
                let under_way = text::plural(self.limits.concurrent as u64, "request");
                (format!("{under_way} of this principal under way already"), 1)
            }
        };
        Refused::new(StatusCode::TOO_MANY_REQUESTS, "too-many-calls", because, format!("call again in {seconds} s"))
            .after(seconds)
    }

    fn too_many_sessions(&self) -> Refused {
        let seconds = self.limits.idle.as_secs() + 1;
        Refused::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-sessions",
            format!("{} sessions of the older protocol are open already", self.limits.sessions),
            "close one with DELETE, or use protocol 2026-07-28, which needs none",
        )
        .after(seconds)
    }
}

/// The middleware.
pub(super) async fn pass(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    match gate.admit(request, next).await {
        Ok(response) => named(response).await,
        Err(refused) => refused.into_response(),
    }
}

/// A place set aside for a session. Given back when it is open, which counts by itself, or was not opened after all.
struct Place {
    gate: Arc<Gate>,
    who: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut opening = self.gate.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(about) = opening.get_mut(&self.who) {
            *about = about.saturating_sub(1);
        }
    }
}

/// Whether the body opens a session of the older protocol, however its method is written. What names no method, or two,
/// is taken for one that does: it only meets the limit.
fn opens(body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Call<'b> {
        #[serde(borrow)]
        method: std::borrow::Cow<'b, str>,
    }
    serde_json::from_slice::<Call<'_>>(body).map_or(true, |call| call.method == "initialize")
}

/// What the library turns away, in words that lead on. Every other answer is passed on as it is.
async fn named(response: Response) -> Response {
    let status = response.status();
    if ![StatusCode::FORBIDDEN, StatusCode::UNSUPPORTED_MEDIA_TYPE].contains(&status) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 4096).await.unwrap_or_default();
    let said = String::from_utf8_lossy(&body);
    if let Some(because) = said.strip_prefix("fail to deserialize request body ") {
        // The media type was right, the content was not: the protocol has a code for that.
        let because = format!("the request body is no JSON-RPC message: {}", text::quoted(because, 200));
        let error = json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32700, "message": because}});
        let json = [(header::CONTENT_TYPE, "application/json")];
        return (StatusCode::BAD_REQUEST, json, error.to_string()).into_response();
    }
    let (code, because, next) = match status {
        StatusCode::FORBIDDEN if said.contains("Host") => {
            ("host-not-allowed", "this server does not answer to the name in the Host header", "--allow-host NAME")
        }
        StatusCode::FORBIDDEN => {
            ("origin-not-allowed", "pages of this origin may not call this server", "--allow-origin ORIGIN")
        }
        _ => return Response::from_parts(parts, Body::from(body)),
    };
    Refused::new(status, code, because, format!("start it with {next}, if that is meant")).into_response()
}

/// A request turned away.
struct Refused {
    status: StatusCode,
    code: &'static str,
    because: String,
    next: String,
    /// Seconds until it makes sense to try again.
    retry_after: Option<u64>,
}

impl Refused {
    fn new(status: StatusCode, code: &'static str, because: impl Into<String>, next: impl Into<String>) -> Self {
        Self { status, code, because: because.into(), next: next.into(), retry_after: None }
    }

    const fn after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    fn into_response(self) -> Response {
        tracing::info!(status = self.status.as_u16(), code = self.code, "a request was turned away");
        let refusal = Refusal::new(self.code, self.because, self.next);
        let mut response = (self.status, format!("{refusal}\n")).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"platform-integration\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_opens_a_session_however_its_method_is_written() {
        for body in [
            r#"{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}"#,
            r#"{"method": "initi\u0061lize"}"#,
            r#"{"\u006dethod": "initialize"}"#,
            r#"{"method": "ping", "method": "initialize"}"#,
            r#"[{"method": "initialize"}]"#,
            "",
        ] {
            assert!(opens(body.as_bytes()), "{body}");
        }
        assert!(!opens(br#"{"method": "tools/call", "params": {"name": "initialize"}}"#));
    }

    #[tokio::test]
    async fn places_that_are_set_aside_count_until_they_are_given_back() {
        let limits = Limits { sessions: 2, ..Limits::default() };
        let gate = Arc::new(Gate::new(None, limits, Arc::default()));
        let (one, two) = (gate.place("ada").await, gate.place("ada").await);
        assert!(one.is_some() && two.is_some());
        assert!(gate.place("ada").await.is_none());
        assert!(gate.place("grace").await.is_some());
        drop(one);
        assert!(gate.place("ada").await.is_some());
    }

    #[tokio::test]
    async fn a_session_that_nobody_is_known_to_own_is_nobodys() {
        let gate = Arc::new(Gate::new(None, Limits::default(), Arc::default()));
        assert!(!gate.may_use("unknown", "ada") && !gate.may_use("unknown", ""));
    }
}
