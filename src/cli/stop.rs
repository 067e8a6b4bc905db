//! Ctrl-C and SIGTERM ask to stop; a second one stops at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::base::stop::Stop;

/// What comes so soon after a signal is its echo, not a second wish: `timeout` signals its child and then the whole group,
/// the child in it; a terminal signals the group of a wrapper that passes the signal on, as that of npm does.
const ECHO: Duration = Duration::from_millis(500);

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
        end(signals.second().await);
    });
    token
}

/// A file that reaches the limit of its size (`ulimit -f`) is a write that fails, and is told as one; by itself the signal
/// SIGXFSZ would end the process without a word. What is put in place here stays, and programs that are started have the usual.
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub(super) fn outlive_full_files() {
    #[cfg(target_os = "linux")]
    use libc::SIGXFSZ;
    #[cfg(target_os = "macos")]
    const SIGXFSZ: i32 = 25;
    use tokio::signal::unix::{SignalKind, signal};
    // Nothing is lost where it cannot be done.
    let Ok(runtime) = Builder::new_current_thread().enable_io().build() else { return };
    let _inside = runtime.enter();
    let _ = signal(SignalKind::from_raw(SIGXFSZ));
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub(super) fn outlive_full_files() {}

/// A watch for signals over work that does not wait for anything itself.
pub(super) struct Watch {
    /// Keeps the watch; nothing where there is none, and a signal ends the process at once.
    _runtime: Option<Runtime>,
    signal: Arc<AtomicU8>,
}

impl Watch {
    /// Begins: the first signal sets the returned wish, and is said; the second ends the process.
    pub(super) fn begin(what: &str) -> (Self, Stop) {
        let (stop, signal) = (Stop::default().below(), Arc::new(AtomicU8::new(0)));
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().ok();
        if let Some(runtime) = &runtime {
            let _inside = runtime.enter();
            let mut signals = Signals::listen();
            let (stop, signal, what) = (stop.clone(), Arc::clone(&signal), what.to_owned());
            runtime.spawn(async move {
                let first = signals.next().await;
                signal.store(u8::try_from(first).unwrap_or(0), Ordering::Relaxed);
                super::output::err(&format!("stopping {what}; once more stops it at once\n"));
                stop.set();
                end(signals.second().await);
            });
        }
        (Self { _runtime: runtime, signal }, stop)
    }

    /// The exit code: that of the signal where one came before the work was done, else the work's own.
    pub(super) fn code(&self, code: u8) -> u8 {
        match self.signal.load(Ordering::Relaxed) {
            0 => code,
            signal => super::exit::stopped(signal),
        }
    }
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

impl Signals {
    /// The next signal that is not the echo of the one just seen.
    async fn second(&mut self) -> i32 {
        let first = Instant::now();
        loop {
            let signal = self.next().await;
            if first.elapsed() >= ECHO {
                return signal;
            }
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
