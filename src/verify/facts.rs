//! What was started and run, for checks to judge. Each part is empty where the profile did not ask for it, or where
//! there was nothing to ask.

use std::collections::BTreeMap;

use super::scripts::Suspect;
use crate::base::yaml::Span;
use crate::probe::{NoServer, Surface, Tool};

/// All facts.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Each declared server, and what it answered.
    pub servers: Vec<Server>,
    /// The program whose commands documents may name, where it is known.
    pub program: Option<Program>,
    /// The skills of other directories that may be routed to: the text of SKILL.md by name.
    pub collection: BTreeMap<String, String>,
    /// Of the paths below the root that manifests name, those that are on the disk; nothing where there is no disk.
    pub named_and_there: Option<std::collections::BTreeSet<String>>,
    /// The scripts that their grammars cannot read, where they were looked for already.
    pub suspects: Option<Vec<Suspect>>,
    /// What interpreters said of those scripts, by path below the root.
    pub syntax: BTreeMap<String, Syntax>,
    /// The handles of the sessions in the project's own store; nothing where it has none, or it was not asked.
    pub recorded: Option<Vec<String>>,
    /// What a skill was at the reference it is compared with, by its directory below the root.
    pub bases: BTreeMap<String, Base>,
    /// Recorded traces, and what a fresh server answered to the same calls.
    pub replays: Vec<Replay>,
    /// What came of what was run in the sandbox.
    pub runs: super::runs::Runs,
}

/// What an interpreter says of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Syntax {
    /// It reads it.
    Fine,
    /// It does not.
    Wrong {
        /// Where; line 0 where it does not say.
        at: Span,
        /// Why.
        because: String,
    },
}

/// A skill at another commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The reference, as it was named.
    pub reference: String,
    /// Its `SKILL.md` there.
    pub main: String,
    /// The files, below the project's root, that differ from there to here.
    pub changed: Vec<String>,
}

/// A recorded trace, replayed.
#[derive(Debug, Clone)]
pub struct Replay {
    /// The trace, below the root.
    pub path: String,
    /// The answers, as many as there were before the server stopped answering; or why it was not replayed.
    pub answers: Result<Vec<Replayed>, NoServer>,
}

/// What one call of a trace came to this time.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// Structured content, else text.
    pub result: serde_json::Value,
    /// Whether the tool said that it failed.
    pub is_error: bool,
}

/// A server that the project declares, or that the user named.
#[derive(Debug, Clone)]
pub struct Server {
    /// The manifest that declares it, below the root; nothing where the user named it.
    pub declared_in: Option<String>,
    /// Where in the manifest.
    pub at: Span,
    /// Its key there, e.g. `integ`.
    pub key: String,
    /// The command as declared.
    pub command: Vec<String>,
    /// What it answered.
    pub answered: Result<Surface, NoServer>,
}

/// A command-line program and its subcommands.
#[derive(Debug, Clone, Default)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// Its subcommands.
    pub commands: Vec<String>,
    /// The long flags of each of its commands, without the dashes; a command within a command by its whole path, the
    /// program itself by the empty one.
    pub flags: BTreeMap<String, Vec<String>>,
}

impl Facts {
    /// The servers that answered, and what; one that was declared several times counts once.
    pub fn answered(&self) -> impl Iterator<Item = (&Server, &Surface)> {
        let first = |i: usize, s: &Server| !self.servers.iter().take(i).any(|o| o.same(s));
        self.servers
            .iter()
            .enumerate()
            .filter(move |(i, s)| first(*i, s))
            .filter_map(|(_, s)| Some((s, s.answered.as_ref().ok()?)))
    }

    /// A tool of any server that answered.
    #[must_use]
    pub fn tool(&self, name: &str) -> Option<&Tool> {
        self.answered().find_map(|(_, surface)| surface.tool(name))
    }

    /// The first server that answered.
    #[must_use]
    pub fn surface(&self) -> Option<&Surface> {
        self.servers.iter().find_map(|s| s.answered.as_ref().ok())
    }
}

impl Server {
    /// Whether the other is this one, declared once more: each client's manifest writes its command in its own way.
    fn same(&self, other: &Self) -> bool {
        self.key == other.key && self.answered == other.answered
    }
}
