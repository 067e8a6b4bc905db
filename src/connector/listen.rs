//! The receiver at a socket: connections with limits on number, time and size; it ends by itself when the run stops, and
//! what is under way is answered first.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{MOST_BYTES, Request, Response};
use crate::model::Method;

/// Connections in all; more wait to be accepted.
const CONNECTIONS: usize = 256;
/// From the first byte of a connection, or the end of the answer before, to the end of the headers.
const HEADERS: Duration = Duration::from_secs(10);
/// For the whole body.
const BODY: Duration = Duration::from_secs(20);
/// Of a body that is too large, what is read before the connection is closed.
const MOST_DISCARDED: usize = 16 * MOST_BYTES;
/// How long deliveries under way may take when the run stops.
const CLOSING: Duration = Duration::from_secs(5);
/// After a fault of accepting (no file descriptors left), until the next try.
const PAUSE: Duration = Duration::from_millis(100);

/// A receiver that listens.
#[derive(Debug)]
pub struct Listening {
    /// Where, with the port that was bound.
    pub addr: SocketAddr,
    /// Ends when the token asked it to stop and what was under way is answered.
    pub done: JoinHandle<()>,
}

/// Answers what comes in at a socket.
pub trait Answers: Send + Sync + 'static {
    /// The answer to one request. May wait for the disk.
    fn answer(&self, request: &Request) -> Response;
}

/// Listens until `stop` is cancelled. Beyond the addresses of this machine it is for the caller to allow.
///
/// # Errors
/// What the system says about the socket.
pub async fn listen(receiver: impl Answers, addr: SocketAddr, stop: CancellationToken) -> io::Result<Listening> {
    let listener = TcpListener::bind(addr).await?;
    let addr = listener.local_addr()?;
    let done = tokio::spawn(serve(listener, Arc::new(receiver), stop));
    Ok(Listening { addr, done })
}

async fn serve(listener: TcpListener, receiver: Arc<dyn Answers>, stop: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = async {
                let permit = Arc::clone(&room).acquire_owned().await.map_err(io::Error::other)?;
                listener.accept().await.map(|(stream, _)| (stream, permit))
            } => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, permit)) => {
                let receiver = Arc::clone(&receiver);
                let service = service_fn(move |request| {
                    let receiver = Arc::clone(&receiver);
                    async move { Ok::<_, Infallible>(answer(receiver, request).await) }
                });
                let mut builder = http1::Builder::new();
                builder.timer(TokioTimer::new()).header_read_timeout(HEADERS).max_headers(64).max_buf_size(32 * 1024);
                let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), service));
                tokio::spawn(async move {
                    if let Err(e) = connection.await {
                        tracing::debug!(error = %e, "a connection ended early");
                    }
                    drop(permit);
                });
            }
            Err(e) => {
                tracing::warn!(error = %e, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(CLOSING, graceful.shutdown()).await;
}

async fn answer(receiver: Arc<dyn Answers>, request: http::Request<hyper::body::Incoming>) -> http::Response<Body> {
    let (parts, body) = request.into_parts();
    let Some(method) = Method::parse(parts.method.as_str()) else { return bare(405) };
    let body = match tokio::time::timeout(BODY, whole(body)).await {
        Ok(Ok(body)) => body,
        Ok(Err(status)) => return bare(status),
        Err(_) => return bare(408),
    };
    let headers =
        parts.headers.iter().filter_map(|(n, v)| Some((n.as_str().to_owned(), v.to_str().ok()?.to_owned()))).collect();
    let url = parts.uri.path().to_owned();
    let delivery = Request { method, url, headers, body };
    // The ledger waits for the disk.
    let answered = tokio::task::spawn_blocking(move || receiver.answer(&delivery)).await;
    let Ok(Response { status, headers, body }) = answered else { return bare(500) };
    let mut out = http::Response::builder().status(status);
    for (name, value) in &headers {
        out = out.header(name, value);
    }
    out.body(Body::from(body)).unwrap_or_else(|_| bare(500))
}

/// The body, or the status that refuses it. One that is too large is read on for a while and thrown away: who is cut off while
/// it writes sees a broken connection, and not the answer (RFC 9112 section 9.6).
async fn whole(body: hyper::body::Incoming) -> Result<Bytes, u16> {
    let (mut parts, mut kept, mut seen) = (Body::new(body).into_data_stream(), BytesMut::new(), 0);
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| 400_u16)?;
        seen += part.len();
        if seen <= MOST_BYTES {
            kept.extend_from_slice(&part);
        } else if seen > MOST_DISCARDED {
            break;
        } else {
            kept = BytesMut::new();
        }
    }
    if seen > MOST_BYTES { Err(413) } else { Ok(kept.freeze()) }
}

fn bare(status: u16) -> http::Response<Body> {
    let mut response = http::Response::new(Body::empty());
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response
}
