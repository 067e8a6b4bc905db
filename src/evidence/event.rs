//! One event of the log, and the session it belongs to.

use serde_json::Value;

use super::chain::{FORMAT, chain_hash, data_digest};

use crate::base::clock::Timestamp;
use crate::base::digest::Digest;

/// The SOP's reason tag, the same on every session.
pub const WHY: &str = "skill-execution";

/// The SOP's WHO tag: `operations-platform-integration-{session_id}`; `adhoc` for calls outside any session.
#[must_use]
pub fn who(session: Option<&str>) -> String {
    format!("operations-platform-integration-{}", session.unwrap_or("adhoc"))
}

/// The four phases of the SOP.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Phase {
    /// Map systems and constraints.
    Map,
    /// Define contracts and flows.
    Contract,
    /// Implement connectors.
    Connect,
    /// Validate and operate.
    Validate,
}

impl Phase {
    /// In order.
    pub const ALL: [Self; 4] = [Self::Map, Self::Contract, Self::Connect, Self::Validate];

    /// `map`, `contract`, `connect`, `validate`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Map => "map",
            Self::Contract => "contract",
            Self::Connect => "connect",
            Self::Validate => "validate",
        }
    }

    /// Reads [`Phase::as_str`] back.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == name)
    }
}

/// What kind of thing happened. One kind per use case, named by its past tense, and `refused`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum EventKind {
    /// A session began.
    SessionOpened,
    /// A description was read.
    SystemMapped,
    /// A description was looked into.
    SystemInspected,
    /// A constraint was added or reclassified.
    ConstraintRecorded,
    /// Constraints were put to a human, with what came back.
    ConstraintsConfirmed,
    /// A contract was proposed.
    ContractDrafted,
    /// A contract was compiled.
    ContractChecked,
    /// Project files were written.
    ConnectorScaffolded,
    /// Drills were run.
    DrillsRun,
    /// Two descriptions were compared.
    DriftChecked,
    /// Readiness was computed.
    ReadinessAssessed,
    /// The five outputs were written.
    DossierExported,
    /// The log was queried.
    EvidenceQueried,
    /// The connector ran against systems.
    ConnectorRun,
    /// Somebody paused or resumed flows, undid a run, replayed or dropped dead letters.
    ConnectorOperated,
    /// Skill artifacts were verified.
    SkillVerified,
    /// A person approved something, by digest.
    Approved,
    /// The head of the chain was sealed.
    EvidenceSealed,
    /// A part of the log was written out as a bundle.
    EvidenceExported,
    /// A bundle was taken in.
    EvidenceImported,
    /// Old blobs and data were dropped by the rule of retention; the chain stays provable.
    EvidenceCompacted,
    /// A call was refused.
    Refused,
    /// A call ended in a fault of ours or of the machine.
    Faulted,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::SessionOpened,
        Self::SystemMapped,
        Self::SystemInspected,
        Self::ConstraintRecorded,
        Self::ConstraintsConfirmed,
        Self::ContractDrafted,
        Self::ContractChecked,
        Self::ConnectorScaffolded,
        Self::DrillsRun,
        Self::DriftChecked,
        Self::ReadinessAssessed,
        Self::DossierExported,
        Self::EvidenceQueried,
        Self::ConnectorRun,
        Self::ConnectorOperated,
        Self::SkillVerified,
        Self::Approved,
        Self::EvidenceSealed,
        Self::EvidenceExported,
        Self::EvidenceImported,
        Self::EvidenceCompacted,
        Self::Refused,
        Self::Faulted,
    ];

    /// Kebab-case name, as stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SessionOpened => "session-opened",
            Self::SystemMapped => "system-mapped",
            Self::SystemInspected => "system-inspected",
            Self::ConstraintRecorded => "constraint-recorded",
            Self::ConstraintsConfirmed => "constraints-confirmed",
            Self::ContractDrafted => "contract-drafted",
            Self::ContractChecked => "contract-checked",
            Self::ConnectorScaffolded => "connector-scaffolded",
            Self::DrillsRun => "drills-run",
            Self::DriftChecked => "drift-checked",
            Self::ReadinessAssessed => "readiness-assessed",
            Self::DossierExported => "dossier-exported",
            Self::EvidenceQueried => "evidence-queried",
            Self::ConnectorRun => "connector-run",
            Self::ConnectorOperated => "connector-operated",
            Self::SkillVerified => "skill-verified",
            Self::Approved => "approved",
            Self::EvidenceSealed => "evidence-sealed",
            Self::EvidenceExported => "evidence-exported",
            Self::EvidenceImported => "evidence-imported",
            Self::EvidenceCompacted => "evidence-compacted",
            Self::Refused => "refused",
            Self::Faulted => "faulted",
        }
    }

    /// Reads [`EventKind::as_str`] back.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == name)
    }
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Outcome {
    /// An answer.
    Ok,
    /// A refusal.
    Refused,
    /// A fault.
    Fault,
}

impl Outcome {
    /// `ok`, `refused`, `fault`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Fault => "fault",
        }
    }

    /// Reads [`Outcome::as_str`] back.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Ok, Self::Refused, Self::Fault].into_iter().find(|o| o.as_str() == name)
    }
}

/// A session of work on one integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// `s-20261123-k7m2qd`
    pub id: String,
    /// Name of the integration, kebab-case.
    pub name: String,
    /// What is to be reached, in the asker's words, redacted.
    pub goal: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// The client that opened it: `cli`, or name and version of an MCP client.
    pub client: String,
    /// The authenticated principal it belongs to; nothing for the local user. Other principals do not see it.
    pub principal: Option<String>,
}

impl Session {
    /// The session that an event opened: its row says nothing that the event does not say, so that the chain proves it.
    #[must_use]
    pub fn opened_by(event: &NewEvent) -> Option<Self> {
        if event.kind != EventKind::SessionOpened || event.outcome != Outcome::Ok {
            return None;
        }
        let text = |key: &str| event.data.get(key).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            id: event.session.clone()?,
            name: text("name")?,
            goal: text("goal")?,
            opened_at: event.at,
            client: event.client.clone(),
            principal: event.provenance.principal.clone(),
        })
    }
}

/// What of a kind of record retention must keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Everything: it is what people decided, or what the log says about itself.
    All,
    /// The data, since guardrails and readiness are computed from it; input and answer may go.
    Data,
    /// The record alone; data, input and answer may go.
    Record,
}

impl EventKind {
    /// What of it retention must keep.
    #[must_use]
    pub const fn keep(self) -> Keep {
        match self {
            Self::SessionOpened
            | Self::ConstraintsConfirmed
            | Self::Approved
            | Self::EvidenceSealed
            | Self::EvidenceExported
            | Self::EvidenceImported
            | Self::EvidenceCompacted => Keep::All,
            Self::SystemMapped
            | Self::ConstraintRecorded
            | Self::ContractDrafted
            | Self::ContractChecked
            | Self::ConnectorScaffolded
            | Self::DrillsRun
            | Self::ReadinessAssessed
            | Self::DossierExported
            | Self::ConnectorRun
            | Self::ConnectorOperated
            | Self::Refused => Keep::Data,
            Self::SystemInspected
            | Self::DriftChecked
            | Self::EvidenceQueried
            | Self::SkillVerified
            | Self::Faulted => Keep::Record,
        }
    }
}

/// Where a call came from, as far as the face knows.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Provenance {
    /// The authenticated principal; nothing for the local user.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub principal: Option<String>,
    /// The MCP protocol version, e.g. `2026-07-28`; nothing on the command line.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub protocol: Option<String>,
    /// W3C Trace Context of the call, where the client sent one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub traceparent: Option<String>,
    /// Sequence number of the event that brought this one about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parent: Option<u64>,
}

/// An event to be appended; the store adds sequence number, previous hash and hash.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// The session, if any.
    pub session: Option<String>,
    /// When.
    pub at: Timestamp,
    /// The SOP's phase the call belongs to.
    pub phase: Phase,
    /// What happened.
    pub kind: EventKind,
    /// The tool or command.
    pub tool: String,
    /// The client: `cli`, or name and version of an MCP client.
    pub client: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Digest of the call's input.
    pub input: Digest,
    /// Digest of the answer.
    pub output: Digest,
    /// One line for people.
    pub summary: String,
    /// What later guardrails compute from; redacted before it comes here.
    pub data: Value,
    /// Where the call came from.
    pub provenance: Provenance,
}

/// An event as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Position in the log, from 1, without gaps.
    pub seq: u64,
    /// What was appended.
    pub event: NewEvent,
    /// Hash of the event before, or [`super::GENESIS`].
    pub prev: String,
    /// Hash over `prev` and everything in `event`.
    pub hash: String,
    /// The form of the hash; see [`super::chain_hash`].
    pub format: u8,
    /// Digest of the data, also of data that is gone.
    pub data_digest: Digest,
    /// The data was dropped by the rule of retention, and reads as null.
    pub dropped: bool,
}

impl Event {
    /// `event` as number `seq` of a chain, behind the event with hash `prev`.
    #[must_use]
    pub fn chained(seq: u64, prev: &str, event: NewEvent) -> Self {
        let mut chained = Self {
            seq,
            prev: prev.to_owned(),
            hash: String::new(),
            format: FORMAT,
            data_digest: data_digest(&event),
            dropped: false,
            event,
        };
        chained.hash = chain_hash(seq, &chained);
        chained
    }
}
