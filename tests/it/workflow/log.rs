//! A session's events, as the tools would write them.

use std::collections::BTreeMap;

use platform_integration::base::clock::Timestamp;
use platform_integration::base::digest::Digest;
use platform_integration::contract::{ConstraintKind, Policy};
use platform_integration::evidence::{
    Event, EventKind, GENESIS, NewEvent, Outcome, Phase, Provenance, Reconciliation, Session, Verdict,
};
use platform_integration::workflow::Facts;
use platform_integration::workflow::chain::basis;
use platform_integration::workflow::record::{
    Binds, Channel, ConnectorScaffolded, ConstraintRecorded, ConstraintsConfirmed, ContractChecked, ContractDrafted,
    Decision, DecisionRecord, DossierExported, DriftChecked, DrillRow, DrillsRun, ReadinessAssessed, Record,
    SystemMapped,
};

pub(super) fn session() -> Session {
    Session {
        id: "s-20261123-k7m2qd".to_owned(),
        name: "billing-to-crm".to_owned(),
        goal: "keep contacts in step".to_owned(),
        opened_at: Timestamp(0),
        client: "cli".to_owned(),
        principal: None,
    }
}

pub(super) fn inferred(id: &str, says: &str) -> ConstraintRecorded {
    ConstraintRecorded {
        id: id.to_owned(),
        kind: ConstraintKind::Inferred,
        says: says.to_owned(),
        origin: None,
        owner: None,
        binds: Binds::default(),
        found: false,
    }
}

pub(super) fn decided(about: &ConstraintRecorded, decision: Decision, channel: Channel) -> DecisionRecord {
    DecisionRecord {
        id: about.id.clone(),
        decision,
        channel,
        by: "mira".to_owned(),
        quote: Some("yes, they never change".to_owned()),
        correction: None,
        risk: None,
        digest: about.digest().as_str().to_owned(),
    }
}

#[derive(Clone, Default)]
pub(super) struct Log {
    pub(super) events: Vec<Event>,
    /// What the contract file has now.
    pub(super) now: Option<String>,
    /// What the description files have now.
    pub(super) files: BTreeMap<String, String>,
}

impl Log {
    pub(super) fn facts(&self) -> Facts {
        Facts::fold(Some(&session()), &self.events).with_contract(self.now.as_deref()).with_files(self.files.clone())
    }

    pub(super) fn raw(&mut self, kind: EventKind, outcome: Outcome, data: serde_json::Value) -> &mut Self {
        let seq = self.events.len() as u64 + 1;
        let event = NewEvent {
            session: Some(session().id),
            at: Timestamp(1000 * i64::try_from(seq).unwrap()),
            phase: Phase::Map,
            kind,
            tool: String::new(),
            client: "cli".to_owned(),
            outcome,
            input: Digest::of_bytes(b""),
            output: Digest::of_bytes(b""),
            summary: String::new(),
            data,
            provenance: Provenance::default(),
        };
        self.events.push(Event::chained(seq, GENESIS, event));
        self
    }

    pub(super) fn put<R: Record>(&mut self, record: &R) -> &mut Self {
        self.raw(R::KIND, Outcome::Ok, serde_json::to_value(record).unwrap())
    }

    pub(super) fn map(&mut self, name: &str) -> &mut Self {
        self.map_as(name, &format!("sha256:{name}"))
    }

    pub(super) fn map_as(&mut self, name: &str, digest: &str) -> &mut Self {
        self.put(&SystemMapped {
            name: name.to_owned(),
            api: format!("apis/{name}.yaml"),
            digest: digest.to_owned(),
            operations: 4,
            entities: 2,
            findings: 0,
        })
    }

    /// The description of a system as it was mapped, held against a newer one.
    pub(super) fn drift(&mut self, name: &str, breaking: u64) -> &mut Self {
        self.put(&DriftChecked {
            old: format!("apis/{name}.yaml"),
            old_digest: format!("sha256:{name}"),
            new: format!("apis/{name}-2.yaml"),
            new_digest: format!("sha256:{name}-2"),
            integration: None,
            systems: Vec::new(),
            changes: 3,
            breaking,
            codes: BTreeMap::new(),
        })
    }

    pub(super) fn both(&mut self) -> &mut Self {
        self.map("billing").map("crm")
    }

    pub(super) fn decide(&mut self, about: &ConstraintRecorded, decision: Decision, channel: Channel) -> &mut Self {
        self.put(&ConstraintsConfirmed { decisions: vec![decided(about, decision, channel)], pending: Vec::new() })
    }

    pub(super) fn nobody_answers(&mut self, ids: &[&str]) -> &mut Self {
        let pending = ids.iter().map(|id| (*id).to_owned()).collect();
        self.put(&ConstraintsConfirmed { decisions: Vec::new(), pending })
    }

    pub(super) fn draft(&mut self) -> &mut Self {
        self.put(&ContractDrafted {
            file: "integration.yaml".to_owned(),
            digest: "c1".to_owned(),
            open_questions: vec!["which currency?".to_owned()],
            text: String::new(),
        })
    }

    pub(super) fn check(&mut self, digest: &str, errors: u64, constraints: &[ConstraintRecorded]) -> &mut Self {
        self.check_assuming(digest, errors, constraints, &[])
    }

    pub(super) fn check_assuming(
        &mut self,
        digest: &str,
        errors: u64,
        constraints: &[ConstraintRecorded],
        assumed: &[ConstraintRecorded],
    ) -> &mut Self {
        let facts = self.facts();
        self.put(&ContractChecked {
            file: "integration.yaml".to_owned(),
            digest: digest.to_owned(),
            errors,
            warnings: 1,
            notes: 0,
            systems: facts.systems.iter().map(|(n, s)| (n.clone(), s.record.digest.clone())).collect(),
            apis: facts.systems.iter().map(|(n, s)| (n.clone(), s.record.api.clone())).collect(),
            constraints: constraints.to_vec(),
            assumed: assumed.to_vec(),
            approvals: Policy::default(),
            samples: None,
        })
    }

    pub(super) fn drill(&mut self, digest: &str, seed: u64, rows: &[(&str, Verdict, u64)]) -> &mut Self {
        let count = |v| rows.iter().filter(|r| r.1 == v).count() as u64;
        self.put(&DrillsRun {
            file: "integration.yaml".to_owned(),
            digest: digest.to_owned(),
            verdict: Verdict::all(rows.iter().map(|r| r.1)),
            run: rows.len() as u64,
            passed: count(Verdict::Pass),
            failed: count(Verdict::Fail),
            unproven: count(Verdict::Unproven),
            not_applicable: 0,
            not_applied: Vec::new(),
            schedules: rows.iter().map(|r| r.2).sum(),
            seed,
            correlated: true,
            partial: false,
            rows: rows
                .iter()
                .map(|(code, verdict, schedules)| DrillRow {
                    flow: "contacts".to_owned(),
                    code: (*code).to_owned(),
                    verdict: *verdict,
                    schedules: *schedules,
                    fired: *schedules,
                    because: None,
                })
                .collect(),
            reconciliation: Reconciliation::default(),
            program: None,
        })
    }

    pub(super) fn scaffold(&mut self) -> &mut Self {
        self.put(&ConnectorScaffolded {
            out: "connector".to_owned(),
            files: vec!["Dockerfile".to_owned()],
            digest: "c1".to_owned(),
            dry_run: false,
        })
    }

    pub(super) fn assessed(&mut self) -> &mut Self {
        self.put(&ReadinessAssessed {
            verdict: Verdict::Partial,
            confidence: 0.7,
            line: String::new(),
            gaps: Vec::new(),
            notes: None,
            basis: Some(basis(&self.facts())),
        })
    }

    pub(super) fn exported(&mut self) -> &mut Self {
        self.put(&DossierExported { out: "dossier".to_owned(), files: Vec::new(), basis: Some(basis(&self.facts())) })
    }
}

pub(super) const ALL_PASS: &[(&str, Verdict, u64)] =
    &[("happy-path", Verdict::Pass, 20), ("burst-503", Verdict::Pass, 20), ("committed-then-503", Verdict::Pass, 20)];
