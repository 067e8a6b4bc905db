//! Verifies a skill: gathers what its project holds, starts and runs what the profile asks for, lets `verify` judge, and
//! mends what can be mended safely.

mod base;
mod bench;
mod blocks;
mod declared;
mod examples;
mod fix;
mod live;
mod matrix;
mod mutants;
mod replay;
mod scripts;
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::json;

use super::wire::CountsOut;
use super::{App, FindingOut, No, Note, Refusal, note};
use crate::base::digest::Digest;
use crate::base::text;
use crate::evidence::{EventKind, Phase, SessionQuery};
use crate::finding::Finding;
use crate::probe::Surface;
use crate::sandbox::{Means, Sandbox};
use crate::skill::{self, Project};
use crate::verify::facts::{Facts, Program, Replay, Server};
use crate::verify::runs::{Ran, Runs};
use crate::verify::{Profile, Subject};

/// The most sessions of a store that documents may cite.
const SESSIONS: usize = 100_000;

/// What to verify, and how far to go.
#[derive(Debug, Clone)]
pub struct Options {
    /// The directory of a skill, or one that holds skills.
    pub dir: String,
    /// How much is verified.
    pub profile: Profile,
    /// Mend what can be mended safely, then verify again.
    pub fix: bool,
    /// Record traces anew with what the server answers today.
    pub accept: bool,
    /// The command of the server that the skill speaks of, instead of the declared ones. Started as it is.
    pub server: Option<String>,
    /// Other directories whose skills may be routed to.
    pub collections: Vec<String>,
    /// This program, to be started as its own server; its commands may be named.
    pub program: Program,
    /// Where this program lies.
    pub exe: Option<PathBuf>,
    /// What a sandbox is made from.
    pub means: Means,
    /// A commit that the versions of skills are compared with.
    pub base: Option<String>,
}

/// One finding, with where its rule comes from.
#[derive(Debug, Clone, Serialize)]
pub struct FoundOut {
    /// Code, severity, place, message, fix.
    #[serde(flatten)]
    pub finding: FindingOut,
    /// Number of the rule, `PI0xx`.
    pub rule: &'static str,
    /// Where the rule comes from.
    pub source: &'static str,
    /// What was probably meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<String>,
    /// Whether `--fix` mends it.
    pub fixable: bool,
}

/// What was run in the sandbox, counted; each `_failed` is part of the count before it.
#[derive(Debug, Clone, Serialize)]
pub struct RanOut {
    /// Blocks of code marked `run`.
    pub blocks: usize,
    /// Those that ended otherwise than they say.
    pub blocks_failed: usize,
    /// Test files and scripts.
    pub tests: usize,
    /// Those that failed.
    pub tests_failed: usize,
    /// Cases in them, where their runners count.
    pub cases: u64,
    /// Rows of the test matrix.
    pub rows: usize,
    /// Those that came out otherwise than expected.
    pub rows_failed: usize,
    /// Changes for the worse that were tried, in memory and in the sandbox.
    pub mutants: Vec<MutantOut>,
}

/// One change for the worse.
#[derive(Debug, Clone, Serialize)]
pub struct MutantOut {
    /// The file.
    pub file: String,
    /// What was changed.
    pub what: String,
    /// The check or the test that noticed; nothing where none did.
    pub killed_by: Option<String>,
}

impl RanOut {
    fn of(project: &Project, runs: &Runs) -> Self {
        let failed = |all: &[Ran]| all.iter().filter(|r| r.fault.is_some()).count();
        Self {
            blocks: runs.blocks.len(),
            blocks_failed: failed(&runs.blocks),
            tests: runs.suites.len(),
            tests_failed: runs.suites.iter().filter(|s| s.fault.is_some()).count(),
            cases: runs.suites.iter().filter_map(|s| s.cases).sum(),
            rows: runs.rows.len(),
            rows_failed: failed(&runs.rows),
            mutants: runs
                .mutants
                .iter()
                .map(|m| MutantOut {
                    file: project.show(&m.path),
                    what: m.what.clone(),
                    killed_by: m.killed_by.clone(),
                })
                .collect(),
        }
    }
}

/// What the verifier says.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// The directory as named.
    pub skill: String,
    /// The skills that were verified, by path.
    pub skills: Vec<String>,
    /// How much was verified.
    pub profile: Profile,
    /// Rules that were held against it.
    pub checks: usize,
    /// Findings counted.
    pub counts: CountsOut,
    /// Findings.
    pub findings: Vec<FoundOut>,
    /// Examples that were compiled and drilled.
    pub examples: Vec<String>,
    /// Servers that were started and asked, and what they are.
    pub servers: Vec<String>,
    /// What was run, with the full profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ran: Option<RanOut>,
    /// What was not verified and why: nothing that is left out is left unsaid.
    pub not_verified: Vec<String>,
    /// Files that `--fix` or `--accept` wrote.
    pub fixed: Vec<String>,
    /// The texts of files that findings point into, by the name they are shown under.
    #[serde(skip)]
    pub sources: BTreeMap<String, String>,
    /// Files that were verified, by SHA-256: the subjects of an attestation.
    #[serde(skip)]
    pub subjects: Vec<(String, Digest)>,
    /// What to do next.
    pub next: String,
}

/// Verifies.
///
/// # Errors
/// Refused when there is no skill; a fault when the store cannot be written.
pub fn run(app: &App, options: &Options) -> Result<Answer, No> {
    let mut project = load(app, options)?;
    let mut fixed = Vec::new();
    let mut gathered = gather(app, &project, options, &fixed)?;
    if options.fix {
        fixed = fix::apply(&project, &gathered.findings)?;
        if !fixed.is_empty() {
            project = load(app, options)?;
            gathered = gather(app, &project, options, &fixed)?;
        }
    }
    if options.accept {
        let accepted = replay::accept(&project, &gathered.replays)?;
        if !accepted.is_empty() {
            project = load(app, options)?;
            fixed.extend(accepted);
            gathered = gather(app, &project, options, &fixed)?;
        }
    }
    let counts = CountsOut::of(&gathered.findings);
    let next = if counts.errors + counts.warnings == 0 {
        String::new()
    } else if gathered.findings.iter().any(|f| !f.edits.is_empty()) {
        "mend what the fixes say, then verify again; `--fix` does the safe ones".to_owned()
    } else {
        "mend what the fixes say, then verify again".to_owned()
    };
    let data = json!({
        "dir": options.dir, "profile": options.profile.as_str(), "errors": counts.errors, "warnings": counts.warnings,
        "examples": gathered.examples,
    });
    note(
        app,
        Note {
            session: None,
            phase: Phase::Validate,
            kind: EventKind::SkillVerified,
            tool: "verify",
            input: json!({"dir": options.dir, "profile": options.profile.as_str()}),
            summary: format!("verified {}: {counts}", options.dir),
            data,
        },
    )?;
    let subjects = project
        .tree
        .iter()
        .filter(|(path, _)| project.skills.iter().any(|s| s.owns(path)))
        .filter_map(|(path, file)| Some((path.to_owned(), file.digest()?)))
        .collect();
    let sources = project
        .tree
        .iter()
        .filter_map(|(path, file)| Some((project.show(path), file.text()?)))
        .filter(|(shown, _)| gathered.findings.iter().any(|f| f.location.file == *shown))
        .map(|(shown, text)| (shown, text.to_owned()))
        .collect();
    Ok(Answer {
        sources,
        skill: options.dir.clone(),
        skills: project.skills.iter().map(|s| project.show(&s.base)).collect(),
        profile: options.profile,
        checks: crate::verify::ALL.iter().filter(|c| c.profile <= options.profile).map(|c| c.rules.len()).sum(),
        counts,
        findings: gathered.findings.iter().map(found).collect(),
        examples: gathered.examples,
        servers: gathered.servers,
        ran: gathered.ran,
        not_verified: gathered.not_verified,
        fixed,
        subjects,
        next,
    })
}

fn found(f: &Finding) -> FoundOut {
    let rule = crate::verify::rule(f.code);
    FoundOut {
        finding: FindingOut::from(f),
        rule: rule.map_or("", |r| r.id),
        source: rule.map_or("", |r| r.source),
        nearest: f.nearest.clone(),
        fixable: !f.edits.is_empty(),
    }
}

/// The directory that is verified where none is named: that of the project which the working directory lies in.
#[must_use]
pub fn nearest(app: &App) -> String {
    skill::nearest(&app.cwd)
}

pub(super) fn load(app: &App, options: &Options) -> Result<Project, No> {
    skill::load(&app.path(&options.dir), &options.dir).map_err(|e| {
        No::from(Refusal::new(
            "no-skill",
            e.to_string(),
            "start it in a project that has a skill, or name one: platform-integration verify DIR, where DIR holds SKILL.md or has skills below it",
        ))
    })
}

struct Gathered {
    findings: Vec<Finding>,
    examples: Vec<String>,
    servers: Vec<String>,
    ran: Option<RanOut>,
    replays: Vec<Replay>,
    not_verified: Vec<String>,
}

/// Asks the servers of a project: what each answered, and what was not asked.
pub(super) fn ask(app: &App, project: &Project, options: &Options) -> (Vec<Server>, Vec<String>) {
    let asked = live::Live::of(app, project, options).ask();
    (asked.servers, asked.not_verified)
}

/// Ends here where nobody waits for the outcome any more: what was under way is said, and what was written before.
fn still_wanted(options: &Options, doing: &str, written: &[String]) -> Result<(), No> {
    if !options.means.stop.is_set() {
        return Ok(());
    }
    let before = if written.is_empty() {
        "nothing was written, and nothing that it started is left".to_owned()
    } else {
        format!("{} had been written; nothing that it started is left", written.join(", "))
    };
    let because = format!("verify {} was stopped while {doing}: there is no verdict; {before}", options.dir);
    Err(Refusal::new("stopped", because, "start it again; --profile spec starts no programs").into())
}

/// Starts and runs what the profile asks for, and judges.
fn gather(app: &App, project: &Project, options: &Options, written: &[String]) -> Result<Gathered, No> {
    let mut facts = Facts {
        program: Some(options.program.clone()),
        named_and_there: Some(super::package::named_and_there(&project.root, &project.tree)),
        recorded: recorded(app, project),
        ..Facts::default()
    };
    let mut not_verified = Vec::new();
    if options.profile >= Profile::Sync {
        let live = live::Live::of(app, project, options);
        let asked = live.ask();
        facts.servers = asked.servers;
        facts.collection = collection(app, options, &mut not_verified);
        not_verified.extend(asked.not_verified);
        still_wanted(options, "the servers were asked", written)?;
        if options.profile >= Profile::Full {
            facts.replays = replay::all(project, &live, &mut not_verified);
            still_wanted(options, "recorded calls were replayed", written)?;
        }
    }
    if options.profile >= Profile::Sync {
        let suspects = crate::verify::scripts::suspects(project);
        // Made only where something is to be run in it: to look at what the system allows takes time.
        let wanted = !suspects.is_empty() || options.base.is_some();
        let sandbox = if wanted { Sandbox::new(options.means.clone()).ok() } else { None };
        scripts::judge(&mut facts, suspects, project, sandbox.as_ref());
        if let Some(reference) = &options.base {
            not_verified.extend(base::compare(&mut facts, project, reference, sandbox.as_ref()));
        }
        still_wanted(options, "scripts were read", written)?;
    }
    let mut ran = None;
    if options.profile >= Profile::Full {
        facts.runs = bench::all(app, project, options, &facts, &mut not_verified)?;
        still_wanted(options, "code blocks, tests and mutants were run", written)?;
        ran = Some(RanOut::of(project, &facts.runs));
    }
    let mut findings = crate::verify::run(&Subject { project, facts: &facts }, options.profile);
    let mut examples = Vec::new();
    if options.profile >= Profile::Full {
        let (more, drilled) = examples::drilled(app, project, &options.means.stop)?;
        still_wanted(options, "examples were drilled", written)?;
        findings.extend(more);
        examples = drilled;
    }
    crate::finding::tidy(&mut findings);
    let servers = facts.answered().map(|(server, surface)| described(server, surface)).collect();
    Ok(Gathered { findings, examples, servers, ran, replays: facts.replays, not_verified })
}

/// The sessions of the project's own store, where it is the one that is in use.
fn recorded(app: &App, project: &Project) -> Option<Vec<String>> {
    let place = PathBuf::from(app.store.place());
    let own = place.parent()?.canonicalize().ok()?;
    if own != project.root.canonicalize().ok()?.join(".platform-integration") {
        return None;
    }
    let query = SessionQuery { limit: SESSIONS, ..SessionQuery::default() };
    Some(app.store.sessions(&query).ok()?.into_iter().map(|s| s.id).collect())
}

/// The skills of the directories that were named as collections: the text of each SKILL.md by name.
fn collection(app: &App, options: &Options, not_verified: &mut Vec<String>) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for dir in &options.collections {
        match skill::load(&app.path(dir), dir) {
            Ok(project) => {
                out.extend(project.names.iter().map(|name| (name.clone(), String::new())));
                out.extend(project.skills.iter().map(|s| (s.name().to_owned(), s.main().text.clone())));
            }
            Err(e) => not_verified.push(format!("routes into the collection {dir}: {e}")),
        }
    }
    out
}

/// One line on a server that answered.
fn described(server: &Server, surface: &Surface) -> String {
    let key = if server.key.is_empty() { String::new() } else { format!("{}: ", text::quoted(&server.key, 64)) };
    let skills = match surface.skills.len() {
        0 => String::new(),
        n => format!(", {}", text::plural(n as u64, "skill")),
    };
    format!(
        "{key}{} {}, MCP {}, {}{skills}",
        surface.name,
        surface.version,
        surface.protocol,
        text::plural(surface.tools.len() as u64, "tool")
    )
}
