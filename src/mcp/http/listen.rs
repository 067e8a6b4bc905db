//! Accepts connections, each with its limits on time, and ends them in order when the server stops.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Limits, Tls};

/// How long connections get to close once everything under way has ended.
const CLOSING: Duration = Duration::from_secs(1);
/// After a fault of accepting (no file descriptors left), until the next try.
const PAUSE: Duration = Duration::from_millis(100);

/// A socket that listens.
pub(super) fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    let listener = std::net::TcpListener::bind(addr)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// Everything that serving takes.
pub(super) struct Serving {
    /// The socket.
    pub(super) listener: TcpListener,
    /// What answers.
    pub(super) router: Router,
    /// Key and certificate.
    pub(super) tls: Option<Tls>,
    /// Limits.
    pub(super) limits: Limits,
    /// Calls under way.
    pub(super) calls: TaskTracker,
    /// Ends open streams.
    pub(super) streams: CancellationToken,
}

impl Serving {
    /// Serves until `stop`; then calls under way are answered, streams are closed, and what is left is dropped.
    pub(super) async fn run(self, stop: CancellationToken) {
        let graceful = GracefulShutdown::new();
        let room = Arc::new(Semaphore::new(self.limits.connections));
        loop {
            let accepted = tokio::select! {
                accepted = self.accept(&room) => accepted,
                () = stop.cancelled() => break,
            };
            match accepted {
                Ok((stream, permit)) => {
                    let connection = self.connection(stream, graceful.watcher());
                    tokio::spawn(async move {
                        connection.await;
                        drop(permit);
                    });
                }
                Err(e) => {
                    tracing::warn!(error = %e, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        // In this order: nothing new comes in, what was asked is answered, and only then are streams ended.
        drop(self.listener);
        self.calls.close();
        if tokio::time::timeout(self.limits.drain, self.calls.wait()).await.is_err() {
            tracing::warn!(calls = self.calls.len(), "calls under way were cut off");
        }
        self.streams.cancel();
        let _ = tokio::time::timeout(CLOSING, graceful.shutdown()).await;
    }

    async fn accept(&self, room: &Arc<Semaphore>) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
        let permit = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
        let (stream, _) = self.listener.accept().await?;
        // Without this each event of a stream waits some 40 ms for the other side's acknowledgement.
        stream.set_nodelay(true)?;
        Ok((stream, permit))
    }

    fn connection(&self, stream: TcpStream, watcher: Watcher) -> impl Future<Output = ()> + Send + 'static {
        let acceptor = self.tls.as_ref().map(Tls::acceptor);
        let service = TowerToHyperService::new(self.router.clone());
        let within = self.limits.headers;
        async move {
            let io = match acceptor {
                None => Either::Left(stream),
                Some(acceptor) => match tokio::time::timeout(within, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => Either::Right(stream),
                    Ok(Err(e)) => return tracing::debug!(error = %e, "a TLS handshake failed"),
                    Err(_) => return tracing::debug!("a TLS handshake took too long"),
                },
            };
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(within).max_headers(64).max_buf_size(64 * 1024);
            let connection = builder.serve_connection(TokioIo::new(io), service);
            if let Err(e) = watcher.watch(connection).await {
                tracing::debug!(error = %e, "a connection ended early");
            }
        }
    }
}
