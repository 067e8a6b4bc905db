//! `base_url`: host and path of each server.

use serde_json::json;

use super::{Detector, Hints};
use crate::model::{Fact, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "base_url", run };

/// Host and path of an absolute URL; the path without its last slash.
pub(super) fn host_and_path(url: &str) -> Option<(&str, &str)> {
    let (_, rest) = url.split_once("://")?;
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let (host, path) = rest.find('/').map_or((rest, ""), |i| rest.split_at(i));
    (!host.is_empty()).then(|| (host, path.trim_end_matches('/')))
}

fn run(system: &mut System, _: &Hints<'_>) {
    let facts: Vec<Fact> = system
        .servers
        .iter()
        .take(5)
        .filter_map(|server| {
            let (host, path) = host_and_path(&server.url)?;
            Some(Fact::stated("base_url", json!({"host": host, "path": path}), server.pointer.clone()))
        })
        .collect();
    system.facts.extend(facts);
}
