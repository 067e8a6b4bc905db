//! `webhook_event`: each event that the description says the system sends. Last of all: of some systems there are hundreds.

use serde_json::json;

use super::{Detector, Hints, Look};
use crate::model::{Fact, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "webhook_event", look: Look::Observe(run) };

fn run(system: &System, _hints: &Hints<'_>, found: &mut Vec<Fact>) {
    let facts: Vec<Fact> = system
        .events
        .iter()
        .map(|e| {
            let value = json!({"name": e.name, "payload": e.payload.is_some()});
            Fact::stated("webhook_event", value, e.pointer.clone())
        })
        .collect();
    found.extend(facts);
}
