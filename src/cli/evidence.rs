//! `evidence`: the query, and its subcommands on the log as a whole.

use super::args::{Evidence, EvidenceCommand, Format};
use super::{exit, output};
use crate::app::query_evidence::Params;
use crate::app::{App, Face, HumanInput, QueryEvidence, execute, trace_constraint};

/// Runs the query or the subcommand and tells its exit code.
pub(super) fn run(app: &App, format: Format, args: Evidence) -> u8 {
    match args.command {
        None => query(app, format, args.query),
        Some(EvidenceCommand::Trace(params)) => trace(app, format, &params),
        Some(EvidenceCommand::Verify) => query(app, format, Params { verify: true, limit: 1, ..Params::default() }),
    }
}

/// A hard constraint that nothing honours or drills is a finding.
fn trace(app: &App, format: Format, params: &trace_constraint::Params) -> u8 {
    match trace_constraint::trace(app, params) {
        Ok(answer) => {
            let lacks = answer.kind == "hard" && (answer.clauses.is_empty() || answer.drills.is_empty());
            output::answer(format, &answer).max(if lacks { exit::FINDINGS } else { exit::FINE })
        }
        Err(no) => output::no(format, &no),
    }
}

fn query(app: &App, format: Format, params: Params) -> u8 {
    match execute::<QueryEvidence>(app, &Face::Cli, HumanInput::NotAsked, params) {
        Ok(answered) => {
            let broken = answered.answer.chain.as_deref().is_some_and(|c| c != "whole");
            output::answer(format, &answered.answer).max(if broken { exit::FINDINGS } else { exit::FINE })
        }
        Err(no) => output::no(format, &no),
    }
}
