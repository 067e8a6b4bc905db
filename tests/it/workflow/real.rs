//! The same walk through the real tools: an agent of one principal, with real files, a real store and nobody to ask.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use platform_integration::app::{self, App, Channel, Decision, DecisionArg, Face, HumanInput, No, execute};
use platform_integration::base::clock::{ManualClock, Timestamp};
use platform_integration::base::digest::Digest;
use platform_integration::base::rng::Rng;
use platform_integration::base::stop::Stop;
use platform_integration::evidence::MemoryLedger;
use platform_integration::evidence::{EventKind, Outcome, Provenance, Store};
use platform_integration::store::MemoryStore;

use super::walk::Oracle;

struct Agent {
    app: App,
    store: Arc<MemoryStore>,
    dir: tempfile::TempDir,
    face: Face,
    session: String,
    /// A session of somebody else.
    foreign: String,
    rng: Rng,
    through: BTreeMap<&'static str, u64>,
    refused: BTreeMap<String, u64>,
}

fn face(principal: &str) -> Face {
    let provenance = Provenance { principal: Some(principal.to_owned()), ..Provenance::default() };
    Face::Mcp { client: "agent 1.0".to_owned(), provenance, stop: Stop::default() }
}

fn nobody() -> HumanInput {
    HumanInput::Unreachable { because: "nobody is there".to_owned() }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

impl Agent {
    fn new(seed: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/billing-to-crm"), dir.path());
        let store = Arc::new(MemoryStore::default());
        let clock = Arc::new(ManualClock::new(Timestamp(1_795_434_360_000)));
        let app = App::new(
            Arc::clone(&store) as _,
            Arc::new(MemoryLedger::default()),
            clock,
            Rng::seeded(seed),
            dir.path().to_owned(),
        );
        let open = |face: &Face| {
            let params =
                app::open_session::Params { name: "billing-to-crm".to_owned(), goal: String::new(), anyway: true };
            execute::<app::OpenSession>(&app, face, nobody(), params).unwrap().answer.session
        };
        let (face, foreign) = (face("agent"), open(&face("somebody-else")));
        let session = open(&face);
        Self {
            app,
            store,
            dir,
            face,
            session,
            foreign,
            rng: Rng::seeded(seed),
            through: BTreeMap::new(),
            refused: BTreeMap::new(),
        }
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        *self.rng.pick(all).unwrap()
    }

    /// Mostly its own session, sometimes somebody else's.
    fn session(&mut self) -> String {
        if self.rng.one_in(15) { self.foreign.clone() } else { self.session.clone() }
    }

    fn call<U: app::UseCase>(&mut self, session: &str, params: U::Params) {
        let before = self.store.events_of(&self.session).unwrap();
        let now = before.iter().rfind(|e| e.event.kind == EventKind::ContractChecked && e.event.outcome == Outcome::Ok);
        let now = now.and_then(|e| e.event.data["file"].as_str()).map(digest);
        let files = before
            .iter()
            .flat_map(|e| {
                let data = &e.event.data;
                let read = data["apis"].as_object().into_iter().flat_map(|apis| apis.values());
                read.chain(data.get("api")).filter_map(|p| p.as_str()).map(str::to_owned).collect::<Vec<_>>()
            })
            .map(|path| (path.clone(), digest(&path)))
            .collect();
        let foreign = self.store.events_of(&self.foreign).unwrap().len();
        let result = execute::<U>(&self.app, &self.face, nobody(), params);
        assert_eq!(self.store.events_of(&self.foreign).unwrap().len(), foreign, "a stranger left a trace");
        match result {
            Ok(_) => {
                assert_eq!(session, self.session, "{} answered about a session of somebody else", U::NAME);
                let oracle = Oracle { events: &before, contract: now.as_deref(), files: &files };
                assert!(oracle.may(U::NAME), "{} was let through after {before:#?}", U::NAME);
                *self.through.entry(U::NAME).or_default() += 1;
            }
            Err(No::Refusal(refusal)) => {
                assert!(!refusal.evidence.is_empty() && !refusal.next.is_empty(), "{refusal}");
                *self.refused.entry(refusal.code).or_default() += 1;
            }
            Err(other) => panic!("{}: {other:?}", U::NAME),
        }
    }

    /// The agent edits a file of the user's.
    fn edit(&mut self) {
        let original = |name: &str| {
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/billing-to-crm").join(name))
                .unwrap()
        };
        let contract = original("integration.yaml");
        let (name, text) = match self.rng.below(8) {
            0 | 1 => ("integration.yaml", contract),
            2 => ("integration.yaml", contract.replace("kind: inferred", "kind: hard")),
            3 => ("integration.yaml", contract.replace("kind: inferred", "kind: soft")),
            4 => ("integration.yaml", contract.replace("email: {from: email", "email: {from: emall")),
            5 => {
                let (head, rest) = contract.split_once("  # inferred:").unwrap();
                let (_, flows) = rest.split_once("\nflows:").unwrap();
                ("integration.yaml", format!("{head}\nflows:{flows}"))
            }
            6 => ("apis/billing.openapi.yaml", original("apis/billing.openapi.yaml") + "\n# edited\n"),
            _ => ("apis/billing.openapi.yaml", original("apis/billing.openapi.yaml")),
        };
        std::fs::write(self.dir.path().join(name), text).unwrap();
    }

    fn step(&mut self) {
        if self.rng.one_in(6) {
            self.edit();
        }
        let session = self.session();
        let contract = "integration.yaml".to_owned();
        match self.rng.below(10) {
            0 | 1 => {
                let (name, api) =
                    self.pick(&[("billing", "apis/billing.openapi.yaml"), ("crm", "apis/crm.openapi.json")]);
                let params = app::map_system::Params {
                    api: api.to_owned(),
                    session: Some(session.clone()),
                    name: Some(name.to_owned()),
                };
                self.call::<app::MapSystem>(&session, params);
            }
            2 => {
                let kind = self.pick(&[
                    app::record_constraint::KindArg::Hard,
                    app::record_constraint::KindArg::Soft,
                    app::record_constraint::KindArg::Inferred,
                ]);
                let params = app::record_constraint::Params {
                    session: session.clone(),
                    id: self.pick(&["billing-ids-stable", "billing-email-stable"]).to_owned(),
                    kind,
                    says: self
                        .pick(&["a customer's id never changes and is never used again", "other words"])
                        .to_owned(),
                    origin: None,
                    owner: None,
                    binds: Vec::new(),
                };
                self.call::<app::RecordConstraint>(&session, params);
            }
            3 => {
                let decision = self.pick(&[Decision::Confirm, Decision::Reject, Decision::Defer]);
                let said = DecisionArg {
                    id: self.pick(&["billing-ids-stable", "billing-email-stable"]).to_owned(),
                    decision,
                    quote: self.pick(&["yes", "approved by the board", ""]).to_owned(),
                    by: self.pick(&["mira", "the user", ""]).to_owned(),
                    correction: None,
                    risk: None,
                };
                let decisions = if self.rng.one_in(4) { Vec::new() } else { vec![said] };
                let params = app::confirm_constraints::Params { session: session.clone(), decisions };
                self.call::<app::ConfirmConstraints>(&session, params);
            }
            4 | 5 => {
                let params =
                    app::check_contract::Params { contract, session: Some(session.clone()), ..Default::default() };
                self.call::<app::CheckContract>(&session, params);
            }
            6 => {
                let params = app::scaffold_connector::Params {
                    contract,
                    out: "out".to_owned(),
                    session: Some(session.clone()),
                    dry_run: false,
                    restore: false,
                    target: app::scaffold_connector::Target::Manifest,
                };
                self.call::<app::ScaffoldConnector>(&session, params);
            }
            7 => {
                let params =
                    serde_json::json!({"contract": contract, "session": session, "schedules": 1, "only": "happy-path"});
                self.call::<app::RunDrills>(&session, serde_json::from_value(params).unwrap());
            }
            8 => {
                let notes = self.pick(&[None, Some("well done"), Some("Confidence: 0.95 (ceiling: observation 0.95)")]);
                let params =
                    app::assess_readiness::Params { session: session.clone(), notes: notes.map(str::to_owned) };
                self.call::<app::AssessReadiness>(&session, params);
            }
            _ => {
                let params =
                    app::export_dossier::Params { session: session.clone(), out: "dossier".to_owned(), notes: None };
                self.call::<app::ExportDossier>(&session, params);
            }
        }
    }

    /// Nobody decided anything but the agent, and the record says so.
    fn holds(&self) {
        for event in self.store.events_of(&self.session).unwrap() {
            assert_ne!(event.event.kind, EventKind::Approved);
            if event.event.kind == EventKind::ConstraintsConfirmed && event.event.outcome == Outcome::Ok {
                for decision in event.event.data["decisions"].as_array().unwrap() {
                    assert_eq!(decision["channel"], Channel::AgentReport.as_str());
                }
            }
            if event.event.kind == EventKind::ReadinessAssessed && event.event.outcome == Outcome::Ok {
                // Both examples of what is inferred are in the contract or were left out of it; nobody settled one.
                assert!(event.event.data["confidence"].as_f64().unwrap() <= 0.95);
            }
        }
        assert!(self.store.verify().unwrap().fault.is_none());
    }
}

fn digest(path: &str) -> String {
    std::fs::read(path).map_or_else(|_| "gone".to_owned(), |bytes| Digest::of_bytes(&bytes).as_str().to_owned())
}

#[test]
fn the_real_tools_let_an_agent_through_only_on_evidence() {
    let mut through: BTreeMap<&str, u64> = BTreeMap::new();
    let mut refused: BTreeMap<String, u64> = BTreeMap::new();
    for seed in 0..6 {
        let mut agent = Agent::new(seed);
        for _ in 0..60 {
            agent.step();
        }
        agent.holds();
        agent.through.iter().for_each(|(tool, n)| *through.entry(tool).or_default() += n);
        agent.refused.iter().for_each(|(code, n)| *refused.entry(code.clone()).or_default() += n);
    }
    for tool in ["run_drills", "export_dossier", "check_contract", "assess_readiness"] {
        assert!(through.contains_key(tool), "{through:?} {refused:?}");
    }
    for code in ["phase-gate-unmet", "contract-changed-since-check", "unknown-session", "confidence-overstated"] {
        assert!(refused.contains_key(code), "{through:?} {refused:?}");
    }
}
