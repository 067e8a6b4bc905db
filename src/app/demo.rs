//! The whole job on the bundled example: session, maps, contract, drills, readiness. The same calls an agent makes.

use std::path::PathBuf;

use serde::Serialize;

use super::{Answered, App};
use super::{
    AssessReadiness, CheckContract, ConfirmConstraints, Face, Fault, HumanInput, MapSystem, No, OpenSession, RunDrills,
    UseCase, assess_readiness, check_contract, confirm_constraints, execute, map_system, open_session, run_drills,
};
use crate::base::{fs, text};
use crate::evidence::{Reconciliation, Verdict};

/// The example, as it lies in the repository.
const FILES: [(&str, &str); 3] = [
    ("integration.yaml", include_str!("../../examples/billing-to-crm/integration.yaml")),
    ("apis/billing.openapi.yaml", include_str!("../../examples/billing-to-crm/apis/billing.openapi.yaml")),
    ("apis/crm.openapi.json", include_str!("../../examples/billing-to-crm/apis/crm.openapi.json")),
];

const PLACE: &str = "examples/billing-to-crm";

/// Drills of the demo, counted.
#[derive(Debug, Serialize)]
pub struct Drills {
    /// Drills run.
    pub run: u64,
    /// Of them, passed.
    pub passed: u64,
    /// Of them, failed.
    pub failed: u64,
    /// Schedules in all.
    pub schedules: u64,
}

/// The report. The first four fields are what other programs read.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// Verdict of the drills.
    pub verdict: Verdict,
    /// Counted.
    pub drills: Drills,
    /// Records of the happy path.
    pub reconciliation: Reconciliation,
    /// How sure, and what caps it.
    pub confidence: assess_readiness::ConfidenceOut,
    /// The session.
    pub session: String,
    /// Where the evidence lies.
    pub store: String,
    /// Head of the evidence chain.
    pub head: String,
    /// Directory of the example.
    pub example: String,
    /// Both system maps.
    pub maps: Vec<map_system::Answer>,
    /// The contract, compiled.
    pub check: check_contract::Answer,
    /// The test matrix.
    pub matrix: run_drills::Answer,
    /// Checklist, risks, what would raise the confidence.
    pub readiness: assess_readiness::Answer,
    /// What to try next.
    pub next: String,
}

/// Runs the demo; `progress` hears each step as it ends.
///
/// # Errors
/// As the use cases it calls.
pub fn run(app: &App, schedules: u64, seed: u64, progress: &mut dyn FnMut(&str)) -> Result<Answer, No> {
    let example = place(app)?;
    let path = |file: &str| format!("{example}/{file}");
    let opened = call::<OpenSession>(
        app,
        open_session::Params {
            name: "billing-to-crm".to_owned(),
            goal: "keep CRM contacts in step with billing customers".to_owned(),
            anyway: false,
        },
    )?;
    let session = opened.answer.session;
    progress(&format!("opened session {session}"));
    let mut maps = Vec::new();
    for (name, file) in [("billing", "apis/billing.openapi.yaml"), ("crm", "apis/crm.openapi.json")] {
        let map = call::<MapSystem>(
            app,
            map_system::Params { api: path(file), session: Some(session.clone()), name: Some(name.to_owned()) },
        )?;
        progress(&format!(
            "mapped {name}: {}, {}",
            text::plural(map.answer.operations as u64, "operation"),
            text::plural(map.answer.facts_total as u64, "fact")
        ));
        maps.push(map.answer);
    }
    let contract = path("integration.yaml");
    let check = call::<CheckContract>(
        app,
        check_contract::Params { contract: contract.clone(), session: Some(session.clone()), ..Default::default() },
    )?
    .answer;
    progress(&format!("checked {contract}: {}", check.counts));
    // Nobody is asked in a demo, and the evidence says so.
    let unasked = HumanInput::Unreachable { because: "the demo asks nobody".to_owned() };
    let confirmed = execute::<ConfirmConstraints>(
        app,
        &Face::Cli,
        unasked,
        confirm_constraints::Params { session: session.clone(), decisions: Vec::new() },
    )?;
    progress(&format!(
        "put {} to a human: parked, the demo asks nobody",
        text::plural(confirmed.answer.pending.len() as u64, "inferred constraint")
    ));
    let params = run_drills::Params {
        contract: contract.clone(),
        session: Some(session.clone()),
        schedules,
        seed,
        only: None,
        flow: None,
        trace: false,
    };
    let matrix = call::<RunDrills>(app, params)?.answer;
    progress(&format!(
        "drilled the connector: {} of {} passed over {}",
        matrix.tally.passed,
        text::plural(matrix.tally.run, "drill"),
        text::plural(matrix.schedules, "schedule")
    ));
    let assessed = call::<AssessReadiness>(app, assess_readiness::Params { session: session.clone(), notes: None })?;
    progress(&format!("assessed readiness: {}", assessed.answer.confidence.line));
    let next = format!(
        "platform-integration confirm --session {session}   (you are the human: answer, then `platform-integration assess --session {session}`)"
    );
    Ok(Answer {
        verdict: matrix.verdict,
        drills: Drills {
            run: matrix.tally.run,
            passed: matrix.tally.passed,
            failed: matrix.tally.failed,
            schedules: matrix.schedules,
        },
        reconciliation: matrix.reconciliation,
        confidence: assessed.answer.confidence.clone(),
        session,
        store: app.store.place(),
        head: assessed.head,
        example,
        maps,
        check,
        matrix,
        readiness: assessed.answer,
        next,
    })
}

fn call<U: UseCase>(app: &App, params: U::Params) -> Result<Answered<U::Answer>, No> {
    execute::<U>(app, &Face::Cli, HumanInput::NotAsked, params)
}

/// The example beside the user where it is, else a copy in the store's directory: the binary runs alone.
fn place(app: &App) -> Result<String, No> {
    if app.path(PLACE).join("integration.yaml").is_file() {
        return Ok(PLACE.to_owned());
    }
    let dir = PathBuf::from(app.store.place())
        .parent()
        .map_or_else(|| app.cwd.clone(), std::path::Path::to_owned)
        .join("demo")
        .join("billing-to-crm");
    for (name, content) in FILES {
        fs::write_atomic(&dir.join(name), content.as_bytes()).map_err(Fault::from)?;
    }
    Ok(dir.display().to_string())
}
