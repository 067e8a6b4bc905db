//! Verifies a skill: its documents against each other, against the tools and commands of this program, and every
//! example by compiling and drilling it.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;

use super::run_drills::drill;
use super::subject::Compiled;
use super::wire::{CountsOut, FindingOut};
use super::{App, Call, Face, HumanInput, No, Note, Refusal, note, run_drills};
use crate::base::fs;
use crate::evidence::{EventKind, Phase, Verdict};
use crate::finding::{Finding, Location, Severity};
use crate::skill;

/// What the verifier says.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// The skill's directory.
    pub skill: String,
    /// Checks that were made.
    pub checks: usize,
    /// Findings counted.
    pub counts: CountsOut,
    /// Findings.
    pub findings: Vec<FindingOut>,
    /// Examples that were compiled and drilled.
    pub examples: Vec<String>,
    /// What to do next.
    pub next: String,
}

/// Verifies the skill in `dir` against these tools and commands.
///
/// # Errors
/// Refused when there is no SKILL.md; a fault when the store cannot be written.
pub fn run(app: &App, dir: &str, tools: &[&str], commands: &[String]) -> Result<Answer, No> {
    let full = app.path(dir);
    let loaded = skill::load(&full, dir).map_err(|e| {
        Refusal::new(
            "no-skill",
            format!("{dir} holds no readable SKILL.md: {e}"),
            "pass the directory that holds SKILL.md, e.g. platform-integration verify skill/platform-integration",
        )
    })?;
    let root = project_root(&full);
    let examples = examples(root.as_deref());
    let test_text = root.as_deref().map(tests_text).unwrap_or_default();
    let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
    let subject = skill::verify::Subject {
        skill: &loaded,
        known_tools: tools,
        known_commands: &commands,
        examples: &examples.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>(),
        tests: &test_text,
    };
    let mut findings = skill::verify::run(&subject);
    let mut drilled = Vec::new();
    for (name, path) in &examples {
        findings.extend(example(app, name, path)?);
        drilled.push(name.clone());
    }
    crate::finding::tidy(&mut findings);
    let counts = CountsOut::of(&findings);
    let next = if counts.errors + counts.warnings == 0 {
        String::new()
    } else {
        "mend what the fixes say, then verify again".to_owned()
    };
    let out: Vec<FindingOut> = findings.iter().map(FindingOut::from).collect();
    let data = json!({"dir": dir, "errors": counts.errors, "warnings": counts.warnings, "examples": drilled});
    note(
        app,
        Note {
            session: None,
            phase: Phase::Validate,
            kind: EventKind::SkillVerified,
            tool: "verify",
            input: json!({"dir": dir}),
            summary: format!("verified {dir}: {counts}"),
            data,
        },
    )?;
    Ok(Answer {
        skill: dir.to_owned(),
        checks: skill::verify::ALL.len() + if drilled.is_empty() { 0 } else { 2 },
        counts,
        findings: out,
        examples: drilled,
        next,
    })
}

/// An example must compile without errors and pass its drills.
fn example(app: &App, name: &str, path: &Path) -> Result<Vec<Finding>, No> {
    let shown = path.strip_prefix(&app.cwd).unwrap_or(path).display().to_string();
    let compiled = Compiled::load_with(app, &shown, None)?;
    let mut out: Vec<Finding> = compiled.findings.iter().filter(|f| f.severity == Severity::Error).cloned().collect();
    if !out.is_empty() {
        return Ok(out);
    }
    let call = Call::new(app, &Face::Cli, HumanInput::NotAsked, None)?;
    let params = run_drills::Params {
        contract: shown.clone(),
        session: None,
        schedules: 5,
        seed: 1,
        only: None,
        flow: None,
        trace: false,
    };
    let (answer, _) = drill(&call, &params, &mut |_| {})?;
    for row in answer.drills.iter().filter(|r| r.verdict != Verdict::Pass) {
        let because = row
            .failures
            .first()
            .map_or_else(|| "its fault never fired".to_owned(), |f| format!("seed {}: {}", f.seed, f.because));
        out.push(
            Finding::error(
                "example-fails-drill",
                Location::at(shown.clone(), crate::base::yaml::Span { line: 1, column: 1 }),
                format!("example {name}: drill {} is {}: {because}", row.code, row.verdict),
            )
            .fix(format!("platform-integration drill {shown} --only {} --trace", row.code)),
        );
    }
    Ok(out)
}

/// The nearest directory above the skill that has `examples/`.
fn project_root(skill: &Path) -> Option<PathBuf> {
    let skill = skill.canonicalize().ok()?;
    skill.ancestors().take(4).find(|d| d.join("examples").is_dir()).map(Path::to_owned)
}

/// Directories below `examples/` that hold a contract.
fn examples(root: Option<&Path>) -> Vec<(String, PathBuf)> {
    let Some(root) = root else { return Vec::new() };
    let mut out: Vec<(String, PathBuf)> = walkdir::WalkDir::new(root.join("examples"))
        .min_depth(2)
        .max_depth(2)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|e| e.file_name() == "integration.yaml")
        .filter_map(|e| Some((e.path().parent()?.file_name()?.to_str()?.to_owned(), e.path().to_owned())))
        .collect();
    out.sort();
    out
}

/// The text of all tests, to see which examples they name.
fn tests_text(root: &Path) -> String {
    let mut out = String::new();
    for entry in
        walkdir::WalkDir::new(root.join("tests")).max_depth(4).sort_by_file_name().into_iter().filter_map(Result::ok)
    {
        if entry.path().extension().is_some_and(|e| e == "rs" || e == "py")
            && let Ok(text) = fs::read_text(entry.path(), 4 * 1024 * 1024)
        {
            out.push_str(&text);
        }
    }
    out
}
