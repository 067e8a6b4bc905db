//! `serve --http`: the same handler behind streamable HTTP, for more than one agent. What is let in is decided here,
//! before the protocol is read: who calls ([`Principals`]), from where (`Host`, `Origin`), how much and how often
//! ([`Limits`]). Nothing of this is made when the server speaks over stdin and stdout.

mod gate;
mod held;
mod limit;
mod listen;
mod policy;
mod principal;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(super) use held::{Hold, UnderWay, Unwanted};
pub use policy::HttpOptions;
pub(super) use principal::Principal;
pub use principal::Principals;
pub use tls::Tls;

use super::Server;
use crate::app::{App, Fault, No};
use gate::Gate;

/// The path of the protocol.
pub const PATH: &str = "/mcp";

/// How much one caller may ask, and how long anything may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The largest request body, in bytes.
    pub body: usize,
    /// Calls under way at once, for each principal; as many event streams beside them.
    pub concurrent: usize,
    /// Calls a second for each principal, twice as many in a burst; nothing is no limit.
    pub per_second: Option<u32>,
    /// Connections in all; more wait to be accepted.
    pub connections: usize,
    /// Sessions of the older protocol that one principal may hold open.
    pub sessions: usize,
    /// From the first byte of a connection, or the end of the answer before, to the end of the headers; also for a TLS handshake.
    pub headers: Duration,
    /// From the end of the headers to the end of the body.
    pub body_within: Duration,
    /// How long calls under way may still take when the server stops.
    pub drain: Duration,
    /// A session of the older protocol that nobody uses for so long is closed.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 1024 * 1024,
            concurrent: 128,
            per_second: None,
            connections: 1024,
            sessions: 256,
            headers: Duration::from_secs(30),
            body_within: Duration::from_secs(30),
            drain: Duration::from_secs(10),
            idle: Duration::from_secs(300),
        }
    }
}

/// A server that listens.
#[derive(Debug)]
pub struct Listening {
    /// Where, with the port that was bound.
    pub addr: SocketAddr,
    /// What a client is configured with.
    pub url: String,
    /// Ends when the token asked it to stop and what was under way has ended.
    pub ended: JoinHandle<()>,
}

/// Listens, and serves until `stop` is cancelled.
///
/// # Errors
/// A refusal when the options would leave the server open (see [`HttpOptions::check`]), a fault when the address cannot
/// be had.
pub async fn serve_http(app: Arc<App>, options: HttpOptions, stop: CancellationToken) -> Result<Listening, No> {
    serve_handler(Server::new(app).map_err(|e| Fault::internal(&e))?, options, stop).await
}

/// As [`serve_http`], with another handler in place of ours, or around it.
///
/// # Errors
/// As [`serve_http`].
pub async fn serve_handler<H: ServerHandler + Clone>(
    handler: H,
    options: HttpOptions,
    stop: CancellationToken,
) -> Result<Listening, No> {
    options.check()?;
    let HttpOptions { listen, principals, tls, behind_proxy: _, hosts, origins, limits } = options;
    let listener = listen::bind(listen).map_err(|e| {
        Fault::new(
            format!("{listen} cannot be listened on: {e}"),
            "choose another port, or port 0 for a free one: serve --http 127.0.0.1:0",
        )
    })?;
    let addr = listener.local_addr().map_err(|e| Fault::internal(&e))?;

    let mut sessions = LocalSessionManager::default();
    sessions.session_config.keep_alive = Some(limits.idle);
    let sessions = Arc::new(sessions);
    // Cancelled only when the calls under way have ended: it ends open streams, and unanswered calls with them.
    let streams = CancellationToken::new();
    let config = StreamableHttpServerConfig::default()
        .with_allowed_hosts(policy::hosts(addr.ip(), &hosts))
        .with_allowed_origins(policy::origins(&origins))
        .enforce_origin_validation()
        .with_json_response(true)
        .with_max_request_body_bytes(limits.body)
        .with_cancellation_token(streams.clone());
    let service = StreamableHttpService::new(move || Ok(handler.clone()), Arc::clone(&sessions), config);

    let gate = Arc::new(Gate::new(principals, limits.clone(), sessions));
    let calls = gate.calls();
    let protocol =
        Router::new().route_service(PATH, service).layer(axum::middleware::from_fn_with_state(gate, gate::pass));
    let router = protocol
        .route("/healthz", axum::routing::get(|| async { "ok\n" }))
        .fallback(|| async { (http::StatusCode::NOT_FOUND, "not found; the protocol is at /mcp\n") });

    let scheme = if tls.is_some() { "https" } else { "http" };
    let serving = listen::Serving { listener, router, tls, limits, calls, streams };
    let ended = tokio::spawn(serving.run(stop));
    Ok(Listening { addr, url: format!("{scheme}://{addr}{PATH}"), ended })
}
