//! The data of each event that later calls compute from. `app` writes it, [`super::facts`] reads it; the shape is
//! said once, here.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::approvals::What;
use crate::base::digest::Digest;
use crate::base::yaml::Spanned;
use crate::contract::{self, Constraint, ConstraintKind, Policy};
use crate::evidence::{EventKind, Reconciliation, Verdict};
use crate::finding::Ceiling;

/// Data of one kind of event.
pub trait Record: Serialize + DeserializeOwned {
    /// The kind of event it belongs to.
    const KIND: EventKind;
}

macro_rules! record {
    ($name:ident) => {
        impl Record for $name {
            const KIND: EventKind = EventKind::$name;
        }

        impl $name {
            /// As it is stored.
            #[must_use]
            pub fn to_value(&self) -> Value {
                // Records hold text, numbers and lists of them; such a value always serializes.
                serde_json::to_value(self).unwrap_or(Value::Null)
            }

            /// Reads it back; nothing where the data has another shape.
            #[must_use]
            pub fn from_value(value: &Value) -> Option<Self> {
                serde_json::from_value(value.clone()).ok()
            }
        }
    };
}

/// A description was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemMapped {
    /// The name it goes by in this session.
    pub name: String,
    /// Path or URL of the description.
    pub api: String,
    /// Digest of the bytes read.
    pub digest: String,
    /// Operations found.
    pub operations: u64,
    /// Entities found.
    pub entities: u64,
    /// Findings about the description.
    pub findings: u64,
}

record!(SystemMapped);

/// Two descriptions of one system were compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftChecked {
    /// Path of the older description.
    pub old: String,
    /// Digest of its bytes.
    pub old_digest: String,
    /// Path of the newer description.
    pub new: String,
    /// Digest of its bytes.
    pub new_digest: String,
    /// The integration whose flows were looked at.
    pub integration: Option<String>,
    /// Names that the system has in it.
    pub systems: Vec<String>,
    /// Changes found; with an integration those that it feels.
    pub changes: u64,
    /// Those that break.
    pub breaking: u64,
    /// Those that break, by code.
    pub codes: BTreeMap<String, u64>,
}

record!(DriftChecked);

/// A constraint was added or reclassified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConstraintRecorded {
    /// Kebab-case handle.
    pub id: String,
    /// How binding.
    pub kind: ConstraintKind,
    /// What must hold, in words.
    pub says: String,
    /// Where it comes from: `system#/json/pointer`, a document, a person.
    pub origin: Option<String>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// What it is about; everything, where nothing is said.
    #[serde(default, skip_serializing_if = "Binds::is_empty")]
    pub binds: Binds,
    /// The origin was looked up in a mapped description, and there is something there; what, nobody has read. Written by
    /// the server alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub found: bool,
}

record!(ConstraintRecorded);

/// What a constraint is about. An empty list leaves that side unbounded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binds {
    /// Systems, by the names of the contract.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub systems: Vec<String>,
    /// Flows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flows: Vec<String>,
    /// Fields as `system.path`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

impl Binds {
    /// Nothing is said, so it binds everything.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.systems.is_empty() && self.flows.is_empty() && self.fields.is_empty()
    }

    /// It reaches no further than `other` does.
    #[must_use]
    pub fn within(&self, other: &Self) -> bool {
        let side = |ours: &[String], theirs: &[String]| {
            theirs.is_empty() || (!ours.is_empty() && ours.iter().all(|one| theirs.contains(one)))
        };
        side(&self.systems, &other.systems) && side(&self.flows, &other.flows) && side(&self.fields, &other.fields)
    }

    /// Reads `system:crm`, `flow:contacts`, `field:crm.email`; or the entry that is none of them.
    ///
    /// # Errors
    /// The entry that could not be read.
    pub fn parse<'e>(entries: impl IntoIterator<Item = &'e str>) -> Result<Self, String> {
        let mut binds = Self::default();
        for entry in entries {
            let (side, name) = entry.split_once(':').ok_or_else(|| entry.to_owned())?;
            let name = name.trim().to_owned();
            let list = match side.trim() {
                "system" => &mut binds.systems,
                "flow" => &mut binds.flows,
                "field" => &mut binds.fields,
                _ => return Err(entry.to_owned()),
            };
            if name.is_empty() {
                return Err(entry.to_owned());
            }
            list.push(name);
        }
        Ok(binds.tidy())
    }

    /// Sorted, each once: the order in which things were named means nothing.
    #[must_use]
    pub fn tidy(mut self) -> Self {
        for list in [&mut self.systems, &mut self.flows, &mut self.fields] {
            list.sort();
            list.dedup();
        }
        self
    }
}

impl From<&contract::Binds> for Binds {
    fn from(written: &contract::Binds) -> Self {
        let contract::Binds { systems, flows, fields } = written;
        let plain = |list: &[Spanned<String>]| list.iter().map(|s| s.value.clone()).collect();
        Self { systems: plain(systems), flows: plain(flows), fields: plain(fields) }.tidy()
    }
}

impl std::fmt::Display for Binds {
    /// `crm; flow contacts; crm.email`; `everything`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_empty() {
            return f.write_str("everything");
        }
        let flows: Vec<String> = self.flows.iter().map(|f| format!("flow {f}")).collect();
        let sides = [&self.systems, &flows, &self.fields];
        let said: Vec<String> = sides.iter().filter(|s| !s.is_empty()).map(|s| s.join(", ")).collect();
        f.write_str(&said.join("; "))
    }
}

impl ConstraintRecorded {
    /// What a decision about it is bound to: id, words and what they are about. Other words are another constraint.
    /// Kind, origin and owner may change without changing what was decided.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut decided = serde_json::json!({"id": self.id, "says": self.says});
        // Left out where nothing is said, as in records made before constraints said what they bind.
        if let (Value::Object(all), false) = (&mut decided, self.binds.is_empty()) {
            all.insert("binds".to_owned(), serde_json::to_value(&self.binds).unwrap_or(Value::Null));
        }
        Digest::of_json(&decided)
    }
}

impl From<&Constraint> for ConstraintRecorded {
    fn from(written: &Constraint) -> Self {
        let Constraint { at: _, id, kind, says, origin, owner, binds } = written;
        Self {
            id: id.value.clone(),
            kind: *kind,
            says: says.clone(),
            origin: origin.as_ref().map(|o| o.value.clone()),
            owner: owner.as_ref().map(|o| o.value.clone()),
            binds: binds.into(),
            // Whether it leads anywhere is for the side that can read the description.
            found: false,
        }
    }
}

/// What somebody decided about an inferred constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Decision {
    /// It holds.
    Confirmed,
    /// It does not hold; nothing may rely on it.
    Rejected,
    /// Not decided now.
    Deferred,
}

impl Decision {
    /// `confirmed`, `rejected`, `deferred`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Rejected => "rejected",
            Self::Deferred => "deferred",
        }
    }
}

/// How a decision reached us, weakest first. An agent speaks through the first alone, and that one approves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Channel {
    /// An agent says that somebody said so, in quoted words. A report, not an approval.
    AgentReport,
    /// The client put our question to its user and returned the answer. It shows that a client said yes: the program
    /// between us and the person could have answered by itself.
    Elicitation,
    /// A person at a terminal of this machine typed a one-time phrase that was shown there alone. An agent that can
    /// drive a terminal of its own could do the same: it is friction, not proof.
    Terminal,
    /// A key named in `allowed_signers` signed the statement. It can be verified again by anybody, offline.
    Signature,
}

impl Channel {
    /// All of them, weakest first.
    pub const ALL: [Self; 4] = [Self::AgentReport, Self::Elicitation, Self::Terminal, Self::Signature];

    /// `agent-report`, `elicitation`, `terminal`, `signature`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AgentReport => "agent-report",
            Self::Elicitation => "elicitation",
            Self::Terminal => "terminal",
            Self::Signature => "signature",
        }
    }

    /// Whether a person speaks on it.
    #[must_use]
    pub const fn is_person(self) -> bool {
        !matches!(self, Self::AgentReport)
    }

    /// Its place among the channels: 0 is the weakest.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::AgentReport => 0,
            Self::Elicitation => 1,
            Self::Terminal => 2,
            Self::Signature => 3,
        }
    }

    /// What caps a claim that rests on a decision through it. What a person decides is a rule of theirs (policy); how
    /// sure we are that it was the person is for the contract's `approvals` to ask, not for a number to express.
    #[must_use]
    pub const fn ceiling(self) -> Ceiling {
        match self {
            Self::AgentReport => Ceiling::Report,
            Self::Elicitation | Self::Terminal | Self::Signature => Ceiling::Policy,
        }
    }
}

/// One decision about one constraint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionRecord {
    /// The constraint.
    pub id: String,
    /// What was decided.
    pub decision: Decision,
    /// How it reached us.
    pub channel: Channel,
    /// Who decided.
    pub by: String,
    /// Their words, where there are any.
    pub quote: Option<String>,
    /// What holds instead, where it was rejected with a correction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction: Option<String>,
    /// The risk that whoever deferred it takes, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<String>,
    /// [`ConstraintRecorded::digest`] of what was put before them. When the words change, the decision is stale.
    pub digest: String,
}

/// Constraints were put before a human.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConstraintsConfirmed {
    /// What came back.
    pub decisions: Vec<DecisionRecord>,
    /// Ids for which nobody could be reached.
    pub pending: Vec<String>,
}

record!(ConstraintsConfirmed);

/// A contract was proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractDrafted {
    /// Where it was or would be written.
    pub file: String,
    /// Digest of its bytes.
    pub digest: String,
    /// The questions it leaves open.
    pub open_questions: Vec<String>,
    /// The draft itself, before anything of the file was merged into it: what the next one is merged from. Empty in records of
    /// releases that did not keep it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

record!(ContractDrafted);

/// A contract was compiled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractChecked {
    /// The file as the user named it.
    pub file: String,
    /// Digest of its bytes.
    pub digest: String,
    /// Findings that are errors.
    pub errors: u64,
    /// Findings that are warnings.
    pub warnings: u64,
    /// Findings that are notes.
    pub notes: u64,
    /// Digest of each description it was compiled against, by the system's name.
    pub systems: BTreeMap<String, String>,
    /// Path of each description, by the system's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub apis: BTreeMap<String, String>,
    /// The constraints written in it.
    pub constraints: Vec<ConstraintRecorded>,
    /// What its flows rely on and no constraint says: inferred, as if it were listed. Silence settles nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumed: Vec<ConstraintRecorded>,
    /// What its `approvals` ask for.
    #[serde(default)]
    pub approvals: Policy,
    /// What came of real records, where some were tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<SamplesChecked>,
}

record!(ContractChecked);

/// Real records that were tried in a flow: counts, shapes and a digest, no value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamplesChecked {
    /// The flow.
    pub flow: String,
    /// Digest of the file.
    pub digest: String,
    /// Records tried.
    pub records: u64,
    /// Mapped, and as the target takes them.
    pub fit: u64,
    /// Rejected by the mapping.
    pub rejected: u64,
    /// Mapped to what the target would refuse.
    pub refused: u64,
    /// Digests of the shapes that were seen, at most 50.
    pub shapes: Vec<String>,
}

/// Project files were written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectorScaffolded {
    /// The directory.
    pub out: String,
    /// The files, relative to it.
    pub files: Vec<String>,
    /// Digest of the contract they were written for.
    pub digest: String,
    /// Nothing was written: it was shown what would be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

record!(ConnectorScaffolded);

/// How one drill of one flow ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillRow {
    /// The flow.
    pub flow: String,
    /// Kebab-case name of the drill.
    pub code: String,
    /// How it ended over all its schedules.
    pub verdict: Verdict,
    /// Schedules run.
    pub schedules: u64,
    /// How often its fault came about.
    pub fired: u64,
    /// Why it did not pass, where it did not.
    pub because: Option<String>,
}

/// A drill that does not apply to a flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotApplied {
    /// The flow.
    pub flow: String,
    /// Kebab-case name of the drill.
    pub code: String,
    /// Why it does not apply.
    pub because: String,
}

/// Drills were run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillsRun {
    /// The contract.
    pub file: String,
    /// Digest of the contract drilled.
    pub digest: String,
    /// Over all drills of this run.
    pub verdict: Verdict,
    /// Drills run: passed, failed and unproven ones.
    pub run: u64,
    /// Drills that passed.
    pub passed: u64,
    /// Drills that failed.
    pub failed: u64,
    /// Drills whose fault never came about.
    pub unproven: u64,
    /// Drills that do not apply to this contract.
    pub not_applicable: u64,
    /// The same by name, each with its reason; empty in records of older versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_applied: Vec<NotApplied>,
    /// Schedules over all drills.
    pub schedules: u64,
    /// The seed it started from.
    pub seed: u64,
    /// Every request seen on the wire carried the correlation id that the log lines name.
    pub correlated: bool,
    /// Only a part of the drills or flows was asked for.
    pub partial: bool,
    /// Each drill of each flow; those that do not apply are not among them.
    pub rows: Vec<DrillRow>,
    /// Counts over the schedules, or of the happy path.
    pub reconciliation: Reconciliation,
    /// The program that was drilled, where it was not the connector that runs the contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<DrilledProgram>,
}

record!(DrillsRun);

/// A program that was drilled from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrilledProgram {
    /// Its command line.
    pub command: String,
    /// Digest of the command line and of the files that it names.
    pub digest: String,
    /// It stays up, and was asked to end after each pass.
    pub service: bool,
}

/// A person approved something, by digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approved {
    /// What.
    pub what: What,
    /// The risk that was accepted, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<String>,
    /// Name of the integration.
    pub name: String,
    /// The contract's file.
    pub file: String,
    /// Digest of its bytes.
    pub digest: String,
    /// Digest of each description, by the system's name.
    pub systems: BTreeMap<String, String>,
    /// Digest of the statement that was put before them.
    pub statement: String,
    /// Who.
    pub by: String,
    /// Through which channel.
    pub channel: Channel,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Fingerprint of the key that signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The signature, armored, to be verified again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

record!(Approved);

/// Readiness was computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReadinessAssessed {
    /// The verdict.
    pub verdict: Verdict,
    /// The value of the confidence.
    pub confidence: f64,
    /// The line as said.
    pub line: String,
    /// Codes of the items not met.
    pub gaps: Vec<String>,
    /// What the agent remarked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Digest of everything it rests on, see [`super::chain::basis`]. When that is another one, it is stale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
}

record!(ReadinessAssessed);

/// The five outputs were written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DossierExported {
    /// The directory.
    pub out: String,
    /// The files, relative to it.
    pub files: Vec<String>,
    /// Digest of everything it rests on, see [`super::chain::basis`]. When that is another one, it is stale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
}

record!(DossierExported);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_as_written() {
        let readiness = ReadinessAssessed {
            verdict: Verdict::Partial,
            confidence: 0.7,
            line: "Confidence: 0.70 (ceiling: inference 0.70)".to_owned(),
            gaps: vec!["rollback-drilled".to_owned()],
            notes: None,
            basis: None,
        };
        // Through text, as the store keeps it.
        let text = readiness.to_value().to_string();
        let value: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(ReadinessAssessed::from_value(&value), Some(readiness));
        assert_eq!(SystemMapped::from_value(&value), None);
    }

    #[test]
    fn a_stronger_channel_is_never_worth_less() {
        for pair in Channel::ALL.windows(2) {
            assert!(pair[0] < pair[1] && pair[0].rank() < pair[1].rank());
            assert!(pair[0].ceiling().value() <= pair[1].ceiling().value());
        }
    }

    #[test]
    fn a_decision_from_before_corrections_were_kept_reads_back() {
        let old = serde_json::json!({"id": "ids", "decision": "deferred", "channel": "terminal", "by": "mira", "quote": null, "digest": "sha256:0"});
        let read: DecisionRecord = serde_json::from_value(old.clone()).expect("the shape of before");
        assert_eq!((&read.correction, &read.risk), (&None, &None));
        assert_eq!(serde_json::to_value(&read).expect("JSON"), old);
    }

    #[test]
    fn other_words_are_another_constraint() {
        let stable = ConstraintRecorded {
            id: "ids".to_owned(),
            kind: ConstraintKind::Inferred,
            says: "ids are stable".to_owned(),
            origin: None,
            owner: None,
            binds: Binds::default(),
            found: false,
        };
        let found =
            ConstraintRecorded { kind: ConstraintKind::Hard, origin: Some("a#/x".to_owned()), ..stable.clone() };
        let changed = ConstraintRecorded { says: "ids may change".to_owned(), ..stable.clone() };
        assert_eq!(stable.digest(), found.digest());
        assert_ne!(stable.digest(), changed.digest());
        let owned = ConstraintRecorded { owner: Some("mira".to_owned()), ..stable.clone() };
        assert_eq!(stable.digest(), owned.digest(), "who answers for it changes nothing");
        let bound = ConstraintRecorded { binds: Binds::parse(["system:crm"]).expect("well-formed"), ..stable.clone() };
        assert_ne!(stable.digest(), bound.digest());
    }

    #[test]
    fn what_is_bound_is_compared_side_by_side() {
        let binds = |entries: &[&str]| Binds::parse(entries.iter().copied()).expect("well-formed");
        let contacts = binds(&["flow:contacts"]);
        assert!(contacts.within(&Binds::default()), "nothing said binds everything");
        assert!(!Binds::default().within(&contacts));
        assert!(contacts.within(&binds(&["flow:entries", "flow:contacts"])));
        assert!(!binds(&["flow:entries", "flow:contacts"]).within(&contacts));
        assert!(binds(&["system:crm", "flow:contacts"]).within(&contacts));
        assert_eq!(
            binds(&["field:crm.email", "system:crm", "flow:contacts"]).to_string(),
            "crm; flow contacts; crm.email"
        );
        assert_eq!(Binds::parse(["crm"]), Err("crm".to_owned()));
        assert_eq!(Binds::parse(["flow: "]), Err("flow: ".to_owned()));
    }
}
