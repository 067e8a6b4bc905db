//! What is held against contracts, skills and projects.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::P;
use crate::app;
use crate::finding::Severity;

#[derive(Debug, Args)]
pub(in crate::cli) struct Check {
    #[command(flatten)]
    pub(in crate::cli) params: P<app::CheckContract>,
    /// First make the changes that leave nothing to decide, in the file itself; comments stay.
    #[arg(long)]
    pub(in crate::cli) fix: bool,
    /// What becomes of each sample, JSON Lines: {"mapped": record} or {"rejected": {"code": …, "target": …}}. Another
    /// outcome is an error that names its line and field.
    #[arg(long, value_name = "FILE", requires = "samples")]
    pub(in crate::cli) expect: Option<String>,
    /// The least severity that makes the exit code 1.
    #[arg(long, value_enum, default_value_t = Bar::Error)]
    pub(in crate::cli) fail_on: Bar,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Drift {
    #[command(flatten)]
    pub(in crate::cli) params: P<app::CheckDrift>,
    /// What makes the exit code 1: a change that breaks, or one that may bite too.
    #[arg(long, value_enum, default_value_t = DriftBar::Breaking)]
    pub(in crate::cli) fail_on: DriftBar,
}

/// What makes the exit code of `drift` 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum DriftBar {
    /// A change that breaks.
    Breaking,
    /// A change that breaks or bites.
    Warning,
    /// Any change.
    Change,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Lock {
    /// Directory of a skill, the one that holds SKILL.md; or one with skills below it. Default: the project that the
    /// current directory lies in.
    pub(in crate::cli) dir: Option<String>,
    /// Lock the tools of this command's server, instead of those that manifests declare. It is started as it is.
    #[arg(long, value_name = "COMMAND")]
    pub(in crate::cli) server: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Verify {
    /// Directory of a skill, the one that holds SKILL.md; or one with skills below it. Default: the project that the
    /// current directory lies in.
    pub(in crate::cli) dir: Option<String>,
    /// How much is verified.
    #[arg(long, value_enum, default_value_t = ProfileArg::Full)]
    pub(in crate::cli) profile: ProfileArg,
    /// Mend what can be mended safely, then verify again.
    #[arg(long)]
    pub(in crate::cli) fix: bool,
    /// Record the traces under examples/ anew, with what the server answers today; review the change before it is kept.
    #[arg(long)]
    pub(in crate::cli) accept: bool,
    /// Start this command as the server that the skill speaks of, instead of those that manifests declare. It is started
    /// as it is, without the sandbox.
    #[arg(long, value_name = "COMMAND")]
    pub(in crate::cli) server: Option<String>,
    /// Another directory whose skills may be routed to; may be given again.
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) collection: Vec<String>,
    /// A commit, branch or tag: a skill that differs from it must have another version.
    #[arg(long, value_name = "REF")]
    pub(in crate::cli) base: Option<String>,
    /// The least severity that makes the exit code 1.
    #[arg(long, value_enum, default_value_t = Bar::Error)]
    pub(in crate::cli) fail_on: Bar,
}

/// How much is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ProfileArg {
    /// The Agent Skills standard alone; nothing is started.
    Spec,
    /// And documents, resources, manifests and the declared server against each other.
    Sync,
    /// And code blocks, tests, recorded calls and mutants, run in a sandbox.
    Full,
}

/// The least severity that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Bar {
    /// Errors alone.
    Error,
    /// Errors and warnings.
    Warning,
    /// Everything.
    Note,
}

impl From<Bar> for Severity {
    fn from(b: Bar) -> Self {
        match b {
            Bar::Error => Self::Error,
            Bar::Warning => Self::Warning,
            Bar::Note => Self::Note,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Without --write or --check, packages are built: the self-contained skill and its archive, a directory for each client, \
the bundle for desktop clients with this program in it, and the registry's entry. The same files give the same bytes.")]
pub(in crate::cli) struct Package {
    /// The project, with integ.toml at its root.
    #[arg(default_value = ".")]
    pub(in crate::cli) dir: String,
    /// Directory to build into.
    #[arg(long, value_name = "DIR", default_value = "dist", conflicts_with_all = ["write", "check"])]
    pub(in crate::cli) out: String,
    /// Write the manifests into the project instead.
    #[arg(long, conflicts_with = "check")]
    pub(in crate::cli) write: bool,
    /// Compare the project's manifests with their source instead; the exit code is 1 where one differs.
    #[arg(long)]
    pub(in crate::cli) check: bool,
    /// Build from the skill that this program holds, without a checkout.
    #[arg(long, conflicts_with_all = ["write", "check", "dir"])]
    pub(in crate::cli) own: bool,
    /// The program that goes into the bundle. Default: this one.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["write", "check"])]
    pub(in crate::cli) binary: Option<PathBuf>,
}
