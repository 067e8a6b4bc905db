//! What knowledge overlays say of a system: the project's (`overlays/*.knowledge.yaml`), the user's, and those that come with
//! the program. Of one fact the nearest layer holds alone.

use std::path::Path;

use super::context::App;
use super::wire::FactOut;
use crate::base::clock::Timestamp;
use crate::base::fs;
use crate::base::text;
use crate::finding::{Finding, Location};
use crate::knowledge::{self, Known, Overlay, SHIPPED, STALE_DAYS};
use crate::model::{Basis, System};

/// The project's folder of overlays, below the working directory.
const FOLDER: &str = "overlays";
/// Most files read of one folder, and most bytes of one file.
const MOST_FILES: usize = 200;
const MOST_BYTES: u64 = 256 * 1024;
const DAY_MS: i64 = 24 * 3_600_000;

/// What is known of one system beyond its description.
pub(super) struct Knowledge {
    /// Nearest layer first.
    pub(super) facts: Vec<Known>,
    /// What is wrong with the overlays, stale or at odds with the description.
    pub(super) findings: Vec<Finding>,
}

impl Knowledge {
    /// The first fact of this name.
    pub(super) fn first(&self, fact: &str) -> Option<&Known> {
        self.facts.iter().find(|k| k.fact == fact)
    }
}

/// Everything that overlays say of the system: by the hosts of its base URLs, and by pointer where a fact has one.
pub(super) fn about(app: &App, system: &System) -> Knowledge {
    let mut known = Knowledge { facts: Vec::new(), findings: Vec::new() };
    let hosts: Vec<String> =
        system.servers.iter().filter_map(|s| Some(url::Url::parse(&s.url).ok()?.host_str()?.to_owned())).collect();
    let project = folder(app, &app.cwd.join(FOLDER), FOLDER, &mut known.findings);
    // The user's folder is theirs: a server that keeps to its directory does not look into it.
    let user = app.knowledge.as_deref().filter(|_| !app.confined);
    let user = user.map(|at| folder(app, at, &at.display().to_string(), &mut known.findings)).unwrap_or_default();
    let shipped: Vec<Overlay> = SHIPPED.iter().filter_map(|(file, text)| knowledge::parse(text, file).0).collect();
    for layer in [project, user, shipped] {
        let said: Vec<&str> = known.facts.iter().map(|k| k.fact).collect();
        let mut more = Vec::new();
        for overlay in layer.iter().filter(|o| hosts.iter().any(|h| o.covers(h))) {
            for fact in &overlay.facts {
                let there = fact.at.as_ref().is_none_or(|at| states(system, at));
                if there && !said.contains(&fact.fact) {
                    known.findings.extend(stale(app, overlay, fact));
                    known.findings.extend(differs(system, overlay, fact));
                    more.push(fact.clone());
                }
            }
        }
        known.facts.extend(more);
    }
    known
}

/// The facts of a system with what was looked up: after what the description states, before what rules inferred.
pub(super) fn with(app: &App, system: &System, known: &Knowledge) -> Vec<FactOut> {
    let mut out: Vec<FactOut> = system.facts.iter().map(FactOut::from).collect();
    for fact in known.facts.iter().rev() {
        let last_stated = out.iter().rposition(|f| f.fact == fact.fact && f.basis == "stated").map(|i| i + 1);
        let first = out.iter().position(|f| f.fact == fact.fact);
        let at = last_stated.or(first).unwrap_or(out.len());
        out.insert(at, FactOut::known(fact, age_days(app, &fact.checked)));
    }
    out
}

/// Reads the overlays of a folder, by name; a folder that is not there holds none.
fn folder(app: &App, at: &Path, named: &str, findings: &mut Vec<Finding>) -> Vec<Overlay> {
    let files = walkdir::WalkDir::new(at).max_depth(1).sort_by_file_name().into_iter().filter_map(Result::ok);
    let files = files.filter(|f| f.file_name().to_string_lossy().ends_with(knowledge::SUFFIX));
    let mut out = Vec::new();
    for file in files.take(MOST_FILES) {
        let name = format!("{named}/{}", file.file_name().to_string_lossy());
        let text = app
            .allow(file.path(), &name)
            .map_err(|refusal| refusal.to_string())
            .and_then(|()| fs::read_bytes(file.path(), MOST_BYTES).map_err(|e| e.to_string()))
            .and_then(|bytes| String::from_utf8(bytes).map_err(|_| "the file is not UTF-8".to_owned()));
        match text {
            Ok(text) => {
                let (overlay, wrong) = knowledge::parse(&text, &name);
                out.extend(overlay);
                findings.extend(wrong);
            }
            Err(because) => findings.push(Finding::error(
                "knowledge-unreadable",
                Location::at(name, crate::base::yaml::Span::default()),
                text::quoted(&because, 200),
            )),
        }
    }
    out
}

fn states(system: &System, pointer: &str) -> bool {
    system.operations.iter().any(|o| o.pointer == pointer || pointer.starts_with(&format!("{}/", o.pointer)))
        || system.states(pointer)
}

/// Whole days since a date; nothing for a date that cannot be read.
pub(super) fn age_days(app: &App, date: &str) -> Option<i64> {
    Some((app.clock.now().0 - Timestamp::parse(date)?.0).max(0) / DAY_MS)
}

fn stale(app: &App, overlay: &Overlay, fact: &Known) -> Option<Finding> {
    let days = age_days(app, &fact.checked).filter(|days| *days > STALE_DAYS)?;
    let message = format!("{} of {} was looked up {days} days ago", fact.fact, overlay.about);
    let fix = format!("look at {} again and set checked in an overlay of the project ({FOLDER}/)", fact.source);
    Some(Finding::note("knowledge-stale", Location::at(&overlay.file, fact.place), message).fix(fix))
}

/// The description states something else: then the description counts, and somebody should look.
fn differs(system: &System, overlay: &Overlay, fact: &Known) -> Option<Finding> {
    let ours = fact.value.as_object()?;
    let stated: Vec<_> = system
        .facts
        .iter()
        .filter(|f| f.fact == fact.fact && matches!(f.basis, Basis::Stated { .. }))
        .filter_map(|f| f.value.as_object())
        .collect();
    // A list of headers has room for another; a limit has not.
    let single =
        !matches!(fact.fact, "rate_limit_header" | "required_header" | "environment" | "auth_mode" | "base_url");
    let at_odds = |theirs: &serde_json::Map<String, serde_json::Value>| {
        ours.iter().any(|(key, value)| theirs.get(key).is_some_and(|other| other != value && !other.is_null()))
    };
    if !single || stated.is_empty() || !stated.iter().all(|theirs| at_odds(theirs)) {
        return None;
    }
    let message = format!("the description states another {} than {}", fact.fact, fact.source);
    let fix = "the description counts here; ask the vendor which one holds, and correct the other";
    Some(Finding::note("knowledge-differs", Location::at(&overlay.file, fact.place), message).fix(fix))
}
