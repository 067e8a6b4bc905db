//! The log, and what a person decides.

use clap::{Args, Subcommand};

use super::{P, what};
use crate::app;
use crate::workflow::approvals::What;

/// A query, or one of the subcommands on the log as a whole.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct Evidence {
    #[command(subcommand)]
    pub(in crate::cli) command: Option<EvidenceCommand>,
    #[command(flatten)]
    pub(in crate::cli) query: Box<P<app::QueryEvidence>>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum EvidenceCommand {
    /// Prove the log, and name the first record that was altered, removed or reordered.
    Verify {
        /// Hold it against a seal that was made before.
        #[arg(long, value_name = "FILE")]
        seal: Option<String>,
        /// Whose signature (FILE.sig) the seal must carry: a list as ssh-keygen's allowed signers.
        #[arg(long, value_name = "FILE", requires = "seal")]
        signers: Option<String>,
        /// Prove a bundle instead, without the store it comes from.
        #[arg(long, value_name = "FILE")]
        bundle: Option<String>,
    },
    /// Show one record whole, with its input and answer.
    Show {
        /// Its number.
        seq: u64,
    },
    /// Compare two sessions: systems, contract, constraints and decisions, drills, readiness.
    Diff {
        /// The first session.
        left: String,
        /// The second session.
        right: String,
    },
    /// Write the head of the log out as an in-toto statement, so that even a rewritten log is noticed.
    Seal {
        /// Write it to this file.
        #[arg(long, value_name = "FILE")]
        out: Option<String>,
        /// Sign it with this SSH key, to FILE.sig.
        #[arg(long, value_name = "KEY", requires = "out")]
        sign: Option<String>,
    },
    /// Write the log to a bundle that proves without the store.
    Export {
        /// The file; gzip where its name ends with .gz.
        #[arg(long, value_name = "FILE")]
        out: String,
        /// Only this session.
        #[arg(long)]
        session: Option<String>,
    },
    /// Take a bundle in, beside the own log. One that does not prove is refused.
    Import {
        /// The bundle.
        file: String,
    },
    /// Drop inputs, answers and data that are old and that nothing is computed from. The log still proves.
    #[command(group = clap::ArgGroup::new("rule").required(true))]
    Compact {
        /// Keep everything of so many days or weeks: 90d, 12w.
        #[arg(long, value_name = "SPAN", group = "rule")]
        keep: Option<String>,
        /// Keep everything from this time on: "2026-11-23" or RFC 3339.
        #[arg(long, value_name = "TIME", group = "rule")]
        before: Option<String>,
    },
    /// Show where a constraint leads: clause, drill, line of the runbook.
    Trace(app::trace_constraint::Params),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Confirm {
    #[command(flatten)]
    pub(in crate::cli) params: P<app::ConfirmConstraints>,
    /// Your name, for the record. The user of this machine is recorded in any case.
    #[arg(long = "as", value_name = "NAME")]
    pub(in crate::cli) by: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Approve {
    /// Path of integration.yaml.
    pub(in crate::cli) contract: String,
    /// live-run, accept-risk or inferred-constraints.
    #[arg(default_value = "live-run", value_parser = what)]
    pub(in crate::cli) what: What,
    /// With accept-risk: the deferred constraint, or the item of the checklist that is not met.
    pub(in crate::cli) risk: Option<String>,
    /// The session it belongs to. Default: the one that last checked this state of the contract.
    #[arg(long)]
    pub(in crate::cli) session: Option<String>,
    /// Your name, for the record. The user of this machine is recorded in any case.
    #[arg(long = "as", value_name = "NAME")]
    pub(in crate::cli) by: Option<String>,
    /// An SSH signature over the statement, instead of a person at this terminal.
    #[arg(long, value_name = "FILE", conflicts_with = "print_statement")]
    pub(in crate::cli) signature: Option<String>,
    /// Print what to sign, and how.
    #[arg(long)]
    pub(in crate::cli) print_statement: bool,
    /// File of the keys whose signatures count. Default: platform-integration/allowed_signers in the user's
    /// configuration; the file that the contract names counts only when it is named here.
    #[arg(long, value_name = "PATH", env = "PLATFORM_INTEGRATION_SIGNERS")]
    pub(in crate::cli) signers: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ApprovalsOf {
    /// Path of integration.yaml.
    pub(in crate::cli) contract: String,
    /// What must stand; the exit code is 1 where it does not (repeatable).
    #[arg(long, value_name = "WHAT", value_parser = what)]
    pub(in crate::cli) require: Vec<What>,
    /// File of the keys whose signatures count. Default: platform-integration/allowed_signers in the user's
    /// configuration; the file that the contract names counts only when it is named here.
    #[arg(long, value_name = "PATH", env = "PLATFORM_INTEGRATION_SIGNERS")]
    pub(in crate::cli) signers: Option<String>,
}
