//! Running a connector and operating it.

use std::net::SocketAddr;

use clap::{Args, Subcommand};

use super::{base_url, words};

#[derive(Debug, Args)]
#[command(after_help = "\
Ctrl-C or SIGTERM drains: what is in flight is finished, and the next run goes on from there. A run with --watch or --listen then \
ends with 0, if all that it had read is delivered; any other ends with 1, since it has not seen the end of its source. A second \
signal stops at once: 130 for Ctrl-C, 143 for SIGTERM.")]
pub(in crate::cli) struct Run {
    /// Path of integration.yaml.
    pub(in crate::cli) contract: String,
    /// Only this flow.
    #[arg(long)]
    pub(in crate::cli) flow: Option<String>,
    /// Another base URL for a system: crm=http://127.0.0.1:9002 (repeatable). On this machine, its tokens come from there too.
    #[arg(long, value_name = "SYSTEM=URL", value_parser = base_url)]
    pub(in crate::cli) base_url: Vec<(String, String)>,
    /// Go on polling at the flow's interval until stopped.
    #[arg(long)]
    pub(in crate::cli) watch: bool,
    /// After the run, read the target back and compare every record of the source with it.
    #[arg(long, conflicts_with_all = ["watch", "listen", "dry_run"])]
    pub(in crate::cli) verify: bool,
    /// Serve /metrics (Prometheus), /healthz and /readyz at this address: 127.0.0.1:9464. Beyond this machine it needs an
    /// approval of a live run.
    #[arg(long, value_name = "ADDR", conflicts_with = "dry_run")]
    pub(in crate::cli) metrics: Option<SocketAddr>,
    /// Receive the webhooks of the flows at this address, and go on until stopped: 127.0.0.1:8788. Beyond this machine it
    /// needs an approval of a live run, and something in front of it that speaks TLS.
    #[arg(long, value_name = "ADDR")]
    pub(in crate::cli) listen: Option<SocketAddr>,
    /// Read, map and look up, but write nothing: what would be created, updated, rejected. Needs no approval. Reads
    /// the real systems with real credentials: where they go is printed first.
    #[arg(long, conflicts_with_all = ["watch", "listen"])]
    pub(in crate::cli) dry_run: bool,
    /// Read each source from its beginning, so that a changed mapping reaches what was delivered before. What the mapping
    /// gives as it was delivered is not written again.
    #[arg(long)]
    pub(in crate::cli) full_refresh: bool,
    /// The session the run belongs to.
    #[arg(long)]
    pub(in crate::cli) session: Option<String>,
    /// File of the keys whose signatures count. Default: platform-integration/allowed_signers in the user's
    /// configuration; the file that the contract names counts only when it is named here.
    #[arg(long, value_name = "PATH", env = "PLATFORM_INTEGRATION_SIGNERS")]
    pub(in crate::cli) signers: Option<String>,
    /// No log lines on stderr.
    #[arg(long)]
    pub(in crate::cli) quiet: bool,
    /// Log lines also at a terminal, where a view of the flows is drawn otherwise.
    #[arg(long)]
    pub(in crate::cli) plain: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Without --apply nothing is written: what would be taken back is told, and what stays, with the reason. A record that was \
changed in the target since is not touched. Afterwards the flow stays paused, until `resume`.")]
pub(in crate::cli) struct Rollback {
    /// Handle of the run, as `run` and `runs` show it; or last: of each flow the last that wrote something.
    pub(in crate::cli) run: String,
    /// Path of integration.yaml.
    pub(in crate::cli) contract: String,
    /// Only this flow.
    #[arg(long)]
    pub(in crate::cli) flow: Option<String>,
    /// Do it. Beyond this machine it needs the approval of a live run.
    #[arg(long)]
    pub(in crate::cli) apply: bool,
    /// Leave the flow running afterwards: its next run may write again what was taken back.
    #[arg(long, requires = "apply")]
    pub(in crate::cli) keep_running: bool,
    #[command(flatten)]
    pub(in crate::cli) reach: Reaching,
}

/// Which systems a command works on, for whom, and by whom it is approved.
#[derive(Debug, Args)]
pub(in crate::cli) struct Reaching {
    /// Another base URL for a system: crm=http://127.0.0.1:9002 (repeatable). On this machine, its tokens come from there too.
    #[arg(long, value_name = "SYSTEM=URL", value_parser = base_url)]
    pub(in crate::cli) base_url: Vec<(String, String)>,
    /// The session it belongs to.
    #[arg(long)]
    pub(in crate::cli) session: Option<String>,
    /// File of the keys whose signatures count. Default: platform-integration/allowed_signers in the user's
    /// configuration.
    #[arg(long, value_name = "PATH", env = "PLATFORM_INTEGRATION_SIGNERS")]
    pub(in crate::cli) signers: Option<String>,
    /// Your name, for the record. The user of this machine is recorded in any case.
    #[arg(long = "as", value_name = "NAME")]
    pub(in crate::cli) by: Option<String>,
    /// No log lines on stderr.
    #[arg(long)]
    pub(in crate::cli) quiet: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Pause {
    /// The flow, or integration/flow. Default: all flows of this ledger.
    pub(in crate::cli) flow: Option<String>,
    /// Why, for whoever finds it paused.
    #[arg(long, value_name = "TEXT", value_parser = words)]
    pub(in crate::cli) because: String,
    /// The contract, where the flow has not run yet.
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) contract: Option<String>,
    /// Your name, for the record. The user of this machine is recorded in any case.
    #[arg(long = "as", value_name = "NAME")]
    pub(in crate::cli) by: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Resume {
    /// The flow, or integration/flow. Default: what was paused as all flows.
    pub(in crate::cli) flow: Option<String>,
    /// Also where a rollback has switched it off and did not come to its end: what it deleted and did not mark yet is then taken
    /// for delivered.
    #[arg(long)]
    pub(in crate::cli) unfinished: bool,
    /// Your name, for the record. The user of this machine is recorded in any case.
    #[arg(long = "as", value_name = "NAME")]
    pub(in crate::cli) by: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Runs {
    /// Only of this flow.
    #[arg(long)]
    pub(in crate::cli) flow: Option<String>,
    /// How many.
    #[arg(long, default_value_t = 20)]
    pub(in crate::cli) limit: usize,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Only GET is asked, one request a second. Beyond this machine it needs an approval of a live run, as run does: it reads real \
systems with real credentials. Nothing of the answers is kept but shapes, digests and counts. The exit code is 1 where \
something is not as described.")]
pub(in crate::cli) struct Probe {
    /// Path of integration.yaml.
    pub(in crate::cli) contract: String,
    /// Only the systems of this flow.
    #[arg(long)]
    pub(in crate::cli) flow: Option<String>,
    /// Another base URL for a system: crm=http://127.0.0.1:9002 (repeatable). On this machine, its tokens come from there too.
    #[arg(long, value_name = "SYSTEM=URL", value_parser = base_url)]
    pub(in crate::cli) base_url: Vec<(String, String)>,
    /// Requests at most, 1 to 50.
    #[arg(long, default_value_t = 12)]
    pub(in crate::cli) requests: u64,
    /// The session the probe belongs to.
    #[arg(long)]
    pub(in crate::cli) session: Option<String>,
    /// File of the keys whose signatures count. Default: platform-integration/allowed_signers in the user's
    /// configuration; the file that the contract names counts only when it is named here.
    #[arg(long, value_name = "PATH", env = "PLATFORM_INTEGRATION_SIGNERS")]
    pub(in crate::cli) signers: Option<String>,
}

/// The list, or one of the subcommands on letters.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct DeadLetters {
    #[command(subcommand)]
    pub(in crate::cli) command: Option<DeadLettersCommand>,
    /// Only of this flow.
    #[arg(long)]
    pub(in crate::cli) flow: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DeadLettersCommand {
    /// List them.
    List {
        /// Only of this flow.
        #[arg(long)]
        flow: Option<String>,
    },
    /// Show one: reason, attempts, digest of the record.
    Show {
        /// Its number.
        id: u64,
        /// Print the record too. It may hold personal data.
        #[arg(long)]
        payload: bool,
    },
    /// Deliver letters through the contract as it is now.
    Replay(Replay),
    /// Give a record up, and say why.
    Drop {
        /// Its number.
        id: u64,
        /// Why.
        #[arg(long, value_name = "TEXT", value_parser = words)]
        because: String,
        /// Your name, for the record. The user of this machine is recorded in any case.
        #[arg(long = "as", value_name = "NAME")]
        by: Option<String>,
    },
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(true))]
pub(in crate::cli) struct Replay {
    /// Numbers of the letters.
    #[arg(group = "which", conflicts_with_all = ["flow", "code", "all"])]
    pub(in crate::cli) ids: Vec<u64>,
    /// All of this flow.
    #[arg(long, group = "which")]
    pub(in crate::cli) flow: Option<String>,
    /// All with this code, such as rejected-by-target.
    #[arg(long, group = "which")]
    pub(in crate::cli) code: Option<String>,
    /// All that wait.
    #[arg(long, group = "which")]
    pub(in crate::cli) all: bool,
    /// Path of integration.yaml.
    #[arg(long, value_name = "PATH", default_value = "integration.yaml")]
    pub(in crate::cli) contract: String,
    #[command(flatten)]
    pub(in crate::cli) reach: Reaching,
}
