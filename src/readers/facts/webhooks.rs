//! `webhooks` and `webhook_subscribe_endpoint`: whether the system tells of changes by itself, and where to ask it to.

use serde_json::json;

use super::path::{Segment, norm, segments};
use super::{Detector, Hints};
use crate::model::{Action, Fact, Method, Operation, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "webhooks", run };

fn is_hook(word: &str) -> bool {
    let word = norm(word);
    word.contains("webhook")
        // A sink is where events are sent to (CloudEvents Subscriptions, section 3.2.4.1).
        || matches!(
            word.as_str(),
            "hooks" | "hook" | "eventsubscriptions" | "notificationsubscriptions" | "sinks" | "eventdestinations"
        )
}

fn run(system: &mut System, hints: &Hints<'_>) {
    let mut facts = Vec::new();
    let about: Vec<&Operation> = system
        .operations
        .iter()
        .filter(|o| segments(&o.as_resource().1).iter().filter_map(Segment::word).any(is_hook))
        .collect();
    if let Some(event) = system.events.first() {
        facts.push(Fact::stated("webhooks", json!({"value": true}), event.pointer.clone()));
    } else if let Some(operation) = about.first() {
        let from = vec![operation.pointer.clone()];
        facts.push(Fact::inferred("webhooks", json!({"value": true}), "webhook-operations", from, 0.70));
    } else {
        let said =
            hints.prose.iter().filter(|p| p.operation.is_none()).find(|p| p.text.to_lowercase().contains("webhook"));
        facts.push(match said {
            Some(prose) => {
                let from = vec![prose.pointer.to_string()];
                Fact::inferred("webhooks", json!({"value": true}), "webhooks-in-prose", from, 0.55)
            }
            None => {
                let graph = system.operations.iter().any(|o| o.root_field.is_some());
                let paths = system.operations.iter().any(|o| o.pointer.starts_with("#/paths/"));
                let place = match (graph, paths) {
                    (true, _) => "#/types",
                    (false, true) => "#/paths",
                    (false, false) => "#",
                };
                let from = vec![place.to_owned()];
                Fact::inferred("webhooks", json!({"value": false}), "no-webhook-operation", from, 0.40)
            }
        });
    }
    let mut subscribe: Vec<&&Operation> = about
        .iter()
        .filter(|o| {
            matches!(o.method, Method::Post | Method::Put) && !matches!(o.action, Action::Search | Action::Other)
        })
        .filter(|o| segments(&o.path).last().and_then(Segment::word).is_some_and(is_hook))
        .collect();
    subscribe.sort_by_key(|o| o.path.matches('{').count());
    for operation in subscribe.into_iter().take(4) {
        let value = json!({"method": operation.method.as_str(), "path": operation.path});
        let from = vec![operation.pointer.clone()];
        facts.push(Fact::inferred("webhook_subscribe_endpoint", value, "create-on-webhooks", from, 0.65));
    }
    system.facts.extend(facts);
}

#[cfg(test)]
mod tests {
    use super::super::values_of;

    #[test]
    fn a_sink_is_subscribed_to_as_a_webhook_is() {
        let text = "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths: {/v1/Sinks: {post: {responses: {}}}, /v1/kitchens: {post: {responses: {}}}}\n";
        let paths: Vec<serde_json::Value> =
            values_of(text, "webhook_subscribe_endpoint").iter().map(|v| v["path"].clone()).collect();
        assert_eq!(paths, ["/v1/Sinks"]);
    }
}
