//! What the full profile runs, in the sandbox: blocks of code, tests, rows of the matrix; each in a fresh copy of the
//! project, as many at a time as there are cores, within one budget of time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::app::{App, No};
use crate::base::clock::{Clock as _, SystemClock};
use crate::base::text;
use crate::sandbox::{Job, Limits, Outcome, Room, Sandbox};
use crate::skill::{Content, Project, Tree};
use crate::verify::facts::Facts;
use crate::verify::runs::Runs;

/// Milliseconds for everything together.
const BUDGET: i64 = 120_000;
/// Milliseconds for one thing.
const EACH: u64 = 15_000;
/// Bytes of a file that is too large to be kept in memory, and is copied all the same.
const LARGE: u64 = 32 << 20;
/// Skills beyond which mutants of documents take too long: each is a run of all static checks.
const MANY: usize = 20;
/// How many may run at once, at most: one for each core.
const WORKERS: usize = 8;

/// Where things are run.
pub(super) struct Bench<'a> {
    pub(super) project: &'a Project,
    pub(super) sandbox: Sandbox,
    until: i64,
    /// What was left out, each reason once, with how often.
    left_out: Mutex<Vec<(String, usize)>>,
}

/// Runs everything; what was not run is said.
///
/// # Errors
/// A fault of the store while an example is drilled.
pub(super) fn all(
    app: &App,
    project: &Project,
    options: &super::Options,
    facts: &Facts,
    not_verified: &mut Vec<String>,
) -> Result<Runs, No> {
    let documents = |not_verified: &mut Vec<String>| {
        if project.skills.len() > MANY {
            not_verified.push(format!("mutants of documents: there are more than {MANY} skills"));
            return Vec::new();
        }
        super::mutants::of_documents(project, facts)
    };
    let sandbox = match Sandbox::new(options.means.clone()) {
        Ok(sandbox) => sandbox,
        Err(e) => {
            not_verified.push(format!("blocks of code, tests and rows of the matrix: {e}"));
            return Ok(Runs { mutants: documents(not_verified), ..Runs::default() });
        }
    };
    let until = SystemClock.now().0.saturating_add(BUDGET);
    let bench = Bench { project, sandbox, until, left_out: Mutex::new(Vec::new()) };
    let blocks = super::blocks::run(&bench);
    let suites = super::tests::run(&bench);
    let rows = super::matrix::run(&bench);
    let mut mutants = documents(not_verified);
    mutants.extend(super::mutants::of_contracts(app, &bench)?);
    mutants.extend(super::mutants::of_runs(&bench, &suites));
    let left_out = bench.left_out.into_inner().unwrap_or_default();
    not_verified.extend(left_out.into_iter().map(
        |(what, times)| {
            if times > 1 { format!("{what} ({times} times)") } else { what }
        },
    ));
    let suites = suites.into_iter().map(|s| s.suite).collect();
    Ok(Runs { blocks, suites, rows, mutants })
}

impl Bench<'_> {
    /// Says that something was not run.
    pub(super) fn skip(&self, what: impl Into<String>) {
        let what = what.into();
        let Ok(mut left_out) = self.left_out.lock() else { return };
        match left_out.iter_mut().find(|(w, _)| *w == what) {
            Some((_, times)) => *times += 1,
            None => left_out.push((what, 1)),
        }
    }

    /// A fresh copy of a tree.
    pub(super) fn room(&self, tree: &Tree) -> Option<Room> {
        let made = Room::new().and_then(|room| {
            for (path, file) in tree.iter() {
                if let Some(bytes) = file.bytes() {
                    room.put(path, bytes, file.executable)?;
                } else if matches!(file.content, Content::TooLarge(_))
                    && let Ok(bytes) = crate::base::fs::read_bytes(&self.project.root.join(path), LARGE)
                {
                    room.put(path, &bytes, file.executable)?;
                }
            }
            Ok(room)
        });
        made.map_err(|e| self.skip(format!("a copy of the project could not be made: {e}"))).ok()
    }

    /// Runs a program in a room; nothing where the time is up or it could not be run under guard.
    pub(super) fn run(&self, room: &Room, argv: &[&str], cwd: &str) -> Option<Outcome> {
        let left = self.until.saturating_sub(SystemClock.now().0);
        if left <= 0 {
            self.skip(format!("what was left after {} s", BUDGET / 1000));
            return None;
        }
        let job = Job {
            argv: argv.iter().map(|&a| a.to_owned()).collect(),
            cwd: cwd.into(),
            limits: limits(),
            ..Job::default()
        };
        self.sandbox.run(room, &job).map_err(|e| self.skip(e.to_string())).ok()
    }

    /// Does something with each, some at a time; the answers are in the order of the questions.
    pub(super) fn each<T: Sync, R: Send>(&self, items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
        let workers = std::thread::available_parallelism().map_or(2, |n| n.get().clamp(2, WORKERS));
        let next = AtomicUsize::new(0);
        let done: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..workers.min(items.len()) {
                scope.spawn(|| {
                    loop {
                        let i = next.fetch_add(1, Ordering::Relaxed);
                        let Some(item) = items.get(i).filter(|_| self.sandbox.is_wanted()) else { break };
                        let answer = work(item);
                        if let Ok(mut done) = done.lock() {
                            done.push((i, answer));
                        }
                    }
                });
            }
        });
        let mut done = done.into_inner().unwrap_or_default();
        done.sort_by_key(|(i, _)| *i);
        done.into_iter().map(|(_, answer)| answer).collect()
    }
}

/// What each thing that is run may use.
pub(super) fn limits() -> Limits {
    Limits { millis: EACH, ..Limits::default() }
}

/// The end of what a program wrote, made safe to show; the room is the project to its reader.
pub(super) fn said(room: &Room, outcome: &Outcome) -> String {
    let stream = if outcome.stderr.trim().is_empty() { &outcome.stdout } else { &outcome.stderr };
    let work = room.work().display().to_string();
    let stream = stream.replace(&format!("{work}/"), "").replace(&work, ".");
    let lines: Vec<&str> = stream.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(4)..).unwrap_or_default();
    text::quoted(&last.join(" | "), 300)
}

/// Whether a program failed for want of a network: the sandbox says so with a word of its own.
pub(super) fn wants_network(outcome: &Outcome) -> bool {
    let signs = ["Network is down", "ENETDOWN", "EAI_AGAIN", "Temporary failure in name resolution"];
    signs.iter().any(|s| outcome.stderr.contains(s) || outcome.stdout.contains(s))
}
