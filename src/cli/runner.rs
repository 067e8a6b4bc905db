//! Commands that need a runtime: run, mock.

use std::sync::Arc;

use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use super::args::Format;
use super::{compose, output, stop};
use crate::app::{App, Fault, No, probe_system, run_connector, serve_mock};
use crate::connector::Observer;

fn runtime() -> Result<Runtime, Fault> {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|e| Fault::internal(&e))
}

/// Runs the connector.
pub(super) fn run(app: &App, options: &run_connector::Options, quiet: bool) -> Result<run_connector::Answer, No> {
    let runtime = runtime()?;
    let observer: Arc<dyn Observer> = if quiet { Arc::new(compose::Quiet) } else { Arc::new(compose::Lines) };
    let secrets = Arc::new(compose::Secrets { cwd: app.cwd.clone() });
    runtime.block_on(async {
        let token = stop::on_signal();
        run_connector::run(app, options, secrets, observer, token).await
    })
}

/// Does what a run does but the writes.
pub(super) fn dry_run(app: &App, options: &run_connector::Options) -> Result<run_connector::DryAnswer, No> {
    let runtime = runtime()?;
    let secrets = Arc::new(compose::Secrets { cwd: app.cwd.clone() });
    runtime.block_on(async {
        let token = stop::on_signal();
        let tell = |line: &str| output::err(&format!("dry run, no writes: {line}\n"));
        run_connector::dry_run(app, options, secrets, Arc::new(compose::Quiet), token, &tell).await
    })
}

/// Asks the systems of a contract what they are like.
pub(super) fn probe(app: &App, options: &probe_system::Options) -> Result<probe_system::Answer, No> {
    let runtime = runtime()?;
    let secrets = Arc::new(compose::Secrets { cwd: app.cwd.clone() });
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
            output::out(&format!("{}\n", json!({"url": url, "title": serving.title, "holds": serving.holds})));
        } else {
            let holds = if serving.holds.is_empty() { "nothing yet".to_owned() } else { serving.holds.join(", ") };
            output::out(&format!("mock of {} at {url}, holding {holds}; Ctrl-C stops it\n", serving.title));
        }
        serving
            .ended
            .await
            .map_err(|e| Fault::internal(&e))?
            .map_err(|e| Fault::new(format!("the mock stopped: {e}"), "start it again").into())
    })
}
