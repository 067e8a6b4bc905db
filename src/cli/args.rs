//! What can be typed.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::app::{self, Fetch, UseCase};
use crate::connector::Reach;
use crate::finding::Severity;
use crate::workflow::approvals::What;

type P<U> = <U as UseCase>::Params;

/// Connects two platforms the way a senior engineer would, and lets nobody call it done without evidence.
#[derive(Debug, Parser)]
#[command(
    name = "platform-integration",
    version,
    max_term_width = 100,
    propagate_version = true,
    arg_required_else_help = true
)]
#[command(
    after_help = "Start with:  platform-integration demo\nExit codes:  0 fine, 1 findings or no PASS, 2 refused, nobody to ask or bad use, 3 fault, 130 stopped by Ctrl-C"
)]
pub(super) struct Cli {
    /// Where the evidence is kept. Default: .platform-integration/evidence.db, looked for upward from here.
    #[arg(long, global = true, value_name = "PATH", env = "PLATFORM_INTEGRATION_STORE", hide_env_values = true)]
    pub(super) store: Option<PathBuf>,
    /// How the result is printed.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// How the result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// SARIF 2.1.0 (check, drift, verify).
    Sarif,
    /// JUnit XML (check, drift, drill, verify).
    Junit,
    /// Annotations of a GitHub workflow (drift, verify).
    Github,
    /// An in-toto statement with a test result (verify).
    InToto,
}

impl Format {
    /// What a command prints, by the command's name.
    pub(super) fn of(command: &str) -> &'static [Self] {
        match command {
            "verify" => Self::value_variants(),
            "check" => &[Self::Text, Self::Json, Self::Sarif, Self::Junit],
            "drift" => &[Self::Text, Self::Json, Self::Sarif, Self::Junit, Self::Github],
            "drill" => &[Self::Text, Self::Json, Self::Junit],
            _ => &[Self::Text, Self::Json],
        }
    }
}

/// The command line, each command with the formats that it prints and no others.
pub(super) fn command() -> clap::Command {
    let mut command = <Cli as clap::CommandFactory>::command();
    let names: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    for name in names {
        let formats = Format::of(&name);
        // What prints a script or writes pages has one form.
        let hidden = matches!(name.as_str(), "completions" | "man");
        command = command.mut_subcommand(name, |c| c.arg(format_of(formats).hide(hidden)).mut_args(as_commands));
    }
    command
}

/// The help of an argument that a tool has too, in the words of the command line.
fn as_commands(arg: clap::Arg) -> clap::Arg {
    let Some(help) = arg.get_help().map(ToString::to_string) else { return arg };
    let said = TOOLS.iter().fold(help.clone(), |help, (tool, command)| help.replace(tool, command));
    if said == help { arg } else { arg.help(said) }
}

/// Tools that the help of arguments names, each with its command.
const TOOLS: [(&str, &str); 5] = [
    (app::OpenSession::NAME, "`open`"),
    (app::MapSystem::NAME, "`map`"),
    (app::RecordConstraint::NAME, "`constrain`"),
    (app::CheckContract::NAME, "`check`"),
    (app::CheckDrift::NAME, "`drift`"),
];

/// `--format` with these values. It overrides the one of the whole program, and its value is that one's.
fn format_of(formats: &'static [Format]) -> clap::Arg {
    use clap::builder::{PossibleValuesParser, TypedValueParser as _};
    let shown = formats.iter().filter_map(|format| {
        let value = format.to_possible_value()?;
        // Which commands have it is of no use in the help of one.
        let help = value.get_help().map(ToString::to_string).unwrap_or_default();
        let help = help.split_once(" (").map_or(help.clone(), |(help, _)| help.to_owned());
        Some(value.help(help))
    });
    let parser = PossibleValuesParser::new(shown).map(|name| Format::from_str(&name, false).unwrap_or(Format::Text));
    clap::Arg::new("format")
        .long("format")
        .global(true)
        .value_name("FORMAT")
        .help("How the result is printed")
        .default_value("text")
        .value_parser(parser)
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run the whole job on the bundled example.
    Demo(Demo),
    /// Open a session of work on one integration.
    Open(P<app::OpenSession>),
    /// Read an API description into a system map.
    Map(Look<P<app::MapSystem>>),
    /// Look into an API description: operations, one operation, one entity.
    Inspect(Look<P<app::InspectSystem>>),
    /// Add or reclassify a constraint.
    Constrain(P<app::RecordConstraint>),
    /// Settle what was only assumed (inferred constraints), as the human, at a terminal.
    Confirm(Confirm),
    /// Approve a live run, a risk or what is assumed: at a terminal, or by a signature.
    Approve(Approve),
    /// Show which approvals stand for a contract as it is now.
    Approvals(ApprovalsOf),
    /// List what waits for a person, over all sessions.
    Inbox,
    /// Propose integration.yaml from two mapped systems.
    Draft(P<app::DraftContract>),
    /// Compile integration.yaml: findings with line, reason and fix.
    Check(Check),
    /// Compare two descriptions of one system: what changed, and what of it breaks an integration.
    Drift(Drift),
    /// Write deployable project files around a contract.
    Scaffold(P<app::ScaffoldConnector>),
    /// Try to break the connector: faults over many seeds, in virtual time. Or any program, over loopback.
    Drill(Box<Drill>),
    /// Weigh a session's evidence: checklist, open risks, verdict and confidence.
    Assess(P<app::AssessReadiness>),
    /// Write the dossier: specification, mapping, test matrix, runbook, risks and rollback, as Markdown and one page.
    Export(P<app::ExportDossier>),
    /// Ask who did what, why, when, on what evidence.
    Evidence(Box<Evidence>),
    /// Move real records: run the contract's connector.
    Run(Run),
    /// Ask the systems of a contract a few harmless questions: are they as described?
    Probe(Probe),
    /// Serve a stateful mock of an API description on this machine.
    Mock(Mock),
    /// Take back what a run wrote: tell what can be undone, then undo it.
    Rollback(Rollback),
    /// Records that could not be delivered: list, show, replay, drop.
    DeadLetters(DeadLetters),
    /// Execute a runbook in the lab: does it still hold?
    Runbook {
        #[command(subcommand)]
        command: RunbookCommand,
    },
    /// Switch a flow off, or all: a running connector sends no further request.
    Pause(Pause),
    /// Switch it on again.
    Resume(Resume),
    /// How the flows stand: paused, last run, dead letters.
    Status,
    /// List runs with their handles, verdicts and counts.
    Runs(Runs),
    /// Verify a skill: documents, examples, tests and tools against each other.
    Verify(Verify),
    /// Write down what a skill is now, files and tools, so that what changes later is seen.
    Lock(Lock),
    /// Serve the tools to MCP clients: over stdin and stdout, or over HTTP.
    Serve(Serve),
    /// Make every client's manifest and package from integ.toml and the project's own package file.
    Package(Package),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write man pages, one a command.
    Man {
        /// Directory to write to.
        #[arg(long, value_name = "DIR", default_value = "man")]
        out: PathBuf,
    },
}

/// A look at one description, and where it comes from.
#[derive(Debug, Args)]
pub(super) struct Look<T: Args> {
    #[command(flatten)]
    pub(super) params: T,
    /// OpenAPI Overlay document to apply to the description (repeatable).
    #[arg(long, value_name = "FILE", requires = "api")]
    pub(super) overlay: Vec<String>,
    #[command(flatten)]
    pub(super) fetching: Fetching,
}

/// What may be fetched over the network.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Fetching {
    /// Fetch descriptions by https address, and what they refer to at other addresses.
    #[arg(long)]
    pub(super) allow_url: bool,
    /// Fetch from loopback and private addresses too.
    #[arg(long)]
    pub(super) allow_private: bool,
    /// Fetch over plain http too.
    #[arg(long)]
    pub(super) allow_http: bool,
}

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Schedules (seeds) for each drill.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(super) schedules: u64,
    /// First seed.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
}

/// Drills, and what to drill where it is not the connector that runs the contract.
#[derive(Debug, Args)]
#[command(
    after_help = "A program is told by environment where the systems are: NAME_BASE_URL and NAME_TOKEN_URL for each system of the \
contract, each env:VAR of it with a secret, STATE_DIR, DISABLE_FILE, DEAD_LETTER_FILE, CONTRACT, PORT, TIME_SCALE and RUN_MODE. \
Placeholders in --command and --env: {SYSTEM.base_url}, {SYSTEM.token_url}, {state_dir}, {disable_file}, {dead_letter_file}, \
{port}, {contract}.\nExit code 0 of the program is its word that all is well. More: docs/black-box.md"
)]
pub(super) struct Drill {
    #[command(flatten)]
    pub(super) params: P<app::RunDrills>,
    /// Drill this program instead, over loopback and in real time; seeds default to 1. Taken apart as a shell does.
    #[arg(id = "program", long = "command", value_name = "COMMAND")]
    pub(super) program: Option<String>,
    /// The program stays up: a pass ends when the systems are quiet, then it is asked to end.
    #[arg(long, requires = "program")]
    pub(super) service: bool,
    /// A further variable for the program; placeholders are filled in (repeatable).
    #[arg(long, value_name = "NAME=TEMPLATE", requires = "program")]
    pub(super) env: Vec<String>,
    /// The program divides its waits by this, as TIME_SCALE tells it.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000), requires = "program")]
    pub(super) time_scale: u32,
    /// Seconds that one run of the program may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600), requires = "program")]
    pub(super) deadline: u64,
    /// Schedules side by side.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=64), requires = "program")]
    pub(super) jobs: u64,
}

/// A query, or one of the subcommands on the log as a whole.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Evidence {
    #[command(subcommand)]
    pub(super) command: Option<EvidenceCommand>,
    #[command(flatten)]
    pub(super) query: Box<P<app::QueryEvidence>>,
}

#[derive(Debug, Subcommand)]
pub(super) enum EvidenceCommand {
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

/// What to do with a runbook.
#[derive(Debug, Subcommand)]
pub(super) enum RunbookCommand {
    /// Execute its steps against mock systems on this machine, with made-up secrets and a store that is thrown away.
    #[command(after_help = "\
A step is a fenced block that says so:  ```sh step=NAME expect=exit:0 lab=down:SYSTEM background=NAME
  expect      exit:N (or exit:N|M), delivered (every record is in its target), out:TEXT; default exit:0
  lab         done before the step: down, up, revoke, renew, change, poison with :SYSTEM, or lose-store
  background  the command goes on under this name; kill -TERM $NAME ends it
Each line is one command, without a shell: this program, kill -TERM, cp -a. $MEMORY is the directory of the store. In other blocks of sh, \
what names this program must exist. Exit code 1 where a step fails or could not be executed.")]
    Verify {
        /// The runbook.
        #[arg(default_value = "RUNBOOK.md")]
        file: String,
        /// Path of the contract. Default: integration.yaml beside the runbook.
        #[arg(long)]
        contract: Option<String>,
        /// Execute only this step (repeatable).
        #[arg(long, value_name = "STEP")]
        only: Vec<String>,
        /// Seconds that one command may take.
        #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=3600))]
        patience: u64,
    },
}

#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    pub(super) params: P<app::CheckContract>,
    /// First make the changes that leave nothing to decide, in the file itself; comments stay.
    #[arg(long)]
    pub(super) fix: bool,
    /// What becomes of each sample, JSON Lines: {"mapped": record} or {"rejected": {"code": …, "target": …}}. Another
    /// outcome is an error that names its line and field.
    #[arg(long, value_name = "FILE", requires = "samples")]
    pub(super) expect: Option<String>,
    /// The least severity that makes the exit code 1.
    #[arg(long, value_enum, default_value_t = Bar::Error)]
    pub(super) fail_on: Bar,
}

#[derive(Debug, Args)]
pub(super) struct Drift {
    #[command(flatten)]
    pub(super) params: P<app::CheckDrift>,
    /// What makes the exit code 1: a change that breaks, or one that may bite too.
    #[arg(long, value_enum, default_value_t = DriftBar::Breaking)]
    pub(super) fail_on: DriftBar,
}

/// What makes the exit code of `drift` 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DriftBar {
    /// A change that breaks.
    Breaking,
    /// A change that breaks or bites.
    Warning,
    /// Any change.
    Change,
}

#[derive(Debug, Args)]
pub(super) struct Lock {
    /// Directory of a skill, the one that holds SKILL.md; or one with skills below it. Default: the project that the
    /// current directory lies in.
    pub(super) dir: Option<String>,
    /// Lock the tools of this command's server, instead of those that manifests declare. It is started as it is.
    #[arg(long, value_name = "COMMAND")]
    pub(super) server: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// Directory of a skill, the one that holds SKILL.md; or one with skills below it. Default: the project that the
    /// current directory lies in.
    pub(super) dir: Option<String>,
    /// How much is verified.
    #[arg(long, value_enum, default_value_t = ProfileArg::Full)]
    pub(super) profile: ProfileArg,
    /// Mend what can be mended safely, then verify again.
    #[arg(long)]
    pub(super) fix: bool,
    /// Record the traces under examples/ anew, with what the server answers today; review the change before it is kept.
    #[arg(long)]
    pub(super) accept: bool,
    /// Start this command as the server that the skill speaks of, instead of those that manifests declare. It is started
    /// as it is, without the sandbox.
    #[arg(long, value_name = "COMMAND")]
    pub(super) server: Option<String>,
    /// Another directory whose skills may be routed to; may be given again.
    #[arg(long, value_name = "DIR")]
    pub(super) collection: Vec<String>,
    /// A commit, branch or tag: a skill that differs from it must have another version.
    #[arg(long, value_name = "REF")]
    pub(super) base: Option<String>,
    /// The least severity that makes the exit code 1.
    #[arg(long, value_enum, default_value_t = Bar::Error)]
    pub(super) fail_on: Bar,
}

/// How much is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ProfileArg {
    /// The Agent Skills standard alone; nothing is started.
    Spec,
    /// And documents, resources, manifests and the declared server against each other.
    Sync,
    /// And code blocks, tests, recorded calls and mutants, run in a sandbox.
    Full,
}

/// The least severity that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Bar {
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
pub(super) struct Run {
    /// Path of integration.yaml.
    pub(super) contract: String,
    /// Only this flow.
    #[arg(long)]
    pub(super) flow: Option<String>,
    /// Another base URL for a system: crm=http://127.0.0.1:9002 (repeatable).
    #[arg(long, value_name = "SYSTEM=URL", value_parser = base_url)]
    pub(super) base_url: Vec<(String, String)>,
    /// Go on polling at the flow's interval until stopped (Ctrl-C or SIGTERM drains).
    #[arg(long)]
    pub(super) watch: bool,
    /// After the run, read the target back and compare every record of the source with it.
    #[arg(long, conflicts_with_all = ["watch", "listen", "dry_run"])]
    pub(super) verify: bool,
    /// Serve /metrics (Prometheus), /healthz and /readyz at this address: 127.0.0.1:9464. Beyond this machine it needs an
    /// approval of a live run.
    #[arg(long, value_name = "ADDR", conflicts_with = "dry_run")]
    pub(super) metrics: Option<std::net::SocketAddr>,
    /// Receive the webhooks of the flows at this address, and go on until stopped: 127.0.0.1:8788. Beyond this machine it
    /// needs an approval of a live run, and something in front of it that speaks TLS.
    #[arg(long, value_name = "ADDR")]
    pub(super) listen: Option<std::net::SocketAddr>,
    /// Read, map and look up, but write nothing: what would be created, updated, rejected. Needs no approval. Reads
    /// the real systems with real credentials: where they go is printed first.
    #[arg(long, conflicts_with_all = ["watch", "listen"])]
    pub(super) dry_run: bool,
    /// The session the run belongs to.
    #[arg(long)]
    pub(super) session: Option<String>,
    /// File of the keys whose signatures count. Default: platform-integration/allowed_signers in the user's
    /// configuration; the file that the contract names counts only when it is named here.
    #[arg(long, value_name = "PATH", env = "PLATFORM_INTEGRATION_SIGNERS")]
    pub(super) signers: Option<String>,
    /// No log lines on stderr.
    #[arg(long)]
    pub(super) quiet: bool,
    /// Log lines also at a terminal, where a view of the flows is drawn otherwise.
    #[arg(long)]
    pub(super) plain: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Without --apply nothing is written: what would be taken back is told, and what stays, with the reason. A record that was \
changed in the target since is not touched. Afterwards the flow stays paused, until `resume`.")]
pub(super) struct Rollback {
    /// Handle of the run, as `run` and `runs` show it; or last: of each flow the last that wrote something.
    pub(super) run: String,
    /// Path of integration.yaml.
    pub(super) contract: String,
    /// Only this flow.
    #[arg(long)]
    pub(super) flow: Option<String>,
    /// Do it. Beyond this machine it needs the approval of a live run.
    #[arg(long)]
    pub(super) apply: bool,
    /// Leave the flow running afterwards: its next run may write again what was taken back.
    #[arg(long, requires = "apply")]
    pub(super) keep_running: bool,
    #[command(flatten)]
    pub(super) reach: Reaching,
}

/// Which systems a command works on, for whom, and by whom it is approved.
#[derive(Debug, Args)]
pub(super) struct Reaching {
    /// Another base URL for a system: crm=http://127.0.0.1:9002 (repeatable).
    #[arg(long, value_name = "SYSTEM=URL", value_parser = base_url)]
    pub(super) base_url: Vec<(String, String)>,
    /// The session it belongs to.
    #[arg(long)]
    pub(super) session: Option<String>,
    /// File of the keys whose signatures count. Default: platform-integration/allowed_signers in the user's
    /// configuration.
    #[arg(long, value_name = "PATH", env = "PLATFORM_INTEGRATION_SIGNERS")]
    pub(super) signers: Option<String>,
    /// Your name, for the record. The user of this machine is recorded in any case.
    #[arg(long = "as", value_name = "NAME")]
    pub(super) by: Option<String>,
    /// No log lines on stderr.
    #[arg(long)]
    pub(super) quiet: bool,
}

#[derive(Debug, Args)]
pub(super) struct Pause {
    /// The flow, or integration/flow. Default: all flows of this ledger.
    pub(super) flow: Option<String>,
    /// Why, for whoever finds it paused.
    #[arg(long, value_name = "TEXT")]
    pub(super) because: String,
    /// The contract, where the flow has not run yet.
    #[arg(long, value_name = "PATH")]
    pub(super) contract: Option<String>,
    /// Your name, for the record. The user of this machine is recorded in any case.
    #[arg(long = "as", value_name = "NAME")]
    pub(super) by: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Resume {
    /// The flow, or integration/flow. Default: what was paused as all flows.
    pub(super) flow: Option<String>,
    /// Your name, for the record. The user of this machine is recorded in any case.
    #[arg(long = "as", value_name = "NAME")]
    pub(super) by: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Runs {
    /// Only of this flow.
    #[arg(long)]
    pub(super) flow: Option<String>,
    /// How many.
    #[arg(long, default_value_t = 20)]
    pub(super) limit: usize,
}

#[derive(Debug, Args)]
pub(super) struct Confirm {
    #[command(flatten)]
    pub(super) params: P<app::ConfirmConstraints>,
    /// Your name, for the record. The user of this machine is recorded in any case.
    #[arg(long = "as", value_name = "NAME")]
    pub(super) by: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Approve {
    /// Path of integration.yaml.
    pub(super) contract: String,
    /// live-run, accept-risk or inferred-constraints.
    #[arg(default_value = "live-run", value_parser = what)]
    pub(super) what: What,
    /// With accept-risk: the deferred constraint, or the item of the checklist that is not met.
    pub(super) risk: Option<String>,
    /// The session it belongs to. Default: the one that last checked this state of the contract.
    #[arg(long)]
    pub(super) session: Option<String>,
    /// Your name, for the record. The user of this machine is recorded in any case.
    #[arg(long = "as", value_name = "NAME")]
    pub(super) by: Option<String>,
    /// An SSH signature over the statement, instead of a person at this terminal.
    #[arg(long, value_name = "FILE", conflicts_with = "print_statement")]
    pub(super) signature: Option<String>,
    /// Print what to sign, and how.
    #[arg(long)]
    pub(super) print_statement: bool,
    /// File of the keys whose signatures count. Default: platform-integration/allowed_signers in the user's
    /// configuration; the file that the contract names counts only when it is named here.
    #[arg(long, value_name = "PATH", env = "PLATFORM_INTEGRATION_SIGNERS")]
    pub(super) signers: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ApprovalsOf {
    /// Path of integration.yaml.
    pub(super) contract: String,
    /// What must stand; the exit code is 1 where it does not (repeatable).
    #[arg(long, value_name = "WHAT", value_parser = what)]
    pub(super) require: Vec<What>,
    /// File of the keys whose signatures count. Default: platform-integration/allowed_signers in the user's
    /// configuration; the file that the contract names counts only when it is named here.
    #[arg(long, value_name = "PATH", env = "PLATFORM_INTEGRATION_SIGNERS")]
    pub(super) signers: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Without --write or --check, packages are built: the self-contained skill and its archive, a directory for each client, \
the bundle for desktop clients with this program in it, and the registry's entry. The same files give the same bytes.")]
pub(super) struct Package {
    /// The project, with integ.toml at its root.
    #[arg(default_value = ".")]
    pub(super) dir: String,
    /// Directory to build into.
    #[arg(long, value_name = "DIR", default_value = "dist", conflicts_with_all = ["write", "check"])]
    pub(super) out: String,
    /// Write the manifests into the project instead.
    #[arg(long, conflicts_with = "check")]
    pub(super) write: bool,
    /// Compare the project's manifests with their source instead; the exit code is 1 where one differs.
    #[arg(long)]
    pub(super) check: bool,
    /// Build from the skill that this program holds, without a checkout.
    #[arg(long, conflicts_with_all = ["write", "check", "dir"])]
    pub(super) own: bool,
    /// The program that goes into the bundle. Default: this one.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["write", "check"])]
    pub(super) binary: Option<PathBuf>,
}

impl Command {
    /// What this command may fetch over the network. Who types an address means it; a server is told.
    pub(super) const fn fetch(&self) -> Fetch {
        let (typed, fetching) = match self {
            Self::Map(look) => (true, look.fetching),
            Self::Inspect(look) => (true, look.fetching),
            Self::Serve(serve) => (false, serve.fetching),
            _ => return Fetch::NOTHING,
        };
        let Fetching { allow_url, allow_private, allow_http } = fetching;
        let reach = Reach { private: allow_private, http: allow_http };
        Fetch { named: typed || allow_url, referred: allow_url, reach }
    }

    /// The list of signers that this command names.
    pub(super) fn signers(&self) -> Option<&str> {
        match self {
            Self::Run(args) => args.signers.as_deref(),
            Self::Rollback(args) => args.reach.signers.as_deref(),
            Self::DeadLetters(DeadLetters { command: Some(DeadLettersCommand::Replay(args)), .. }) => {
                args.reach.signers.as_deref()
            }
            Self::Probe(args) => args.signers.as_deref(),
            Self::Approve(args) => args.signers.as_deref(),
            Self::Approvals(args) => args.signers.as_deref(),
            _ => None,
        }
    }
}

fn what(text: &str) -> Result<What, String> {
    What::parse(text).ok_or_else(|| format!("give one of {}", What::ALL.map(What::as_str).join(", ")))
}

fn base_url(text: &str) -> Result<(String, String), String> {
    let (system, url) = text.split_once('=').ok_or("give SYSTEM=URL, e.g. crm=http://127.0.0.1:9002")?;
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(format!("\"{url}\" is no http or https URL"));
    }
    Ok((system.to_owned(), url.trim_end_matches('/').to_owned()))
}

#[derive(Debug, Args)]
#[command(after_help = "\
Only GET is asked, one request a second. Beyond this machine it needs an approval of a live run, as run does: it reads real \
systems with real credentials. Nothing of the answers is kept but shapes, digests and counts. The exit code is 1 where \
something is not as described.")]
pub(super) struct Probe {
    /// Path of integration.yaml.
    pub(super) contract: String,
    /// Only the systems of this flow.
    #[arg(long)]
    pub(super) flow: Option<String>,
    /// Another base URL for a system: crm=http://127.0.0.1:9002 (repeatable).
    #[arg(long, value_name = "SYSTEM=URL", value_parser = base_url)]
    pub(super) base_url: Vec<(String, String)>,
    /// Requests at most, 1 to 50.
    #[arg(long, default_value_t = 12)]
    pub(super) requests: u64,
    /// The session the probe belongs to.
    #[arg(long)]
    pub(super) session: Option<String>,
    /// File of the keys whose signatures count. Default: platform-integration/allowed_signers in the user's
    /// configuration; the file that the contract names counts only when it is named here.
    #[arg(long, value_name = "PATH", env = "PLATFORM_INTEGRATION_SIGNERS")]
    pub(super) signers: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Mock {
    /// Path of the API description.
    pub(super) api: String,
    /// Address to listen on; this machine only. Port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(super) listen: SocketAddr,
    /// Records to begin with, for each entity that can be listed.
    #[arg(long, default_value_t = 0)]
    pub(super) records: usize,
    /// Seed of the data.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// What goes wrong, and how often (once by itself), after how many requests that go well.
    #[arg(long = "fault", value_name = "CODE[:TIMES[:AFTER]]")]
    pub(super) faults: Vec<String>,
    /// Records on a page at most, whatever a request asks for.
    #[arg(long, value_name = "RECORDS")]
    pub(super) page: Option<u64>,
    /// Keep to the rate limits that the description states, and tell what is left in its headers.
    #[arg(long)]
    pub(super) limits: bool,
    /// For so many milliseconds after a write, lists and searches show what was there before.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(super) lag: u64,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Without --http and --ui one client is served over stdin and stdout.

With --tokens the pages of --ui ask for the same tokens: a browser asks for name and password, the token is the password.

The file of tokens has a line for each: NAME REFERENCE, where the reference is
  env:VARIABLE    the environment variable that holds the token
  file:PATH       the file that holds it
  sha256:DIGEST   the token's SHA-256, in hexadecimal
Tokens have at least 24 characters (openssl rand -hex 32). A principal may have several lines, and so several tokens. \
Each principal sees its own sessions and evidence and no other's.

Beyond this machine nothing is served without --tokens, nor without TLS unless a proxy ends it.")]
#[command(group(clap::ArgGroup::new("served").args(["http", "ui"]).multiple(true)))]
pub(super) struct Serve {
    /// Serve streamable HTTP at this address, path /mcp. Port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) http: Option<SocketAddr>,
    /// Serve pages that show what is in the evidence: sessions, records, constraints. They only read.
    #[arg(long)]
    pub(super) ui: bool,
    /// Where the pages are. Port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", requires = "ui", default_value = "127.0.0.1:7878")]
    pub(super) listen: SocketAddr,
    #[command(flatten)]
    pub(super) fetching: Fetching,
    #[command(flatten)]
    pub(super) options: ServeHttp,
}

#[derive(Debug, Args)]
pub(super) struct ServeHttp {
    /// Who may call, and with which bearer tokens. Without it: whoever reaches the address, this machine only.
    #[arg(long, value_name = "FILE", requires = "served")]
    pub(super) tokens: Option<PathBuf>,
    /// Certificate chain, PEM.
    #[arg(long, value_name = "PATH", requires_all = ["http", "tls_key"])]
    pub(super) tls_cert: Option<PathBuf>,
    /// The certificate's private key, PEM.
    #[arg(long, value_name = "PATH", requires_all = ["http", "tls_cert"])]
    pub(super) tls_key: Option<PathBuf>,
    /// A proxy in front ends TLS: allow plain HTTP beyond this machine.
    #[arg(long, requires = "served")]
    pub(super) behind_proxy: bool,
    /// A name by which clients reach the server, beside its address (repeatable).
    #[arg(long, value_name = "NAME", requires = "served")]
    pub(super) allow_host: Vec<String>,
    /// An origin whose pages may call, beside those of this machine (repeatable).
    #[arg(long, value_name = "ORIGIN", requires = "http")]
    pub(super) allow_origin: Vec<String>,
    /// Calls a second for each principal, twice as many in a burst; 0 is no limit. Default: 100 with --tokens, else 0.
    #[arg(long, value_name = "N", requires = "http", value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(super) rate: Option<u32>,
    /// Calls under way at once for each principal.
    #[arg(long, value_name = "N", requires = "http", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) concurrent: u32,
    /// The largest request body, in KiB.
    #[arg(long, value_name = "KIB", requires = "http", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(super) body: u32,
    /// Seconds that headers, and then the body, of a request may take.
    #[arg(long, value_name = "SECONDS", requires = "http", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(super) patience: u32,
}

/// The list, or one of the subcommands on letters.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct DeadLetters {
    #[command(subcommand)]
    pub(super) command: Option<DeadLettersCommand>,
    /// Only of this flow.
    #[arg(long)]
    pub(super) flow: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum DeadLettersCommand {
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
        #[arg(long, value_name = "TEXT")]
        because: String,
        /// Your name, for the record. The user of this machine is recorded in any case.
        #[arg(long = "as", value_name = "NAME")]
        by: Option<String>,
    },
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(true))]
pub(super) struct Replay {
    /// Numbers of the letters.
    #[arg(group = "which", conflicts_with_all = ["flow", "code", "all"])]
    pub(super) ids: Vec<u64>,
    /// All of this flow.
    #[arg(long, group = "which")]
    pub(super) flow: Option<String>,
    /// All with this code, such as rejected-by-target.
    #[arg(long, group = "which")]
    pub(super) code: Option<String>,
    /// All that wait.
    #[arg(long, group = "which")]
    pub(super) all: bool,
    /// Path of integration.yaml.
    #[arg(long, value_name = "PATH", default_value = "integration.yaml")]
    pub(super) contract: String,
    #[command(flatten)]
    pub(super) reach: Reaching,
}
