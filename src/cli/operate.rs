//! What whoever is paged types: rollback, dead-letters, pause, resume, status, runs.

use super::args::{DeadLetters, DeadLettersCommand, Format, Pause, Reaching, Resume, Rollback, Runs};
use super::{approvals, exit, output, runner};
use crate::app::dead_letters::{self, Replay};
use crate::app::operate as app_operate;
use crate::app::{App, No, rollback as app_rollback};
use crate::render::Text;

fn printed<A: serde::Serialize + Text>(format: Format, answered: Result<A, No>, code: impl FnOnce(&A) -> u8) -> u8 {
    match answered {
        Ok(answer) => output::answer(format, &answer).max(code(&answer)),
        Err(no) => output::no(format, &no),
    }
}

const fn fine<A>(_: &A) -> u8 {
    exit::FINE
}

pub(super) fn rollback(app: &App, format: Format, args: Rollback) -> u8 {
    let Rollback { run, contract, flow, apply, keep_running, reach } = args;
    let Reaching { base_url, session, signers: _, by, quiet } = reach;
    let options = app_rollback::Options {
        contract,
        run,
        flow,
        base_urls: base_url.into_iter().collect(),
        apply,
        keep_running,
        session,
        by: approvals::who(by.as_deref()),
    };
    printed(format, runner::rollback(app, &options, quiet), |a| super::commands::verdict_code(a.verdict))
}

pub(super) fn dead_letters(app: &App, format: Format, args: DeadLetters) -> u8 {
    match args.command {
        None => list(app, format, args.flow.as_deref()),
        Some(DeadLettersCommand::List { flow }) => list(app, format, flow.as_deref()),
        Some(DeadLettersCommand::Show { id, payload }) => printed(format, dead_letters::show(app, id, payload), fine),
        Some(DeadLettersCommand::Drop { id, because, by }) => {
            printed(format, dead_letters::drop(app, id, &because, &approvals::who(by.as_deref())), fine)
        }
        Some(DeadLettersCommand::Replay(args)) => {
            let Reaching { base_url, session, signers: _, by, quiet } = args.reach;
            let options = Replay {
                contract: args.contract,
                ids: args.ids,
                flow: args.flow,
                code: args.code,
                all: args.all,
                base_urls: base_url.into_iter().collect(),
                session,
                by: approvals::who(by.as_deref()),
            };
            printed(format, runner::replay(app, &options, quiet), |a| super::commands::verdict_code(a.verdict))
        }
    }
}

fn list(app: &App, format: Format, flow: Option<&str>) -> u8 {
    printed(format, dead_letters::list(app, flow), fine)
}

pub(super) fn pause(app: &App, format: Format, args: &Pause) -> u8 {
    let by = approvals::who(args.by.as_deref());
    let answered = app_operate::pause(app, args.flow.as_deref(), args.contract.as_deref(), &args.because, &by);
    printed(format, answered, fine)
}

pub(super) fn resume(app: &App, format: Format, args: &Resume) -> u8 {
    printed(
        format,
        app_operate::resume(app, args.flow.as_deref(), args.unfinished, &approvals::who(args.by.as_deref())),
        fine,
    )
}

pub(super) fn status(app: &App, format: Format) -> u8 {
    printed(format, app_operate::status(app, None), fine)
}

pub(super) fn runs(app: &App, format: Format, args: &Runs) -> u8 {
    printed(format, app_operate::runs(app, args.flow.as_deref(), args.limit), fine)
}
