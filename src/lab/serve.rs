//! A mock behind a real socket: loopback only, for `mock` and for tests over the wire. Faults that were asked for come
//! about on the wire: a connection that ends, an answer that never comes, half a body.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::faults::{Disposition, Exchange, Fault};
use super::mock::{MockSystem, Quirk};
use crate::base::clock::Clock;
use crate::connector::{Request, Response};
use crate::model::Method;

/// The largest request body taken.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// How long a client may take for the headers of a request.
const HEADERS: Duration = Duration::from_secs(30);
/// How long requests under way may take when the mock stops.
const CLOSING: Duration = Duration::from_secs(5);
/// After a fault of accepting (no file descriptors left), until the next try.
const PAUSE: Duration = Duration::from_millis(100);

/// A mock that listens.
#[derive(Debug)]
pub struct Serving {
    /// Where, with the port that was bound.
    pub addr: SocketAddr,
    /// Ends when the token asked it to stop, or on a fault of the socket.
    pub done: JoinHandle<io::Result<()>>,
}

/// Serves a mock until `stop` is cancelled. Requests under way are answered first.
///
/// # Errors
/// An address that is not loopback: a mock takes any credential, so it is not for other machines to reach. Or what the
/// system says about the socket.
pub async fn serve(
    mock: Arc<Mutex<MockSystem>>,
    addr: SocketAddr,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) -> io::Result<Serving> {
    serve_with(mock, Vec::new(), addr, clock, stop).await
}

/// As [`serve`], and these faults hit what they aim at; of several that want one exchange the first has it.
///
/// # Errors
/// As [`serve`].
pub async fn serve_with(
    mock: Arc<Mutex<MockSystem>>,
    faults: Vec<Box<dyn Fault>>,
    addr: SocketAddr,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) -> io::Result<Serving> {
    if !addr.ip().is_loopback() {
        let because = format!("{addr} is not a loopback address; a mock listens on 127.0.0.1 or [::1] only");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, because));
    }
    let listener = TcpListener::bind(addr).await?;
    let addr = listener.local_addr()?;
    let unkind = (!faults.is_empty()).then(|| Mutex::new(Unkind { faults, nth: 0 }));
    let served = Arc::new(Served { mock, unkind, clock, addr, stop });
    let done = tokio::spawn(accept(listener, served));
    Ok(Serving { addr, done })
}

struct Unkind {
    faults: Vec<Box<dyn Fault>>,
    nth: u64,
}

struct Served {
    mock: Arc<Mutex<MockSystem>>,
    unkind: Option<Mutex<Unkind>>,
    clock: Arc<dyn Clock>,
    addr: SocketAddr,
    stop: CancellationToken,
}

/// Nothing is answered, and the connection ends.
#[derive(Debug, thiserror::Error)]
#[error("the connection ends here, as asked for")]
struct Cut;

async fn accept(listener: TcpListener, served: Arc<Served>) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = served.stop.cancelled() => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(e) => {
                tracing::warn!(error = %e, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        // Without this a small answer waits for the other side's acknowledgement of the one before.
        let _ = stream.set_nodelay(true);
        let served = Arc::clone(&served);
        let service = service_fn(move |request| {
            let served = Arc::clone(&served);
            async move { answer(&served, request).await }
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(HEADERS);
        let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(e) = connection.await {
                tracing::debug!(error = %e, "a connection ended early");
            }
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(CLOSING, graceful.shutdown()).await;
    Ok(())
}

async fn answer(served: &Served, request: http::Request<hyper::body::Incoming>) -> Result<http::Response<Body>, Cut> {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(Body::new(body), MOST_BYTES).await else {
        return Ok(plain(413, "the body is larger than 16 MiB, or it was cut off"));
    };
    let Some(method) = Method::parse(parts.method.as_str()) else {
        return Ok(plain(501, "this method is not mocked"));
    };
    let headers = parts
        .headers
        .iter()
        .filter_map(|(n, v)| Some((n.as_str().to_owned(), v.to_str().ok()?.to_owned())))
        .collect::<Vec<_>>();
    let host = headers.iter().find(|(n, _)| n == "host").map_or_else(|| served.addr.to_string(), |(_, v)| v.clone());
    let target = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let request = Request { method, url: format!("http://{host}{target}"), headers, body };
    let response = respond(served, &request).await?;
    tracing::info!(method = method.as_str(), path = target.split('?').next(), status = response.status, "answered");
    let mut out = http::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        // hyper dates its answers itself.
        if name != "date" {
            out = out.header(name, value);
        }
    }
    let body = if method == Method::Head { Body::empty() } else { Body::from(response.body) };
    Ok(out.body(body).unwrap_or_else(|_| plain(500, "the mock made an answer that is not HTTP")))
}

async fn respond(served: &Served, request: &Request) -> Result<Response, Cut> {
    let commit = |quirk: Option<Quirk>| served.mock().handle_bent(request, served.clock.now(), quirk).0;
    match served.disposed(request) {
        Disposition::Pass => Ok(commit(None)),
        Disposition::Delay(ms) => {
            let response = commit(None);
            served.wait(Duration::from_millis(ms)).await?;
            Ok(response)
        }
        Disposition::Late(ms) => {
            served.wait(Duration::from_millis(ms)).await?;
            Ok(commit(None))
        }
        Disposition::Reply(response) => Ok(response),
        Disposition::ReplyAfterCommit(response) => {
            commit(None);
            Ok(response)
        }
        // A listener that is there cannot refuse; a connection that ends before any answer is the nearest to it.
        Disposition::Refuse | Disposition::LoseBeforeCommit => Err(Cut),
        Disposition::LoseAfterCommit => {
            commit(None);
            Err(Cut)
        }
        Disposition::Hang { commit: commits } => {
            if commits {
                commit(None);
            }
            served.stop.cancelled().await;
            Err(Cut)
        }
        Disposition::Mutate(change) => Ok(change(commit(None))),
        Disposition::Bend(quirk) => Ok(commit(Some(quirk))),
        Disposition::Fail { commit: commits, .. } => {
            if commits {
                commit(None);
            }
            Err(Cut)
        }
        Disposition::Alter(change) => {
            change(&mut served.mock());
            Ok(commit(None))
        }
        // What only the doors of the black box do; here the answer is lost.
        Disposition::Wire(_) => {
            commit(None);
            Err(Cut)
        }
        Disposition::Revoke => {
            served.mock().revoke_tokens(served.clock.now());
            Ok(commit(None))
        }
    }
}

impl Served {
    fn mock(&self) -> MutexGuard<'_, MockSystem> {
        self.mock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, unless the mock stops meanwhile.
    async fn wait(&self, time: Duration) -> Result<(), Cut> {
        tokio::select! {
            () = tokio::time::sleep(time) => Ok(()),
            () = self.stop.cancelled() => Err(Cut),
        }
    }

    /// What the faults make of a request.
    fn disposed(&self, request: &Request) -> Disposition {
        let Some(unkind) = &self.unkind else { return Disposition::Pass };
        let purpose = self.mock().blueprint().purpose_of(request);
        let mut unkind = unkind.lock().unwrap_or_else(PoisonError::into_inner);
        unkind.nth += 1;
        let (nth, at) = (unkind.nth, self.clock.now());
        let exchange = Exchange { nth, at, system: "mock", purpose, identity: None, batch: &[], request };
        let mut found = Disposition::Pass;
        for fault in &mut unkind.faults {
            // Every fault sees every exchange, so that one does not shift the count of another.
            let wants = fault.on_exchange(&exchange);
            if matches!(found, Disposition::Pass) && !matches!(wants, Disposition::Pass) {
                tracing::info!(fault = fault.code(), path = super::mock::url::path_of(&request.url), "fault");
                found = wants;
            }
        }
        found
    }
}

fn plain(status: u16, because: &'static str) -> http::Response<Body> {
    let mut response = http::Response::new(Body::from(because));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response
}
