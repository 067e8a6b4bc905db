//! Drills a program of somebody's own, as a person or CI asked for on the command line. No tool does this: an agent must not
//! start programs through us.

use std::cell::RefCell;
use std::path::Path;

use serde_json::json;

use super::run_drills::{self, Answer, Drilled, Params, Systems};
use super::{App, Call, Face, Fault, HumanInput, No, Note, Refusal, note};
use crate::base::digest::Digest;
use crate::base::fs;
use crate::base::redact;
use crate::base::stop::Stop;
use crate::base::text;
use crate::connector::Plan;
use crate::contract::Contract;
use crate::evidence::{EventKind, Phase};
use crate::lab::blackbox::{self, Program};
use crate::lab::{self, DrillOptions, DrillRow, Failure, Matrix, Progress};
use crate::workflow::record::DrilledProgram;

/// Bytes of a file of the program that go into its digest.
const MOST_FILE: u64 = 64 * 1024 * 1024;

/// Seconds that one run of a program may take, where nothing else is said.
pub use crate::lab::blackbox::DEADLINE_S;

/// What to drill.
#[derive(Debug)]
pub struct Options {
    /// As for the connector.
    pub params: Params,
    /// The command line.
    pub command: String,
    /// It stays up until it is told to end.
    pub service: bool,
    /// Further variables, `NAME=TEMPLATE`.
    pub env: Vec<String>,
    /// Drills that are left out, with commas between them.
    pub except: Option<String>,
    /// Its time runs so many times as fast as ours.
    pub scale: u32,
    /// Seconds that one run may take.
    pub deadline_s: u64,
    /// Schedules side by side.
    pub jobs: usize,
    /// Set when nobody waits any more.
    pub stop: Stop,
}

/// Runs the drills against it and records what came of them; `tell` hears of each drill that is over.
///
/// # Errors
/// A contract that does not compile, a program that cannot be started, or that it was stopped.
pub fn run(app: &App, options: &Options, tell: &dyn Fn(&str)) -> Result<Answer, No> {
    let params = &options.params;
    let call = Call::new(app, &Face::Cli, HumanInput::NotAsked, params.session.as_deref())?;
    let mut subject = Foreign { app, options, program: None, failed: RefCell::default() };
    // Drills are told in the order of the catalogue: several that waited for a slow one are over at once, so drills are counted.
    let (mut over, mut total) = (0, 0);
    let mut progress = |progress: Progress| match progress {
        Progress::Planned { drills: 0, .. } => {}
        Progress::Planned { drills, schedules } => {
            total += drills;
            tell(&format!(
                "drilling {}: {}, {}, {} side by side",
                text::quoted(&options.command, 160),
                text::plural(drills as u64, "drill"),
                text::plural(schedules as u64, "schedule"),
                options.jobs.min(schedules)
            ));
        }
        Progress::Finished { code, verdict, because, .. } => {
            over += 1;
            let because = because.map(|b| format!(": {}", text::truncate(&b, 160))).unwrap_or_default();
            tell(&format!("{over:>4}/{total}  {verdict:<8}  {code}{because}"));
        }
    };
    let (answer, data) = run_drills::drill_by(&call, params, &mut subject, options.stop.clone(), &mut progress)?;
    let summary = format!(
        "{}: {}: {} of {} passed",
        text::quoted(&options.command, 160),
        answer.verdict,
        answer.tally.passed,
        text::plural(answer.tally.run, "drill")
    );
    note(
        app,
        Note {
            session: params.session.clone(),
            phase: Phase::Validate,
            kind: EventKind::DrillsRun,
            tool: "drill",
            input: json!({
                "contract": params.contract, "command": options.command, "service": options.service,
                "seed": params.seed, "schedules": params.schedules, "only": params.only, "except": options.except, "flow": params.flow,
            }),
            summary,
            data: serde_json::to_value(&data).map_err(|e| Fault::internal(&e))?,
        },
    )?;
    Ok(answer)
}

/// A program of somebody's own.
struct Foreign<'f> {
    app: &'f App,
    options: &'f Options,
    /// Known once the contract is read.
    program: Option<Program>,
    /// The drills and seeds that have failed, each with its timeline.
    failed: RefCell<Vec<(&'static str, u64, String)>>,
}

impl Foreign<'_> {
    fn known(&self) -> Result<&Program, String> {
        self.program.as_ref().ok_or_else(|| "the contract was not read".to_owned())
    }
}

impl Drilled for Foreign<'_> {
    fn codes(&self) -> Vec<&'static str> {
        blackbox::codes()
    }

    fn ready(&mut self, contract: &Contract) -> Result<(), Refusal> {
        let bad = |because: String| {
            let next = "quote the whole command once, e.g. --command 'node connector.js'; docs/black-box.md lists the placeholders";
            Refusal::new("bad-command", format!("--command or --env: {because}"), next)
        };
        let left_out = self.options.except.as_deref();
        if let Some(code) = left_out.and_then(|codes| lab::codes_of(codes).find(|code| !self.codes().contains(code))) {
            return Err(run_drills::unknown(code, &self.codes()));
        }
        let systems: Vec<&str> = contract.systems.keys().map(String::as_str).collect();
        let (words, variables) = Program::parse(&self.options.command, &self.options.env, &systems).map_err(bad)?;
        let directory = self.app.cwd.clone();
        let beside = contract.systems.iter().flat_map(|(name, used)| {
            let auth = used.auth.iter();
            let named = auth
                .flat_map(|a| [&a.secret, &a.client_id, &a.client_secret, &a.refresh_token, &a.username, &a.password]);
            let references: Vec<&str> = named.flatten().map(|s| s.value.as_str()).collect();
            blackbox::beside(name, &references)
        });
        let told = |text: &String| text.contains("{disable_file}");
        let knows_switch = words.iter().any(told)
            || variables.iter().any(|(_, template)| told(template))
            || blackbox::mentions(&words, &directory, &["DISABLE_FILE"]);
        let knows_lock = blackbox::mentions(&words, &directory, blackbox::drills::LOCKS);
        self.program = Some(Program {
            line: self.options.command.clone(),
            words,
            beside: beside.collect(),
            variables,
            directory,
            contract: self.app.path(&self.options.params.contract),
            service: self.options.service,
            scale: self.options.scale,
            deadline_s: self.options.deadline_s,
            knows_switch,
            knows_lock,
        });
        Ok(())
    }

    fn run(
        &self,
        plan: &Plan,
        systems: &Systems,
        options: &DrillOptions,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Matrix, String> {
        let Options { except, jobs, .. } = self.options;
        let matrix = blackbox::run_drills(plan, systems, self.known()?, options, except.as_deref(), *jobs, progress)?;
        let told = |row: &DrillRow| {
            let (code, hypothesis) = (row.code, row.hypothesis);
            let one = |f: &Failure| (code, f.seed, lab::headed(code, f.seed, hypothesis, &f.size, &f.trace));
            row.failures.iter().map(one).collect::<Vec<_>>()
        };
        self.failed.borrow_mut().extend(matrix.rows.iter().flat_map(told));
        Ok(matrix)
    }

    fn replay(&self, plan: &Plan, systems: &Systems, code: &str, seed: u64) -> Result<String, String> {
        // Another play of a process takes another course: what has failed is shown as it failed.
        if let Some((.., told)) = self.failed.borrow().iter().find(|(c, s, _)| *c == code && *s == seed) {
            return Ok(told.clone());
        }
        blackbox::replay(plan, systems, self.known()?, code, seed, &self.options.stop)
    }

    fn program(&self) -> Option<DrilledProgram> {
        let program = self.program.as_ref()?;
        Some(DrilledProgram { command: program.line.clone(), digest: digest(program), service: program.service })
    }

    fn again(&self) -> (String, &'static str) {
        let Options { command, service, env, scale, deadline_s, .. } = self.options;
        let mut flags = format!(" --command {}", text::shell_word(command));
        if *service {
            flags.push_str(" --service");
        }
        for variable in env {
            flags = format!("{flags} --env {}", text::shell_word(&shown(variable)));
        }
        if *scale != 1 {
            flags = format!("{flags} --time-scale {scale}");
        }
        if *deadline_s != DEADLINE_S {
            flags = format!("{flags} --deadline {deadline_s}");
        }
        (flags, "program")
    }
}

/// `NAME=TEMPLATE` as it was typed, but for a value that stands under a name of a secret and is no placeholder: what is
/// advised goes into logs.
fn shown(variable: &str) -> String {
    match variable.split_once('=') {
        Some((name, template)) if !template.contains('{') => {
            let masked = redact::json(&json!({ name: template }));
            format!("{name}={}", masked[name].as_str().unwrap_or(template))
        }
        _ => variable.to_owned(),
    }
}

/// Digest of the command line and of the files that it names: another program is another subject.
fn digest(program: &Program) -> String {
    let mut files = Vec::new();
    for word in &program.words {
        let path = program.directory.join(Path::new(word));
        if let Ok(bytes) = fs::read_bytes(&path, MOST_FILE) {
            files.push(json!([word, Digest::of_bytes(&bytes).as_str()]));
        }
    }
    Digest::of_json(&json!([program.line, files])).as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn what_is_advised_shows_no_secret_that_was_typed() {
        assert_eq!(shown("API_KEY=sesame-0123456789"), "API_KEY=[redacted]");
        assert_eq!(shown("API_KEY={crm.token_url}"), "API_KEY={crm.token_url}");
        assert_eq!(shown("PAGE_SIZE=50"), "PAGE_SIZE=50");
    }
}
