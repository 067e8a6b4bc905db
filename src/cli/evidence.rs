//! `evidence`: the query, and its subcommands on the log as a whole.

use super::args::{Evidence, EvidenceCommand, Format};
use super::{exit, output};
use crate::app::query_evidence::Params;
use crate::app::{
    App, Face, HumanInput, No, QueryEvidence, compact_evidence, execute, export_evidence, import_evidence,
    seal_evidence, trace_constraint, verify_evidence,
};
use crate::render::Text;

/// Runs the query or the subcommand and tells its exit code.
pub(super) fn run(app: &App, format: Format, args: Evidence) -> u8 {
    // Each on a page of its own: what was asked for, and how it is done.
    let page = || Params { limit: 50, ..Params::default() };
    match args.command {
        None => query(app, format, *args.query),
        Some(EvidenceCommand::Trace(params)) => trace(app, format, &params),
        Some(EvidenceCommand::Show { seq }) => query(app, format, Params { show: Some(seq), ..page() }),
        Some(EvidenceCommand::Diff { left, right }) => {
            query(app, format, Params { session: Some(left), diff: Some(right), ..page() })
        }
        Some(EvidenceCommand::Verify { seal, signers, bundle }) => {
            let verified = verify_evidence::run(app, &verify_evidence::Options { seal, signers, bundle });
            let broken = verified.as_ref().is_ok_and(|a| !a.holds());
            answer(format, verified).max(if broken { exit::FINDINGS } else { exit::FINE })
        }
        Some(EvidenceCommand::Seal { out, sign }) => {
            answer(format, seal_evidence::run(app, &seal_evidence::Options { out, sign }))
        }
        Some(EvidenceCommand::Export { out, session }) => {
            answer(format, export_evidence::run(app, &export_evidence::Options { out, session }))
        }
        Some(EvidenceCommand::Import { file }) => answer(format, import_evidence::run(app, &file)),
        Some(EvidenceCommand::Compact { keep, before }) => {
            // clap lets exactly one of them through.
            let rule = match (keep, before) {
                (Some(span), _) => compact_evidence::Rule::Keep(span),
                (None, time) => compact_evidence::Rule::Before(time.unwrap_or_default()),
            };
            answer(format, compact_evidence::run(app, &rule))
        }
    }
}

fn answer<A: serde::Serialize + Text>(format: Format, result: Result<A, No>) -> u8 {
    match result {
        Ok(answer) => output::answer(format, &answer),
        Err(no) => output::no(format, &no),
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
