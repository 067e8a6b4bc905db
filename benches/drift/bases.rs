//! The clean skills.

use std::path::PathBuf;

use platform_integration::app::verify::Options;
use platform_integration::sandbox::Means;
use platform_integration::verify::Profile;

/// A clean skill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base {
    /// Our own, with our own server.
    Ours = 0,
    /// Written for this: a plugin with a server in Python, tests, templates, a recorded trace.
    Notes = 1,
    /// Written for this: two skills without a server, scripts in Python, JavaScript and shell.
    Csv = 2,
}

impl Base {
    /// All of them, in the order of their numbers.
    pub(crate) const ALL: [Self; 3] = [Self::Ours, Self::Notes, Self::Csv];

    /// How it is called.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Notes => "incident-notes",
            Self::Csv => "csv-tidy",
        }
    }

    /// Where it lies.
    pub(crate) fn root(self) -> PathBuf {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        match self {
            Self::Ours => root,
            Self::Notes | Self::Csv => root.join("tests/fixtures/skills").join(self.name()),
        }
    }

    /// What is verified, below the root.
    pub(crate) const fn dir(self) -> &'static str {
        match self {
            Self::Ours => "skill/platform-integration",
            Self::Notes | Self::Csv => ".",
        }
    }
}

/// Options that all share.
pub(crate) fn options() -> Options {
    Options {
        dir: String::new(),
        profile: Profile::Full,
        fix: false,
        server: None,
        collections: Vec::new(),
        program: platform_integration::cli::program(),
        exe: None,
        means: Means::default(),
        accept: false,
        base: None,
    }
}
