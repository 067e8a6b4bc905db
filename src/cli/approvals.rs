//! `confirm`, `approve`, `approvals` and `inbox`: what only a person decides.

use super::args::{ApprovalsOf, Approve, Confirm, Format};
use super::terminal::Terminal;
use super::{compose, exit, output};
use crate::app::approve::{self, Request, Spoken};
use crate::app::{self, App, ConfirmConstraints, Face, HumanInput, No, Refusal, execute};

/// On a terminal the human is asked here; elsewhere nobody can be.
pub(super) fn confirm(app: &App, format: Format, args: Confirm) -> u8 {
    let by = who(args.by.as_deref());
    let first = execute::<ConfirmConstraints>(app, &Face::Cli, HumanInput::NotAsked, args.params.clone());
    let answered = match first {
        Err(No::NeedsHuman(question)) => {
            let human = match Terminal::open() {
                Ok(mut terminal) => terminal.confirm(&question, &by),
                Err(because) => Ok(HumanInput::Unreachable { because }),
            };
            human.and_then(|human| execute::<ConfirmConstraints>(app, &Face::Cli, human, args.params))
        }
        other => other,
    };
    match answered {
        // Nobody was asked, so what was asked for was not done; the evidence says so, and the answer says who can.
        Ok(answered) if answered.answer.parked.is_some() => {
            output::answer(format, &answered.answer);
            exit::REFUSED
        }
        Ok(answered) => output::answer(format, &answered.answer),
        Err(no) => output::no(format, &no),
    }
}

/// Takes an approval, or prints what to sign.
pub(super) fn approve(app: &App, format: Format, args: Approve) -> u8 {
    match approved(app, args) {
        Ok(Came::Answer(answer)) => output::answer(format, &*answer),
        Ok(Came::ToSign(statement, next)) => {
            output::out(&statement);
            output::err(&format!("next: {next}\n"));
            exit::FINE
        }
        Err(no) => output::no(format, &no),
    }
}

enum Came {
    Answer(Box<approve::Answer>),
    ToSign(String, String),
}

fn approved(app: &App, args: Approve) -> Result<Came, No> {
    let Approve { contract, what, risk, session, by, signature, print_statement, signers: _ } = args;
    let request = Request { contract, session, what, risk };
    let asked = approve::petition(app, &request)?;
    if print_statement {
        let (statement, next) = approve::to_sign(&asked);
        return Ok(Came::ToSign(statement, next));
    }
    let (asked, spoken) = match signature {
        Some(path) => (asked, Spoken::Signature { armored: approve::read_signature(app, &path)? }),
        None => {
            approve::reachable(&asked)?;
            let mut terminal = Terminal::open().map_err(|because| {
                Refusal::new(
                    "no-terminal",
                    because,
                    format!(
                        "a person types it at a terminal: {}; platform-integration inbox lists all that waits",
                        approve::command(&asked)
                    ),
                )
            })?;
            (terminal.approve(app, &asked)?, Spoken::Terminal { by: who(by.as_deref()) })
        }
    };
    approve::give(app, &asked, spoken).map(|a| Came::Answer(Box::new(a)))
}

/// Lists what stands; with `--require`, 1 where something is missing.
pub(super) fn approvals(app: &App, format: Format, args: &ApprovalsOf) -> u8 {
    match app::approvals::run(app, &args.contract, &args.require) {
        Ok(answer) => output::answer(format, &answer).max(if answer.ok { exit::FINE } else { exit::FINDINGS }),
        Err(no) => output::no(format, &no),
    }
}

/// Lists what waits for a person.
pub(super) fn inbox(app: &App, format: Format) -> u8 {
    match app::inbox::run(app) {
        Ok(answer) => output::answer(format, &answer),
        Err(no) => output::no(format, &no),
    }
}

/// The name given, with the user of this machine behind it.
pub(super) fn who(named: Option<&str>) -> String {
    let user = compose::user();
    match named {
        Some(name) if name != user => format!("{name} (user {user})"),
        _ => user,
    }
}
