//! What was started and run, for checks to judge. Each part is empty where the profile did not ask for it, or where
//! there was nothing to ask.

use std::collections::BTreeMap;

use super::scripts::Suspect;
use crate::base::yaml::Span;
use crate::probe::{NoServer, Surface};

/// All facts.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Each declared server, and what it answered.
    pub servers: Vec<Server>,
    /// The program whose commands documents may name, where it is known.
    pub program: Option<Program>,
    /// The scripts that their grammars cannot read, where they were looked for already.
    pub suspects: Option<Vec<Suspect>>,
    /// What interpreters said of those scripts, by path below the root.
    pub syntax: BTreeMap<String, Syntax>,
    /// What a skill was at the reference it is compared with, by its directory below the root.
    pub bases: BTreeMap<String, Base>,
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
