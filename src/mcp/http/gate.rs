//! The one way to the protocol: who, how often, how much, whose session. What is turned away here says so in one line
//! and what to do in the next; the handler never sees it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
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
    /// Who opened which session of the older protocol: the library looks them up by id alone.
    owners: Mutex<BTreeMap<String, String>>,
    sessions: Arc<LocalSessionManager>,
    calls: TaskTracker,
}

impl Gate {
    pub(super) fn new(principals: Option<Principals>, limits: Limits, sessions: Arc<LocalSessionManager>) -> Self {
        let shares = Shares::new(limits.per_second, limits.concurrent);
        Self { principals, limits, shares, owners: Mutex::default(), sessions, calls: TaskTracker::new() }
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

    /// A session of another principal is not there, in the words for one that never was.
    fn may_use(&self, session: &str, who: &str) -> bool {
        let owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.get(session).is_none_or(|owner| owner == who)
    }

    /// Remembers whose session it is, and forgets those that have ended.
    async fn opened(&self, session: &str, who: &str) {
        let open: Vec<String> = self.sessions.sessions.read().await.keys().map(|id| id.as_ref().to_owned()).collect();
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.retain(|id, _| open.contains(id));
        owners.insert(session.to_owned(), who.to_owned());
    }

    /// How many sessions of the older protocol `who` holds open.
    async fn open_sessions(&self, who: &str) -> usize {
        let open = self.sessions.sessions.read().await;
        let owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        open.keys().filter(|id| owners.get(id.as_ref()).is_some_and(|owner| owner == who)).count()
    }

    async fn admit(&self, request: Request, next: Next) -> Result<Response, Refused> {
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
        if session.is_none() && opens(&body) && self.open_sessions(&who).await >= self.limits.sessions {
            return Err(self.too_many_sessions());
        }
        // Nothing behind the gate needs it, so no log line there can show it.
        parts.headers.remove(header::AUTHORIZATION);
        if let Some(principal) = principal {
            parts.extensions.insert(principal);
        }
        // Without a session an answer is lost with its connection. With one the client may come back for it, or cancel.
        let stop = Stop::default().below();
        let unwanted = session.is_none().then(|| Unwanted(stop.clone()));
        parts.extensions.insert(UnderWay { hold: Arc::downgrade(&hold), stop });
        let response = next.run(Request::from_parts(parts, Body::from(body))).await;
        if session.is_none()
            && let Some(id) = response.headers().get(SESSION).and_then(|v| v.to_str().ok())
        {
            self.opened(id, &who).await;
        }
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

/// Whether the body opens a session of the older protocol. The word alone, unparsed: a false alarm only meets the limit.
fn opens(body: &[u8]) -> bool {
    body.windows(b"\"initialize\"".len()).any(|w| w == b"\"initialize\"")
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
