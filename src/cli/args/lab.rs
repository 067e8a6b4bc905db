//! Drills, mocks and runbooks.

use std::net::SocketAddr;

use clap::{Args, Subcommand};

use super::P;
use crate::app;

#[derive(Debug, Args)]
pub(in crate::cli) struct Demo {
    /// Schedules (seeds) for each drill.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(in crate::cli) schedules: u64,
    /// First seed.
    #[arg(long, default_value_t = 1)]
    pub(in crate::cli) seed: u64,
}

/// Drills, and what to drill where it is not the connector that runs the contract.
#[derive(Debug, Args)]
#[command(
    after_help = "A program is told by environment where the systems are: NAME_BASE_URL and NAME_TOKEN_URL for each system of the \
contract, each env:VAR of it with a secret, STATE_DIR, DISABLE_FILE, DEAD_LETTER_FILE, CONTRACT, PORT, TIME_SCALE and RUN_MODE. \
Placeholders in --command and --env: {SYSTEM.base_url}, {SYSTEM.token_url}, {state_dir}, {disable_file}, {dead_letter_file}, \
{port}, {contract}.\nExit code 0 of the program is its word that all is well. More: docs/black-box.md"
)]
pub(in crate::cli) struct Drill {
    #[command(flatten)]
    pub(in crate::cli) params: P<app::RunDrills>,
    /// Drill this program instead, over loopback and in real time; schedules default to 3. Taken apart as a shell does.
    #[arg(id = "program", long = "command", value_name = "COMMAND")]
    pub(in crate::cli) program: Option<String>,
    /// The program stays up: a pass ends when the systems are quiet, then it is asked to end.
    #[arg(long, requires = "program")]
    pub(in crate::cli) service: bool,
    /// A further variable for the program; placeholders are filled in (repeatable).
    #[arg(long, value_name = "NAME=TEMPLATE", requires = "program")]
    pub(in crate::cli) env: Vec<String>,
    /// Leave these drills out, one or several with commas between: a program may be so made that the situation of a drill never comes
    /// about, and it would be UNPROVEN for ever. The answer names them.
    #[arg(long, value_name = "CODES", requires = "program", conflicts_with = "only")]
    pub(in crate::cli) except: Option<String>,
    /// The program divides its waits by this, as TIME_SCALE tells it.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000), requires = "program")]
    pub(in crate::cli) time_scale: u32,
    /// Seconds that one run of the program may take; the default grows with the waits that the contract allows between attempts.
    #[arg(long, value_name = "SECONDS", default_value_t = app::drill_program::DEADLINE_S, value_parser = clap::value_parser!(u64).range(1..=3600), requires = "program")]
    pub(in crate::cli) deadline: u64,
    /// Schedules side by side.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=64), requires = "program")]
    pub(in crate::cli) jobs: u64,
}

/// What to do with a runbook.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RunbookCommand {
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
pub(in crate::cli) struct Mock {
    /// Path of the API description.
    pub(in crate::cli) api: String,
    /// Address to listen on; this machine only. Port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(in crate::cli) listen: SocketAddr,
    /// Records to begin with, for each entity that can be listed.
    #[arg(long, default_value_t = 0)]
    pub(in crate::cli) records: usize,
    /// Seed of the data.
    #[arg(long, default_value_t = 1)]
    pub(in crate::cli) seed: u64,
    /// What goes wrong, and how often (once by itself), after how many requests that go well.
    #[arg(long = "fault", value_name = "CODE[:TIMES[:AFTER]]")]
    pub(in crate::cli) faults: Vec<String>,
    /// Records on a page at most, whatever a request asks for.
    #[arg(long, value_name = "RECORDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(in crate::cli) page: Option<u64>,
    /// Keep to the rate limits that the description states, and tell what is left in its headers.
    #[arg(long)]
    pub(in crate::cli) limits: bool,
    /// For so many milliseconds after a write, lists and searches show what was there before.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(in crate::cli) lag: u64,
}
