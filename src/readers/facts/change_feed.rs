//! `change_feed`: operations that list what changed, deletions included, instead of what there is.

use serde_json::json;

use super::path::{Segment, norm, segments};
use super::{Detector, Hints, Look};
use crate::model::{Action, Fact, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "change_feed", look: Look::Observe(run) };

fn is_feed(word: &str) -> bool {
    matches!(
        norm(word).as_str(),
        "changes"
            | "changelog"
            | "changefeed"
            | "delta"
            | "deltas"
            | "events"
            | "activitylog"
            | "deleted"
            | "updates"
            | "sync"
    )
}

fn run(system: &System, _: &Hints<'_>, found: &mut Vec<Fact>) {
    let mut facts = Vec::new();
    for operation in &system.operations {
        let last = segments(&operation.as_resource().1).last().and_then(Segment::word).is_some_and(is_feed);
        if last && operation.safe() && matches!(operation.action, Action::List | Action::Search | Action::Other) {
            let value = json!({"operation": operation.id});
            facts.push(Fact::inferred("change_feed", value, "list-of-changes", vec![operation.pointer.clone()], 0.55));
        }
        if facts.len() == 5 {
            break;
        }
    }
    found.extend(facts);
}
