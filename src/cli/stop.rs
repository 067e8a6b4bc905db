//! Ctrl-C and SIGTERM ask to stop; a second one stops at once.

use tokio_util::sync::CancellationToken;

/// A token that the first signal cancels. The second ends the process with 128 and the signal's number, as shells expect.
pub(super) fn on_signal() -> CancellationToken {
    let token = CancellationToken::new();
    let stop = token.clone();
    tokio::spawn(async move {
        let first = wait().await;
        tracing::info!(signal = first, "stopping");
        stop.cancel();
        let second = wait().await;
        end(second);
    });
    token
}

#[expect(clippy::exit, reason = "a second signal asks for exactly this")]
fn end(signal: i32) {
    std::process::exit(128 + signal);
}

#[cfg(unix)]
async fn wait() -> i32 {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => 15,
        _ = int.recv() => 2,
    }
}

#[cfg(not(unix))]
async fn wait() -> i32 {
    match tokio::signal::ctrl_c().await {
        Ok(()) => 2,
        Err(_) => std::future::pending().await,
    }
}
