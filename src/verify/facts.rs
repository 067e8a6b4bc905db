//! What was started and run, for checks to judge. Each part is empty where the profile did not ask for it, or where
//! there was nothing to ask.

use crate::probe::{NoServer, Surface};

/// All facts.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Each declared server, and what it answered.
    pub servers: Vec<Server>,
    /// The program whose commands documents may name, where it is known.
    pub program: Option<Program>,
    /// Of the paths below the root that manifests name, those that are on the disk; nothing where there is no disk.
    pub named_and_there: Option<std::collections::BTreeSet<String>>,
}

/// A server that the project declares, or that the user named.
#[derive(Debug, Clone)]
pub struct Server {
    /// The manifest that declares it, below the root; nothing where the user named it.
    pub declared_in: Option<String>,
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
}

impl Facts {
    /// The first server that answered.
    #[must_use]
    pub fn surface(&self) -> Option<&Surface> {
        self.servers.iter().find_map(|s| s.answered.as_ref().ok())
    }
}
