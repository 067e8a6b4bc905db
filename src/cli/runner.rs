//! Commands that need a runtime: run, mock.

use std::sync::Arc;

use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use super::args::Format;
use super::{compose, live, output, stop};
use crate::app::dead_letters::{self, Replay, ReplayAnswer};
use crate::app::{App, Fault, No, probe_system, rollback, run_connector, runbook as runbooks, serve_mock};
use crate::connector::{Metrics, Observer};

fn runtime() -> Result<Runtime, Fault> {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|e| Fault::internal(&e))
}

/// What is shown of a run while it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// Nothing.
    Nothing,
    /// Log lines.
    Lines,
    /// A view of the flows, drawn over and over.
    View,
}

/// Runs the connector.
pub(super) fn run(app: &App, options: &run_connector::Options, shown: Shown) -> Result<run_connector::Answer, No> {
    let runtime = runtime()?;
    let lines = shown == Shown::Lines;
    let observer: Arc<dyn Observer> = if lines { Arc::new(compose::Lines) } else { Arc::new(compose::Quiet) };
    let meters = compose::meters();
    let observer = meters.as_ref().map_or(Arc::clone(&observer), |m| m.before(observer));
    let secrets = Arc::new(compose::Secrets::new(app.cwd.clone()));
    let answer = runtime.block_on(async {
        let token = stop::on_signal();
        let view = std::sync::Mutex::new(None);
        let tell = |metrics: &Arc<Metrics>, flows: &[String]| {
            if let Some(meters) = &meters {
                meters.watch(metrics, &app.ledger, flows);
            }
            if shown == Shown::View {
                let drawn = live::View::begin(Arc::clone(metrics), Arc::clone(&app.ledger));
                *view.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(drawn);
            }
        };
        let answer = run_connector::run(app, options, secrets, observer, token, &tell).await;
        let drawn = view.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(view) = drawn {
            view.end().await;
        }
        answer
    });
    if let Some(meters) = meters {
        meters.stop();
    }
    answer
}

fn told(quiet: bool) -> Arc<dyn Observer> {
    if quiet { Arc::new(compose::Quiet) } else { Arc::new(compose::Lines) }
}

/// Takes back what a run wrote, or tells what would be.
pub(super) fn rollback(app: &App, options: &rollback::Options, quiet: bool) -> Result<rollback::Answer, No> {
    let secrets = Arc::new(compose::Secrets::new(app.cwd.clone()));
    runtime()?.block_on(async { rollback::run(app, options, secrets, told(quiet), stop::on_signal()).await })
}

/// Delivers dead letters again.
pub(super) fn replay(app: &App, options: &Replay, quiet: bool) -> Result<ReplayAnswer, No> {
    let secrets = Arc::new(compose::Secrets::new(app.cwd.clone()));
    runtime()?.block_on(async { dead_letters::replay(app, options, secrets, told(quiet), stop::on_signal()).await })
}

/// Does what a run does but the writes.
pub(super) fn dry_run(app: &App, options: &run_connector::Options) -> Result<run_connector::DryAnswer, No> {
    let runtime = runtime()?;
    let secrets = Arc::new(compose::Secrets::new(app.cwd.clone()));
    runtime.block_on(async {
        let token = stop::on_signal();
        let tell = |line: &str| output::err(&format!("dry run, no writes: {line}\n"));
        run_connector::dry_run(app, options, secrets, Arc::new(compose::Quiet), token, &tell).await
    })
}

/// Asks the systems of a contract what they are like.
pub(super) fn probe(app: &App, options: &probe_system::Options) -> Result<probe_system::Answer, No> {
    let runtime = runtime()?;
    let secrets = Arc::new(compose::Secrets::new(app.cwd.clone()));
    runtime.block_on(async {
        let token = stop::on_signal();
        probe_system::run(app, options, secrets, Arc::new(compose::Quiet), token).await
    })
}

/// Serves a mock until it is stopped.
pub(super) fn mock(app: &App, options: &serve_mock::Options, format: Format) -> Result<(), No> {
    let runtime = runtime()?;
    runtime.block_on(async {
        let token = stop::on_signal();
        let serving = serve_mock::start(app, options, token).await?;
        let url = format!("http://{}", serving.address);
        if format == Format::Json {
            let mut line = json!({"url": url, "title": serving.title, "holds": serving.holds});
            if !serving.lacks.is_empty() {
                line["lacks"] = json!(serving.lacks);
            }
            output::out(&format!("{line}\n"));
        } else {
            let holds = if serving.holds.is_empty() { "nothing yet".to_owned() } else { serving.holds.join(", ") };
            output::out(&format!("mock of {} at {url}, holding {holds}; Ctrl-C stops it\n", serving.title));
            for lack in &serving.lacks {
                output::out(&format!("{lack}\n  next: mend the description, or give it with an overlay: platform-integration mock \"API + OVERLAY\"\n"));
            }
        }
        serving
            .ended
            .await
            .map_err(|e| Fault::internal(&e))?
            .map_err(|e| Fault::new(format!("the mock stopped: {e}"), "start it again").into())
    })
}

/// Executes a runbook in the lab.
pub(super) fn runbook(
    app: &App,
    options: &runbooks::Options,
    tell: &(dyn Fn(&runbooks::StepOut) + Sync),
) -> Result<runbooks::Answer, No> {
    runtime()?.block_on(runbooks::verify(app, options, tell))
}
