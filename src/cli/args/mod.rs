//! What can be typed.

mod connector;
mod evidence;
mod lab;
mod project;
mod serve;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(super) use self::connector::{
    DeadLetters, DeadLettersCommand, Pause, Probe, Reaching, Resume, Rollback, Run, Runs,
};
pub(super) use self::evidence::{ApprovalsOf, Approve, Confirm, Evidence, EvidenceCommand};
pub(super) use self::lab::{Demo, Drill, Mock, RunbookCommand};
pub(super) use self::project::{Check, Drift, DriftBar, Lock, Package, ProfileArg, Verify};
pub(super) use self::serve::{Serve, ServeHttp};
use super::compose::Wants;
use crate::app::{self, Fetch, UseCase};
use crate::connector::Reach;
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
    after_help = "Start with:  platform-integration demo\nExit codes:  0 fine, 1 findings or no PASS, 2 refused, nobody to ask or bad use, 3 fault, 130 stopped by Ctrl-C (run drains first)"
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

    /// What this command wants of a store.
    pub(super) fn wants(&self) -> Wants {
        match self {
            // It has to answer soon, and opening a store takes longer than all else it does to start.
            Self::Mock(_) => Wants::None,
            Self::Verify(_) | Self::Lock(_) | Self::Package(_) | Self::Runbook { .. } | Self::Approvals(_) => {
                Wants::Any
            }
            // Where nothing was ever asked, nothing waits: that is an answer.
            Self::Inbox => Wants::Any,
            Self::Status | Self::Runs(_) | Self::DeadLetters(_) | Self::Rollback(_) | Self::Resume(_) => Wants::There,
            // A flow that never ran is kept off by its contract alone.
            Self::Pause(Pause { contract: None, .. }) => Wants::There,
            Self::Evidence(evidence) => match &evidence.command {
                Some(EvidenceCommand::Import { .. }) => Wants::Made,
                Some(EvidenceCommand::Verify { bundle: Some(_), .. }) => Wants::Any,
                _ => Wants::There,
            },
            _ => Wants::Made,
        }
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

fn words(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err("say why, in words".to_owned()) } else { Ok(text.to_owned()) }
}

fn base_url(text: &str) -> Result<(String, String), String> {
    let (system, url) = text.split_once('=').ok_or("give SYSTEM=URL, e.g. crm=http://127.0.0.1:9002")?;
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(format!("\"{url}\" is no http or https URL"));
    }
    Ok((system.to_owned(), url.trim_end_matches('/').to_owned()))
}
