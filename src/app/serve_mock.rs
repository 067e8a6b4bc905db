//! Serves the lab's stateful mock of a description over loopback, so that `run` can be tried without a real system.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use super::context::system_of;
use super::{App, Fault, No, Refusal};
use crate::base::rng::Rng;
use crate::base::text;
use crate::lab::mock::{MockOptions, MockSystem};
use crate::lab::{serve, unkind};
use crate::model::Action;

/// What to serve.
#[derive(Debug, Clone)]
pub struct Options {
    /// Path of the API description.
    pub api: String,
    /// Address to listen on; loopback only. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Records to begin with, for each entity that can be listed.
    pub records: usize,
    /// Seed of the data.
    pub seed: u64,
    /// Faults that its answers suffer from, as `CODE[:TIMES[:AFTER]]`.
    pub faults: Vec<String>,
    /// Records on a page at most, whatever a request asks for.
    pub page: Option<u64>,
    /// Keeps to the rate limits that the description states.
    pub limits: bool,
    /// How long lists show what was there before a write, in milliseconds.
    pub lag_ms: u64,
}

/// A mock that is being served.
pub struct Serving {
    /// Where it listens.
    pub address: SocketAddr,
    /// What it holds, for people: `40 customers`.
    pub holds: Vec<String>,
    /// What it can hold nothing of, and why: `no customers: no value fits ...`.
    pub lacks: Vec<String>,
    /// Ends when the mock has stopped.
    pub ended: tokio::task::JoinHandle<std::io::Result<()>>,
    /// Title of the system.
    pub title: String,
}

/// Starts serving; stops when `stop` is cancelled.
///
/// # Errors
/// Refused when the description cannot be read or the address is not on this machine; a fault when it cannot be bound.
pub async fn start(app: &App, options: &Options, stop: CancellationToken) -> Result<Serving, No> {
    if !options.listen.ip().is_loopback() {
        return Err(Refusal::new(
            "not-loopback",
            format!(
                "{} is not on this machine: a mock accepts any credential, so others must not reach it",
                options.listen.ip()
            ),
            format!("listen on 127.0.0.1:{}", options.listen.port()),
        )
        .into());
    }
    if options.records > 1_000_000 {
        return Err(Refusal::new(
            "bad-argument",
            format!("{} records are more than the 1000000 a mock holds", options.records),
            "--records 1000",
        )
        .into());
    }
    let mut faults = Vec::new();
    for words in &options.faults {
        let made = unkind::fault(words);
        faults.push(made.map_err(|because| Refusal::new("bad-argument", because, "--fault short-page:2"))?);
    }
    let read = app.read_description(&app.path(&options.api), &options.api)?;
    let system = Arc::clone(system_of(&read)?);
    let defaults = MockOptions::default();
    // Nobody asks a mock that is served what it saw.
    let behaviour = MockOptions {
        journal: 0,
        page_size: options.page.unwrap_or(defaults.page_size).max(1),
        page_cap: options.page.map(|page| page.max(1)),
        limits: options.limits,
        lag_ms: i64::try_from(options.lag_ms).unwrap_or(i64::MAX),
        ..defaults
    };
    let mut mock = MockSystem::new(Arc::clone(&system), options.seed, behaviour);
    let mut rng = Rng::seeded(options.seed);
    let listed: Vec<String> = system
        .entities
        .values()
        .filter(|e| e.operations.contains_key(&Action::List) || e.operations.contains_key(&Action::Search))
        .map(|e| e.name.clone())
        .collect();
    let (mut holds, mut lacks) = (Vec::new(), Vec::new());
    for entity in &listed {
        if let Some(why) = mock.blueprint().no_record(entity) {
            lacks.push(format!("no {entity}: {why}"));
            continue;
        }
        let made = mock.seed_records(entity, options.records, &mut rng).len();
        if made > 0 {
            holds.push(text::plural(made as u64, entity));
        }
    }
    let serving = serve::serve_with(Arc::new(Mutex::new(mock)), faults, options.listen, Arc::clone(&app.clock), stop)
        .await
        .map_err(|e| {
            Fault::new(
                format!("cannot listen on {}: {e}", options.listen),
                "choose another port, or port 0 for a free one",
            )
        })?;
    Ok(Serving { address: serving.addr, holds, lacks, ended: serving.done, title: system.title.clone() })
}
