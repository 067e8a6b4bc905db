//! Row 6: what clients are given: every manifest made from one source, the self-contained skill, and the archives. Pure:
//! files in, files out; `app` reads and writes them.
//!
//! The source is `integ.toml` with the project's own `Cargo.toml`, `pyproject.toml` or `package.json`. One manifest a
//! file, in [`manifests`].

mod archive;
mod dist;
mod manifests;
mod read;
mod skill;
mod source;

pub use archive::{Entry, zip};
pub use dist::{Binary, Built, NotBuilt, dist};
pub use manifests::ALL;
pub use read::{Kind, Read, Server, difference, read};
pub use skill::{NotShipped, ships};
pub use source::{Author, FILE as SOURCE, Home, Registry, Source, SourceError};

use serde_json::Value;

/// One manifest.
#[derive(Debug)]
pub struct Manifest {
    /// The client it is for, as `clients` of the source names it.
    pub client: &'static str,
    /// Where it lies in a repository that is its own plugin.
    pub path: &'static str,
    /// Makes it.
    pub make: fn(&Source, &Place) -> Value,
}

/// Where a manifest will lie: it names the skill, and for a built package what was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the project's own repository.
    Repository,
    /// In a package that was built from it.
    Built {
        /// The platform of the binary in it, as MCP bundles name it: `linux`, `darwin`, `win32`.
        platform: String,
        /// The bundle that was built: its file name and SHA-256.
        bundle: Option<(String, String)>,
    },
}

impl Place {
    /// The directory of the skill, from the manifest's root: `./skill/name`.
    #[must_use]
    pub fn skill(&self, source: &Source) -> String {
        match self {
            Self::Repository => format!("./{}", source.skill),
            Self::Built { .. } => format!("./skills/{}", source.skill_name()),
        }
    }

    /// The directory that holds the skill's, with the final `/`.
    #[must_use]
    pub fn skills(&self, source: &Source) -> String {
        let skill = self.skill(source);
        skill.rsplit_once('/').map_or_else(|| "./".to_owned(), |(dir, _)| format!("{dir}/"))
    }
}

/// The text of a manifest, as it is written.
#[must_use]
pub fn text(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// The manifests that the source asks for.
pub fn wanted(source: &Source) -> impl Iterator<Item = &'static Manifest> {
    ALL.iter().copied().filter(|m| source.clients.iter().any(|c| c == m.client))
}
