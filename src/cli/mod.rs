//! Row 1: the command line and the composition root. The only place that reads the environment, opens the store and
//! writes to stdout.

mod approvals;
mod args;
mod collector;
mod commands;
mod compose;
mod evidence;
mod live;
mod logs;
mod meters;
mod operate;
mod output;
mod runner;
mod serve;
mod stop;
mod telemetry;
mod terminal;
mod tokens;
mod typed;

use std::process::ExitCode;

use clap::FromArgMatches as _;
use clap::parser::ValueSource;

/// Exit codes.
pub mod exit {
    /// Fine.
    pub const FINE: u8 = 0;
    /// Findings at or above the bar, or a verdict that is no PASS.
    pub const FINDINGS: u8 = 1;
    /// Refused, or bad use.
    pub const REFUSED: u8 = 2;
    /// A fault of ours or of the machine.
    pub const FAULT: u8 = 3;
    /// Stopped by this signal, as shells have it: 130 for Ctrl-C.
    #[must_use]
    pub const fn stopped(signal: u8) -> u8 {
        128_u8.saturating_add(signal)
    }
}

/// This program's commands and their long flags, which documents may name.
#[must_use]
pub fn program() -> crate::verify::facts::Program {
    commands::program()
}

/// Parses the arguments, runs the command, tells the exit code.
#[must_use]
pub fn main() -> ExitCode {
    // A stage of the sandbox: before anything is parsed or started, and with one thread.
    let mut args = std::env::args();
    if args.nth(1).is_some_and(|first| first == crate::sandbox::SUBCOMMAND) {
        return crate::sandbox::stage(&args.collect::<Vec<_>>());
    }
    let parsed = command().try_get_matches().and_then(|matches| {
        let name = matches.subcommand_name().unwrap_or_default().to_owned();
        let typed_store = matches.value_source("store") == Some(ValueSource::CommandLine);
        Ok((name, typed_store, args::Cli::from_arg_matches(&matches)?))
    });
    match parsed {
        Ok((name, typed_store, cli)) => {
            stop::outlive_full_files();
            let code = commands::run(cli, &name, typed_store);
            ExitCode::from(if output::lost() { code.max(exit::FAULT) } else { code })
        }
        Err(e) => {
            // clap words its own messages; help and version are no errors.
            let code = if e.use_stderr() { exit::REFUSED } else { exit::FINE };
            let _ = e.print();
            ExitCode::from(code)
        }
    }
}

/// The command line as clap sees it; for completions and tests.
#[must_use]
pub fn command() -> clap::Command {
    args::command()
}
