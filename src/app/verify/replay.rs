//! Replays recorded traces against a fresh server, each in a copy of the project of its own; on request, records anew.

use serde_json::Value;

use super::live::Live;
use crate::app::{Fault, No};
use crate::base::fs;
use crate::probe::NoServer;
use crate::skill::Project;
use crate::verify::facts::{Replay, Replayed};
use crate::verify::trace::{self, Captured, SUFFIX, Trace};

/// Traces that are replayed.
const MOST: usize = 64;

/// Replays every trace of the skills; what cannot be read is for a check to say.
pub(super) fn all(project: &Project, live: &Live<'_>, not_verified: &mut Vec<String>) -> Vec<Replay> {
    let mut out = Vec::new();
    let paths = project.tree.iter().map(|(path, _)| path).filter(|p| p.ends_with(SUFFIX));
    for path in paths.filter(|p| project.skills.iter().any(|s| s.owns(p))) {
        if live.stop().is_set() {
            break;
        }
        let Some(trace) = project.tree.text(path).and_then(|t| trace::parse(t).ok()) else { continue };
        if out.len() >= MOST {
            not_verified.push(format!("{}: only {MOST} traces are replayed", project.show(path)));
            continue;
        }
        let answers = one(&trace, live);
        if let Err(NoServer::NotTried { because }) = &answers {
            not_verified.push(format!("{}: not replayed: {because}", project.show(path)));
        }
        out.push(Replay { path: path.to_owned(), answers });
    }
    out
}

fn one(trace: &Trace, live: &Live<'_>) -> Result<Vec<Replayed>, NoServer> {
    let by_key = live.declared.iter().filter(|d| d.key == trace.server || d.manifest.is_none());
    let by_key: Vec<_> = by_key.filter(|d| !d.command.is_empty()).collect();
    let Some(declared) = by_key.first() else {
        let because = format!("no server is declared as {}", crate::base::text::quoted(&trace.server, 64));
        return Err(NoServer::NotTried { because });
    };
    let ready = live.ready(declared, true)?;
    let root = ready.root();
    let mut session = ready.open(live.stop())?;
    let mut captured = Captured::default();
    let mut out = Vec::new();
    for call in &trace.calls {
        let answer = match session.call(&call.tool, &captured.fill(&call.arguments)) {
            Ok(result) => replayed(&result),
            Err(NoServer::Refused { because, .. }) => Replayed { result: Value::String(because), is_error: true },
            // What was answered before it died is worth comparing.
            Err(_) if !out.is_empty() => break,
            Err(e) => return Err(e),
        };
        captured.take(trace, &answer.result);
        // Where the copy lies is nobody's business, and another place each time.
        let result = without(&answer.result, &root);
        out.push(Replayed { result, ..answer });
    }
    Ok(out)
}

/// The word for the directory of the project in recorded results.
const ROOT: &str = "PROJECT";

fn without(value: &Value, root: &str) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace(root, ROOT)),
        Value::Array(items) => Value::Array(items.iter().map(|v| without(v, root)).collect()),
        Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), without(v, root))).collect()),
        other => other.clone(),
    }
}

fn replayed(result: &Value) -> Replayed {
    let is_error = result.get("isError").and_then(Value::as_bool).unwrap_or(false);
    let structured = result.get("structuredContent").filter(|s| !s.is_null() && !is_error);
    let texts = || {
        let blocks = result.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        blocks.iter().filter_map(|b| b.get("text").and_then(Value::as_str)).collect::<Vec<_>>().join("\n")
    };
    Replayed { result: structured.cloned().unwrap_or_else(|| Value::String(texts())), is_error }
}

/// Writes the traces whose every call was answered, with the answers of today; the files, as shown.
pub(super) fn accept(project: &Project, replays: &[Replay]) -> Result<Vec<String>, No> {
    let mut written = Vec::new();
    for replay in replays {
        let Some(text) = project.tree.text(&replay.path) else { continue };
        let (Ok(trace), Ok(answers)) = (trace::parse(text), &replay.answers) else { continue };
        if answers.len() < trace.calls.len() {
            continue;
        }
        let results: Vec<(Value, bool)> = answers.iter().map(|a| (a.result.clone(), a.is_error)).collect();
        // Two recordings that say the same are one: what varies by nature makes no change.
        if crate::verify::trace::same(&trace, &results) {
            continue;
        }
        let path = project.root.join(&replay.path);
        if !fs::lies_in(&project.root, &path) {
            continue;
        }
        fs::write_atomic(&path, trace::rewritten(&trace, &results).as_bytes()).map_err(|e| {
            No::from(Fault::new(e.to_string(), "see that the file may be written, then verify --accept again"))
        })?;
        written.push(project.show(&replay.path));
    }
    Ok(written)
}
