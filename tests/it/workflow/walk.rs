//! No sequence of an agent's calls gets anywhere without evidence. An agent walks at random, a hundred thousand steps
//! over all seeds: any tool, any argument, files edited, constraints relabelled, decisions forged, calls reordered. What
//! must have been refused is said here a second time, from the raw events, and not by asking the workflow.

use std::collections::{BTreeMap, BTreeSet};

use platform_integration::base::digest::Digest;
use platform_integration::base::rng::Rng;
use platform_integration::contract::ConstraintKind;
use platform_integration::evidence::{Event, EventKind, Outcome, Verdict};
use platform_integration::workflow::phases::{TOOLS, next_call};
use platform_integration::workflow::record::{Binds, Channel, ConstraintRecorded, Decision, DecisionRecord};
use platform_integration::workflow::{Ask, ConstraintState, Facts, Proposal, Ruling, assess, rule};
use serde_json::{Value, json};

use super::log::{Log, inferred, session};

const IDS: [&str; 3] = ["ids-stable", "email-unique", "crm-rate"];
const SAYS: [&str; 2] = ["it holds", "it holds, on weekdays"];
const DIGESTS: [&str; 3] = ["c1", "c2", "c3"];
const SYSTEMS: [&str; 3] = ["billing", "crm", "shop"];
const DRILLS: [&str; 3] = ["happy-path", "burst-503", "committed-then-503"];

/// What must hold, from the raw events and the files alone.
pub(super) struct Oracle<'l> {
    pub(super) events: &'l [Event],
    pub(super) contract: Option<&'l str>,
    pub(super) files: &'l BTreeMap<String, String>,
}

impl Oracle<'_> {
    fn of(&self, kind: EventKind) -> impl DoubleEndedIterator<Item = &Event> {
        self.events.iter().filter(move |e| e.event.kind == kind && e.event.outcome == Outcome::Ok)
    }

    /// The last check, if file and descriptions are still what it read.
    fn check(&self) -> Option<&Event> {
        let check = self.of(EventKind::ContractChecked).next_back()?;
        let read = &check.event.data;
        if self.contract.is_some_and(|now| read["digest"] != now) {
            return None;
        }
        for (name, digest) in read["systems"].as_object()? {
            let path = read["apis"][name].as_str().unwrap_or_default();
            let on_disk = self.files.get(path).is_some_and(|now| digest != now.as_str());
            let last = self.of(EventKind::SystemMapped).rfind(|m| m.event.data["name"] == **name);
            let remapped = last.is_some_and(|m| m.seq > check.seq && m.event.data["digest"] != *digest);
            if on_disk || remapped {
                return None;
            }
        }
        Some(check)
    }

    fn clean(&self) -> bool {
        self.check().is_some_and(|c| c.event.data["errors"] == 0)
    }

    fn mapped(&self) -> bool {
        let mut last: BTreeMap<&str, &Value> = BTreeMap::new();
        for event in self.of(EventKind::SystemMapped) {
            last.insert(event.event.data["name"].as_str().unwrap(), &event.event.data);
        }
        let same =
            |m: &&Value| self.files.get(m["api"].as_str().unwrap()).is_none_or(|now| m["digest"] == now.as_str());
        last.len() >= 2 && last.values().all(same)
    }

    /// Ids that were inferred, or assumed by a check, at some time in this session. No kind and no origin that came later
    /// takes one out.
    fn ever_inferred(&self) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        let mut say = |c: &Value, assumed: bool| {
            if assumed || c["kind"] == "inferred" {
                ids.insert(c["id"].as_str().unwrap().to_owned());
            }
        };
        for event in self.of(EventKind::ConstraintRecorded) {
            say(&event.event.data, false);
        }
        for event in self.of(EventKind::ContractChecked) {
            event.event.data["constraints"].as_array().unwrap().iter().for_each(|c| say(c, false));
            event.event.data["assumed"].as_array().into_iter().flatten().for_each(|c| say(c, true));
        }
        ids
    }

    /// What a decision on this is bound to, worked out here from the raw words.
    fn bound(c: &Value) -> String {
        let mut decided = json!({"id": c["id"], "says": c["says"]});
        if let Some(binds) = c.get("binds") {
            decided["binds"] = binds.clone();
        }
        Digest::of_json(&decided).as_str().to_owned()
    }

    /// Ids ever inferred whose words no person has ever decided on, as they were said last. (That binds which narrow
    /// keep a decision, and that a report may come after it, makes the workflow stricter or laxer by degrees; that nobody
    /// was there is what an agent must not get past.)
    fn undecided(&self) -> BTreeSet<String> {
        let by_person = |id: &str, digests: &BTreeSet<String>| {
            self.of(EventKind::ConstraintsConfirmed).flat_map(|e| e.event.data["decisions"].as_array().unwrap()).any(
                |d| {
                    d["id"] == id
                        && d["channel"] != "agent-report"
                        && d["decision"] != "deferred"
                        && digests.contains(d["digest"].as_str().unwrap())
                },
            )
        };
        self.ever_inferred().into_iter().filter(|id| !by_person(id, &self.present(id))).collect()
    }

    /// Digests of the words that a constraint has now, under whatever it was said to bind while it had them.
    fn present(&self, id: &str) -> BTreeSet<String> {
        let mut said: Vec<&Value> = Vec::new();
        for event in self.events.iter().filter(|e| e.event.outcome == Outcome::Ok) {
            match event.event.kind {
                EventKind::ConstraintRecorded => said.push(&event.event.data),
                EventKind::ContractChecked => {
                    said.extend(event.event.data["constraints"].as_array().unwrap());
                    said.extend(event.event.data["assumed"].as_array().into_iter().flatten());
                }
                _ => {}
            }
        }
        let of: Vec<&Value> = said.into_iter().filter(|c| c["id"] == id).collect();
        let Some(last) = of.last() else { return BTreeSet::new() };
        of.iter().filter(|c| c["says"] == last["says"]).map(|c| Self::bound(c)).collect()
    }

    /// Some drill passed on the contract as it is.
    fn drilled(&self) -> bool {
        let Some(check) = self.check() else { return false };
        self.of(EventKind::DrillsRun).any(|run| {
            run.event.data["digest"] == check.event.data["digest"]
                && run.event.data["rows"].as_array().unwrap().iter().any(|row| row["verdict"] == "PASS")
        })
    }

    /// What no agent may have brought about without its evidence.
    pub(super) fn may(&self, tool: &str) -> bool {
        match tool {
            "draft_contract" => self.mapped(),
            "run_drills" => self.clean(),
            "export_dossier" => self.check().is_some(),
            "scaffold_connector" => self.clean() && self.undecided().is_empty(),
            _ => true,
        }
    }
}

struct Walk {
    log: Log,
    facts: Facts,
    rng: Rng,
    allowed: BTreeMap<&'static str, u64>,
    refused: u64,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let facts = Facts { session: Some(session()), ..Facts::default() };
        Self { log: Log::default(), facts, rng: Rng::seeded(seed), allowed: BTreeMap::new(), refused: 0 }
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        *self.rng.pick(all).unwrap()
    }

    /// The facts as the next call finds them.
    fn now(&self) -> Facts {
        self.facts.clone().with_contract(self.log.now.as_deref()).with_files(self.log.files.clone())
    }

    fn constraint(&mut self) -> ConstraintRecorded {
        let kind = self.pick(&[ConstraintKind::Hard, ConstraintKind::Soft, ConstraintKind::Inferred]);
        let origin = self.rng.one_in(4).then(|| "billing#/x".to_owned());
        // The server says whether the place is there; an agent can name any.
        let found = origin.is_some() && self.rng.one_in(2);
        let binds: &[&str] = self.pick(&[&[][..], &["flow:contacts"], &["flow:contacts", "system:crm"]]);
        ConstraintRecorded {
            id: self.pick(&IDS).to_owned(),
            kind,
            says: self.pick(&SAYS).to_owned(),
            origin,
            owner: None,
            binds: Binds::parse(binds.iter().copied()).unwrap(),
            found,
        }
    }

    fn decisions(&mut self) -> Vec<DecisionRecord> {
        let id = self.pick(&IDS);
        let known = self.facts.constraints.get(id).map(|c| c.digest());
        let words = [Some("yes, they never change"), Some(""), None];
        vec![DecisionRecord {
            id: id.to_owned(),
            decision: self.pick(&[Decision::Confirmed, Decision::Rejected, Decision::Deferred]),
            // An agent speaks on one channel; which one it is, is not among its arguments.
            channel: Channel::AgentReport,
            by: self.pick(&["mira", "the user", ""]).to_owned(),
            quote: self.pick(&words).map(str::to_owned),
            correction: None,
            risk: None,
            digest: if self.rng.one_in(4) { "sha256:forged".to_owned() } else { known.unwrap_or_default() },
        }]
    }

    /// One call of a tool, or a change to a file; what the tool then records.
    fn step(&mut self) {
        if self.rng.one_in(12) {
            self.log.now = Some(self.pick(&DIGESTS).to_owned());
        }
        if self.rng.one_in(20) {
            let (name, digest) = (self.pick(&SYSTEMS), self.pick(&["sha256:a", "sha256:b"]));
            self.log.files.insert(format!("apis/{name}.yaml"), digest.to_owned());
        }
        let tool = self.pick(&TOOLS.map(|row| row.tool));
        let facts = self.now();
        let constraint = (tool == "record_constraint").then(|| self.constraint());
        let decisions = (tool == "confirm_constraints" && self.rng.one_in(2)).then(|| self.decisions());
        let notes = self.pick(&["all well", "I am 95% confident", "Confidence: 0.95 (ceiling: observation 0.95)"]);
        let noted = matches!(tool, "assess_readiness" | "export_dossier") && self.rng.one_in(3);
        let proposal = match (&constraint, &decisions) {
            (Some(constraint), _) => Proposal::Constraint(constraint),
            (_, Some(decisions)) => Proposal::Decisions(decisions),
            _ if noted => Proposal::Notes(notes),
            _ => Proposal::Nothing,
        };
        let own = session();
        let before = self.log.events.len();
        match rule(&Ask { tool, facts: &facts, session: Some(&own), proposal }) {
            Ruling::Refuse(refusal) => {
                self.refused += 1;
                assert!(TOOLS.iter().any(|row| row.tool == refusal.next.tool), "{refusal}");
                self.log.raw(EventKind::Refused, Outcome::Refused, json!({"code": refusal.code}));
            }
            Ruling::Allow => {
                let oracle =
                    Oracle { events: &self.log.events, contract: self.log.now.as_deref(), files: &self.log.files };
                assert!(oracle.may(tool), "{tool} was let through after {:#?}", kinds(&self.log));
                if let Proposal::Notes(notes) = proposal
                    && notes.contains("95")
                {
                    let reached = assess(&facts, None).confidence.to_string();
                    assert!(notes == reached, "\"{notes}\" was let through, {reached} is computed");
                }
                *self.allowed.entry(tool).or_default() += 1;
                self.made(tool, &facts, constraint.as_ref(), decisions.clone());
            }
        }
        for event in &self.log.events[before..] {
            self.facts.add(event);
        }
    }

    fn made(
        &mut self,
        tool: &str,
        facts: &Facts,
        constraint: Option<&ConstraintRecorded>,
        said: Option<Vec<DecisionRecord>>,
    ) {
        match tool {
            "map_system" => {
                let name = self.pick(&SYSTEMS);
                // The tool reads the file that is there.
                let on_disk = self.log.files.get(&format!("apis/{name}.yaml")).cloned();
                let digest = on_disk.unwrap_or_else(|| self.pick(&["sha256:a", "sha256:b"]).to_owned());
                self.log.map_as(name, &digest);
            }
            "record_constraint" => _ = self.log.put(constraint.unwrap()),
            "confirm_constraints" => {
                let pending = facts.waiting().map(|c| c.id.clone()).collect();
                let decisions = said.unwrap_or_default();
                self.log.put(&platform_integration::workflow::record::ConstraintsConfirmed { decisions, pending });
            }
            "draft_contract" => _ = self.log.draft(),
            "check_contract" => {
                let digest = self.log.now.clone().unwrap_or_else(|| "c1".to_owned());
                let listed: Vec<ConstraintRecorded> = (0..self.rng.below(3)).map(|_| self.constraint()).collect();
                let errors = self.pick(&[0, 0, 2]);
                // The compiler finds what the flows rely on; no agent can leave that out.
                let relied = self.rng.one_in(2).then(|| inferred(self.pick(&IDS), self.pick(&SAYS)));
                self.log.check_assuming(&digest, errors, &listed, relied.as_slice());
            }
            "run_drills" => {
                let digest = facts.checks.last().unwrap().record.digest.clone();
                let verdict = |w: &mut Self| w.pick(&[Verdict::Pass, Verdict::Pass, Verdict::Fail, Verdict::Unproven]);
                let rows: Vec<(&str, Verdict, u64)> = DRILLS.iter().map(|d| (*d, verdict(self), 20)).collect();
                let seed = self.rng.below(3);
                self.log.drill(&digest, seed, &rows);
            }
            "scaffold_connector" => _ = self.log.scaffold(),
            "assess_readiness" => _ = self.log.assessed(),
            "export_dossier" => _ = self.log.exported(),
            _ => {}
        }
    }

    /// What must hold wherever the walk has led.
    fn holds(&self) {
        let facts = self.now();
        let own = session();
        let next = next_call(&facts);
        let ask = Ask { tool: next.tool, facts: &facts, session: Some(&own), proposal: Proposal::Nothing };
        assert_eq!(rule(&ask), Ruling::Allow, "a dead end: {next} after {:#?}", kinds(&self.log));

        let oracle = Oracle { events: &self.log.events, contract: self.log.now.as_deref(), files: &self.log.files };
        let inferred = oracle.ever_inferred();
        for (id, fact) in &facts.constraints {
            assert_ne!(fact.state, ConstraintState::Confirmed, "{id} was confirmed, and nobody was there");
            assert_eq!(fact.kind == ConstraintKind::Inferred, inferred.contains(id), "{id}");
        }
        let waiting: BTreeSet<String> = facts.waiting().map(|c| c.id.clone()).collect();
        assert!(oracle.undecided().is_subset(&waiting), "{:?} wait, {waiting:?} are shown", oracle.undecided());
        let confidence = assess(&facts, None).confidence;
        assert!(confidence.value() <= confidence.ceiling().value());
        if !inferred.is_empty() {
            assert!(confidence.ceiling().value() <= 0.70, "{confidence} over {inferred:?}");
        }
        if !oracle.drilled() {
            assert!(confidence.value() <= 0.30, "{confidence}, and nothing is drilled");
        }
        if !oracle.clean() {
            assert!(confidence.value() <= 0.10, "{confidence}, and no check stands");
        }
    }
}

fn kinds(log: &Log) -> Vec<String> {
    log.events.iter().map(|e| format!("{} {} {}", e.seq, e.event.kind.as_str(), e.event.data)).collect()
}

#[test]
fn a_hundred_thousand_calls_of_an_agent_get_nowhere_without_evidence() {
    let mut allowed: BTreeMap<&str, u64> = BTreeMap::new();
    let mut refused = 0;
    for seed in 0..2_000 {
        let mut walk = Walk::new(seed);
        for step in 1..=50 {
            walk.step();
            if step % 10 == 0 {
                walk.holds();
            }
        }
        assert_eq!(walk.facts, Facts::fold(Some(&session()), &walk.log.events), "folded at once or one by one");
        walk.allowed.iter().for_each(|(tool, n)| *allowed.entry(tool).or_default() += n);
        refused += walk.refused;
    }
    // A walk that never gets through, or is never stopped, would show nothing.
    for tool in ["draft_contract", "run_drills", "scaffold_connector", "export_dossier"] {
        assert!(allowed.get(tool).is_some_and(|n| *n > 100), "{tool}: {allowed:?}");
    }
    assert!(refused > 10_000, "{refused}");
}
