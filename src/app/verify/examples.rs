//! Examples that are contracts: each must compile without errors and pass its drills.

use std::path::Path;

use crate::app::run_drills::{self, drill};
use crate::app::subject::Compiled;
use crate::app::{App, Call, Face, HumanInput, No};
use crate::base::stop::Stop;
use crate::evidence::Verdict;
use crate::finding::{Finding, Location, Severity};
use crate::skill::Project;

/// Findings, and the names of the examples that were compiled and drilled.
pub(super) fn drilled(app: &App, project: &Project, stop: &Stop) -> Result<(Vec<Finding>, Vec<String>), No> {
    let mut findings = Vec::new();
    let mut names = Vec::new();
    for (path, _) in project.tree.iter().filter(|(path, _)| project.skills.iter().any(|s| s.owns(path))) {
        let Some(dir) = path.strip_suffix("/integration.yaml") else { continue };
        let Some((above, name)) = dir.rsplit_once('/') else { continue };
        if above != "examples" && !above.ends_with("/examples") {
            continue;
        }
        if stop.is_set() {
            break;
        }
        findings.extend(example(app, name, &project.root.join(path))?);
        names.push(name.to_owned());
    }
    Ok((findings, names))
}

/// What is wrong with one: errors of its contract, or drills that it fails.
pub(super) fn example(app: &App, name: &str, path: &Path) -> Result<Vec<Finding>, No> {
    let cwd = app.cwd.canonicalize().unwrap_or_else(|_| app.cwd.clone());
    let shown = path.strip_prefix(&cwd).unwrap_or(path).display().to_string();
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
