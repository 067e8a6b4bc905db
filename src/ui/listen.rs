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
/// From the start of a connection, or the end of the answer before, to the end of the headers: pages are asked for by people on
/// this machine or behind a proxy, and who only holds a connection open would keep others out.
const HEADERS: Duration = Duration::from_secs(5);
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio::time::Instant;

    use super::*;
    use crate::app::App;
    use crate::base::clock::{ManualClock, Timestamp};
    use crate::base::rng::Rng;
    use crate::evidence::MemoryLedger;
    use crate::store::MemoryStore;

    /// Time is paused: it passes only when everybody waits.
    #[tokio::test(start_paused = true)]
    async fn a_connection_that_sends_no_whole_head_is_closed_in_time() {
        let clock = Arc::new(ManualClock::new(Timestamp(0)));
        let (store, ledger) = (Arc::new(MemoryStore::default()), Arc::new(MemoryLedger::default()));
        let app = App::new(store, ledger, clock, Rng::seeded(1), std::path::PathBuf::from("/"));
        let room = Semaphore::new(1);
        let ui = Ui { app: Arc::new(app), known: None, hosts: Vec::new(), room, policy: gate::policy() };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("an address");
        let stop = CancellationToken::new();
        let serving = tokio::spawn(run(listener, Arc::new(ui), stop.clone()));
        for sent in ["", "GET / HT", "GET / HTTP/1.1\r\nHost: localhost\r\n"] {
            let began = Instant::now();
            let mut stream = TcpStream::connect(addr).await.expect("a connection");
            stream.write_all(sent.as_bytes()).await.expect("sent");
            let mut answer = Vec::new();
            // It may be told why before it is closed.
            let _ = stream.read_to_end(&mut answer).await;
            assert!(began.elapsed() <= HEADERS + Duration::from_secs(1), "{sent:?}: {:?}", began.elapsed());
        }
        stop.cancel();
        serving.await.expect("it ended");
    }
}
