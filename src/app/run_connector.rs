//! Runs the contract's connector against real systems: real sockets, real time, the durable ledger.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use serde::Serialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::subject::Compiled;
use super::wire::counts_line;
use super::{App, Fault, No, Note, Refusal, note};
use crate::base::clock::SystemClock;
use crate::base::digest::Digest;
use crate::base::rng::Rng;
use crate::base::secret::SecretRef;
use crate::connector::{self, HttpTransport, Observer, Report, SecretSource, World};
use crate::evidence::{EventKind, Phase, Reconciliation, Verdict};

/// What to run and how.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Path of integration.yaml.
    pub contract: String,
    /// Only this flow.
    pub flow: Option<String>,
    /// Base URLs by system name, over those of contract and description.
    pub base_urls: BTreeMap<String, String>,
    /// Keep polling at the flow's interval until stopped; otherwise one pass.
    pub watch: bool,
    /// Agree to write to systems that are not on this machine.
    pub live: bool,
}

/// One flow's result.
#[derive(Debug, Clone, Serialize)]
pub struct FlowOut {
    /// The flow.
    pub flow: String,
    /// PASS, PARTIAL, FAIL or UNPROVEN.
    pub verdict: Verdict,
    /// The counts.
    pub reconciliation: Reconciliation,
    /// Why it ended early, if it did.
    pub stopped: Option<String>,
    /// Requests sent.
    pub requests: u64,
    /// Retries among them.
    pub retries: u64,
}

/// What the run did.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    /// The contract.
    pub contract: String,
    /// Over all flows.
    pub verdict: Verdict,
    /// The last pass of each flow.
    pub flows: Vec<FlowOut>,
    /// What to do next.
    pub next: String,
}

/// Runs the flows until their end, or until `stop`.
///
/// # Errors
/// Refused when the contract does not compile, a flow cannot be planned, or a system is not on this machine and `live`
/// is not given. A fault when the store or the ledger fails.
pub async fn run(
    app: &App,
    options: &Options,
    secrets: Arc<dyn SecretSource>,
    observer: Arc<dyn Observer>,
    stop: CancellationToken,
) -> Result<Answer, No> {
    let compiled = Compiled::load_with(app, &options.contract, None)?;
    let contract = compiled.sound(&options.contract)?;
    for name in options.base_urls.keys() {
        if !contract.systems.contains_key(name) {
            let known: Vec<&str> = contract.systems.keys().map(String::as_str).collect();
            return Err(Refusal::new(
                "unknown-system",
                format!("--base-url names {name}, which is no system of the contract"),
                format!("choose one of: {}", known.join(", ")),
            )
            .into());
        }
    }
    let mut plans = compiled.plans(contract, options.flow.as_deref(), &options.base_urls)?;
    for plan in &mut plans {
        // Two integrations may share a store; their ledgers must not meet.
        plan.flow = format!("{}/{}", plan.integration, plan.flow);
    }
    if !options.live {
        for plan in &plans {
            for (system, url) in
                [(&plan.source.system, &plan.source.base_url), (&plan.target.system, &plan.target.base_url)]
            {
                if !is_loopback(url) {
                    return Err(Refusal::new(
                        "live-not-agreed",
                        format!("system {system} is at {url}, not on this machine"),
                        format!("try it first with `platform-integration mock` and --base-url {system}=http://127.0.0.1:PORT; add --live to run against the real system"),
                    )
                    .into());
                }
            }
        }
    }
    // A missing secret is said before the first request, not by a 401 in the middle.
    for plan in &plans {
        for reference in plan.secret_refs() {
            secrets.resolve(&reference).map_err(|because| {
                Refusal::new(
                    "secret-missing",
                    because,
                    match &reference {
                        SecretRef::Env(name) => format!("export {name}=..., then run again"),
                        SecretRef::File(path) => format!("write the secret to {}, then run again", path.display()),
                    },
                )
            })?;
        }
    }
    let transport = Arc::new(HttpTransport::new().map_err(|e| Fault::internal(&e))?);
    let world = World {
        transport,
        ledger: Arc::clone(&app.ledger),
        clock: Arc::new(SystemClock),
        rng: Arc::new(std::sync::Mutex::new(Rng::from_os())),
        secrets,
        observer,
        stop,
        tracer: app.tracer.clone(),
        trace: app.trace,
    };
    let reports: Vec<Report> = connector::run_all(&plans, &world, !options.watch, &|_| {}).await;
    let flows: Vec<FlowOut> = reports
        .iter()
        .map(|r| FlowOut {
            flow: r.flow.clone(),
            verdict: r.verdict,
            reconciliation: r.counts,
            stopped: r.stopped.as_ref().map(|(code, because)| format!("{code}: {because}")),
            requests: r.requests,
            retries: r.retries,
        })
        .collect();
    let verdict = Verdict::all(flows.iter().map(|f| f.verdict));
    record(app, options, &contract.digest, verdict, &flows)?;
    let dead: u64 = flows.iter().map(|f| f.reconciliation.dead_lettered + f.reconciliation.rejected).sum();
    let next = if dead > 0 {
        "platform-integration dead-letters shows what could not be delivered, and why".to_owned()
    } else if verdict == Verdict::Pass {
        "run it again: a second pass must write nothing".to_owned()
    } else {
        "run it again: it goes on from its checkpoint".to_owned()
    };
    Ok(Answer { contract: options.contract.clone(), verdict, flows, next })
}

fn record(app: &App, options: &Options, digest: &Digest, verdict: Verdict, flows: &[FlowOut]) -> Result<(), No> {
    let data = json!({"file": options.contract, "digest": digest.as_str(), "verdict": verdict, "flows": flows, "live": options.live});
    let summary = flows
        .iter()
        .map(|f| format!("{} {}: {}", f.flow, f.verdict, counts_line(&f.reconciliation)))
        .collect::<Vec<_>>()
        .join("; ");
    let input = json!({"contract": options.contract, "flow": options.flow});
    note(
        app,
        Note { session: None, phase: Phase::Connect, kind: EventKind::ConnectorRun, tool: "run", input, summary, data },
    )?;
    Ok(())
}

/// Whether a base URL leads to this machine.
#[must_use]
pub fn is_loopback(url: &str) -> bool {
    let Some(rest) = url.split_once("://").map(|(_, r)| r) else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    // Whoever writes user info into a URL may be hiding another host behind it.
    if authority.contains('@') {
        return false;
    }
    let host = if let Some(v6) = authority.strip_prefix('[') {
        v6.split(']').next().unwrap_or("")
    } else {
        authority.split(':').next().unwrap_or("")
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_this_machine_is_loopback() {
        for url in ["http://127.0.0.1:80/x", "http://localhost", "http://[::1]:9/"] {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "https://api.example",
            "http://localhost@evil.example",
            "http://127.0.0.1.evil.example",
            "http://localhost.evil.example",
            "ftp",
            "",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }
}

/// One record that could not be delivered.
#[derive(Debug, Clone, Serialize)]
pub struct DeadLetterOut {
    /// Its number.
    pub id: u64,
    /// The flow.
    pub flow: String,
    /// Key of the source record.
    pub key: String,
    /// Kebab-case reason.
    pub code: String,
    /// Reason in words.
    pub because: String,
    /// Attempts made.
    pub attempts: u32,
    /// When.
    pub at: String,
    /// waiting, replayed or dropped.
    pub state: crate::evidence::DeadState,
}

/// The list of dead letters. Payloads stay in the ledger: they may hold personal data.
#[derive(Debug, Clone, Serialize)]
pub struct DeadLettersAnswer {
    /// Oldest first.
    pub dead_letters: Vec<DeadLetterOut>,
    /// What to do next.
    pub next: String,
}

impl DeadLettersAnswer {
    /// For people and programs.
    #[must_use]
    pub fn of(letters: Vec<crate::evidence::DeadLetter>) -> Self {
        let dead_letters: Vec<DeadLetterOut> = letters
            .into_iter()
            .map(|l| DeadLetterOut {
                id: l.id,
                flow: l.flow,
                key: l.key,
                code: l.code,
                because: l.because,
                attempts: l.attempts,
                at: l.at.rfc3339(),
                state: l.state,
            })
            .collect();
        let next = if dead_letters.iter().any(|l| l.state == crate::evidence::DeadState::Waiting) {
            "mend the record or the mapping; the next run that reads the record delivers it and settles the letter"
                .to_owned()
        } else {
            String::new()
        };
        Self { dead_letters, next }
    }
}
