//! Row 6: files for people and machines around a contract: a deployable project ([`targets`]), and the dossier. The
//! templates are in `resources/templates`; every figure and name in a file comes from the input.

pub mod code;
mod dossier;
mod targets;
mod template;

pub use dossier::{
    AcceptedLine, ApprovalLine, ChecklistLine, ClaimLine, ClauseLine, ConstraintLine, CountsLine, Dossier, DrillLine,
    EventLine, FactLine, FindingLine, LinkLine, MappingLine, NotAppliedLine, OperationLine, SystemLine, TestLine, View,
    dossier,
};
pub use template::TemplateError;

use serde::Serialize;

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Relative path, with `/`.
    pub path: String,
    /// Its text.
    pub content: String,
}

/// A secret that the connector resolves: its name, never its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretLine {
    /// The environment variable.
    pub name: String,
    /// What it is for: `crm client_secret`.
    pub what: String,
}

/// A flow in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlowLine {
    /// Its name.
    pub name: String,
    /// The system it reads.
    pub source: String,
    /// The operation it reads with.
    pub reads: String,
    /// The system it writes.
    pub target: String,
    /// The operations it writes with.
    pub writes: String,
    /// Time between polls, or `once`.
    pub every: String,
    /// Attempts in all.
    pub attempts: u32,
    /// The most requests to the target: `90/10s`, or `unset`.
    pub rate: String,
    /// What makes a repeated write safe.
    pub protection: String,
    /// Dead letters that raise an alert.
    pub alert_at: u64,
    /// Promised freshness, or `unset`.
    pub freshness: String,
    /// The same in seconds, where it is promised.
    pub freshness_seconds: Option<u64>,
    /// Seconds without a checkpoint after which something is wrong, where the flow has an interval.
    pub silence_seconds: Option<u64>,
}

/// A file whose content is a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretFile {
    /// Where the contract says that it is.
    pub path: String,
    /// Where that is in the container, whose working directory is the contract's.
    pub place: String,
    /// Its name in a secret of the cluster: the path in letters, digits, `-`, `_` and `.`.
    pub key: String,
    /// What it is of: system and key.
    pub what: String,
    /// The connector writes newer ones there.
    pub kept: bool,
}

/// A system's address, for rules about what may be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostLine {
    /// Its name in the network.
    pub name: String,
    /// The port.
    pub port: u16,
}

/// Records that are sent through the mapping of a flow, and what is expected of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SampleLine {
    /// The flow.
    pub flow: String,
    /// File of the records, relative to the project; JSON Lines.
    pub records: String,
    /// File of what becomes of each; JSON Lines.
    pub expected: String,
}

/// A contract, in the words of the templates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Project {
    /// Name of the integration, kebab-case.
    pub name: String,
    /// What it is for.
    pub why: String,
    /// Who is paged.
    pub owner: String,
    /// The contract file, relative to the project.
    pub contract: String,
    /// What the contract needs beside itself, relative to the project: descriptions with all their parts, overlays, value tables.
    pub carried: Vec<String>,
    /// Version of this program.
    pub version: String,
    /// Digest of the contract.
    pub digest: String,
    /// The flows.
    pub flows: Vec<FlowLine>,
    /// The secrets in environment variables.
    pub secrets: Vec<SecretLine>,
    /// The secrets in files.
    pub files: Vec<SecretFile>,
    /// Some flow receives webhooks, so that the connector listens.
    pub receives: bool,
    /// Some flow polls or receives, so that the connector goes on until it is stopped.
    pub polls: bool,
    /// What the connector calls: systems and token endpoints.
    pub hosts: Vec<HostLine>,
    /// Samples of the flows whose records are described.
    pub samples: Vec<SampleLine>,
    /// The systems that are listed, by name: a pass asks them, and waits for no webhook.
    pub listed: Vec<String>,
    /// The systems that are written to by flows that list, by name.
    pub targets: Vec<String>,
}

/// The files of a project around a contract; the contract and its descriptions are not among them.
///
/// # Errors
/// A template that does not render, which a test of every template rules out.
pub fn project(project: &Project) -> Result<Vec<File>, TemplateError> {
    targets::ALL.iter().filter(|t| (t.when)(project)).map(|t| template::file(t.path, t.template, project)).collect()
}
