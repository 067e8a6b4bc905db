//! Ctrl-C and SIGTERM ask to stop; a second one stops at once.

use tokio_util::sync::CancellationToken;

/// A token that the first signal cancels. The second ends the process with 128 and the signal's number, as shells expect.
pub(super) fn on_signal() -> CancellationToken {
    let token = CancellationToken::new();
    let stop = token.clone();
    // Listening begins here, not when the task is first polled: a signal in between would end the process.
    let mut signals = Signals::listen();
    tokio::spawn(async move {
        let first = signals.next().await;
        tracing::info!(signal = first, "stopping");
        stop.cancel();
        let second = signals.next().await;
        end(second);
    });
    token
}

#[expect(clippy::exit, reason = "a second signal asks for exactly this")]
fn end(signal: i32) {
    std::process::exit(128 + signal);
}

#[cfg(unix)]
struct Signals(Option<(tokio::signal::unix::Signal, tokio::signal::unix::Signal)>);

#[cfg(unix)]
impl Signals {
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self(signal(SignalKind::terminate()).ok().zip(signal(SignalKind::interrupt()).ok()))
    }

    async fn next(&mut self) -> i32 {
        match &mut self.0 {
            Some((term, int)) => tokio::select! {
                _ = term.recv() => 15,
                _ = int.recv() => 2,
            },
            None => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> Self {
        Self
    }

    async fn next(&mut self) -> i32 {
        match tokio::signal::ctrl_c().await {
            Ok(()) => 2,
            Err(_) => std::future::pending().await,
        }
    }
}
