//! Accepts connections, each with its limits, and ends them when the server stops.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{Ui, gate};

/// Connections in all; more wait to be accepted.
const CONNECTIONS: usize = 128;
/// From the first byte of a connection, or the end of the answer before, to the end of the headers.
const HEADERS: Duration = Duration::from_secs(30);
/// How long pages under way may take when the server stops.
const CLOSING: Duration = Duration::from_secs(2);
/// After a fault of accepting (no file descriptors left), until the next try.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop`.
pub(super) async fn run(listener: TcpListener, ui: Arc<Ui>, stop: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = async {
                let permit = Arc::clone(&room).acquire_owned().await.map_err(std::io::Error::other)?;
                listener.accept().await.map(|(stream, _)| (stream, permit))
            } => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, permit)) => {
                let ui = Arc::clone(&ui);
                let service = service_fn(move |request| {
                    let ui = Arc::clone(&ui);
                    async move { Ok::<_, Infallible>(gate::answer(ui, request).await) }
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
