//! Row 7: asks a foreign MCP server what it is, over stdio, within bounds of time and size. Nothing that it says is
//! believed beyond its shape.

mod ask;
mod process;
mod session;

use serde_json::Value;

pub use process::{Limits, MARK, mark, strays};
pub use session::Session;

/// What a server says of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Surface {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The protocol version that was agreed on.
    pub protocol: String,
    /// Its tools, as listed.
    pub tools: Vec<Tool>,
    /// The skills that it serves (SEP-2640), where it serves any.
    pub skills: Vec<ServedSkill>,
    /// The names of its prompts.
    pub prompts: Vec<String>,
    /// The first line on stdout that is no message of the protocol, quoted, though it answered all the same.
    pub noise: Option<String>,
    /// What it declares and then does not answer, as fragments.
    pub gaps: Vec<String>,
}

impl Surface {
    /// A tool.
    #[must_use]
    pub fn tool(&self, name: &str) -> Option<&Tool> {
        self.tools.iter().find(|t| t.name == name)
    }
}

/// A tool, as listed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it says it does.
    pub description: String,
    /// JSON Schema of its arguments.
    pub input: Value,
    /// JSON Schema of its structured content, where it has one.
    pub output: Option<Value>,
    /// `readOnlyHint`, `destructiveHint`, `idempotentHint`, `openWorldHint`, as listed.
    pub annotations: Value,
}

/// A skill, as served.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServedSkill {
    /// `skill://NAME/SKILL.md`.
    pub uri: String,
    /// Its front matter as JSON.
    pub frontmatter: Value,
    /// Its files: address, `sha256:` digest, size in bytes. Nothing where the list is dynamic.
    pub resources: Option<Vec<(String, String, u64)>>,
    /// What `resources/read` returned for its files, as far as they were read: address, then digest and size, or why not.
    pub read: Vec<(String, ReadFile)>,
}

/// Digest and size of a file as it was read, or why it was not.
pub type ReadFile = Result<(String, u64), String>;

/// Why a server has no surface.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoServer {
    /// It was not started, and that is no fault: remote, or it would need the network.
    #[error("not started: {because}")]
    NotTried {
        /// Why.
        because: String,
    },
    /// No such program.
    #[error("there is no program {program}")]
    NoProgram {
        /// The program.
        program: String,
    },
    /// The program is there and cannot be started.
    #[error("{program} cannot be started: {because}")]
    Unstartable {
        /// The program.
        program: String,
        /// Why.
        because: String,
    },
    /// It did not answer in time.
    #[error("no answer within {seconds} s{said}")]
    Silent {
        /// How long it was waited for.
        seconds: u64,
        /// What it wrote to stderr, as `: "…"`, or nothing.
        said: String,
    },
    /// It ended.
    #[error("it ended ({status}) before it answered{said}")]
    Ended {
        /// How.
        status: String,
        /// What it wrote to stderr, as `: "…"`, or nothing.
        said: String,
    },
    /// It wrote something to stdout that is no message of the protocol.
    #[error("it wrote to stdout what is no message: {line}")]
    Rubbish {
        /// The beginning, quoted.
        line: String,
    },
    /// It wrote more than is read.
    #[error("it wrote more than {} MB without an answer", bytes / 1024 / 1024)]
    Flood {
        /// The limit.
        bytes: u64,
    },
    /// It answered with an error.
    #[error("it refused {method}: {because}")]
    Refused {
        /// What was asked.
        method: String,
        /// What it said.
        because: String,
    },
}
