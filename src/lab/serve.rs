//! A mock behind a real socket: loopback only, for `mock` and for tests over the wire.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::mock::MockSystem;
use crate::base::clock::Clock;
use crate::connector::Request;
use crate::model::Method;

/// The largest request body taken.
const MOST_BYTES: usize = 16 * 1024 * 1024;

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
    if !addr.ip().is_loopback() {
        let because = format!("{addr} is not a loopback address; a mock listens on 127.0.0.1 or [::1] only");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, because));
    }
    let listener = TcpListener::bind(addr).await?;
    let addr = listener.local_addr()?;
    let app = Router::new().fallback(move |request: axum::extract::Request| {
        let (mock, clock) = (Arc::clone(&mock), Arc::clone(&clock));
        async move { answer(&mock, clock.as_ref(), addr, request).await }
    });
    let done =
        tokio::spawn(async move { axum::serve(listener, app).with_graceful_shutdown(stop.cancelled_owned()).await });
    Ok(Serving { addr, done })
}

async fn answer(
    mock: &Mutex<MockSystem>,
    clock: &dyn Clock,
    addr: SocketAddr,
    request: axum::extract::Request,
) -> http::Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MOST_BYTES).await else {
        return plain(413, "the body is larger than 16 MiB, or it was cut off");
    };
    let Some(method) = Method::parse(parts.method.as_str()) else {
        return plain(501, "this method is not mocked");
    };
    let headers = parts
        .headers
        .iter()
        .filter_map(|(n, v)| Some((n.as_str().to_owned(), v.to_str().ok()?.to_owned())))
        .collect::<Vec<_>>();
    let host = headers.iter().find(|(n, _)| n == "host").map_or_else(|| addr.to_string(), |(_, v)| v.clone());
    let target = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let request = Request { method, url: format!("http://{host}{target}"), headers, body };
    let now = clock.now();
    let response = mock.lock().unwrap_or_else(PoisonError::into_inner).handle(&request, now);
    tracing::info!(method = method.as_str(), path = target.split('?').next(), status = response.status, "answered");
    let mut out = http::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        // hyper dates its answers itself.
        if name != "date" {
            out = out.header(name, value);
        }
    }
    let body = if method == Method::Head { Body::empty() } else { Body::from(response.body) };
    out.body(body).unwrap_or_else(|_| plain(500, "the mock made an answer that is not HTTP"))
}

fn plain(status: u16, because: &'static str) -> http::Response<Body> {
    let mut response = http::Response::new(Body::from(because));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response
}
