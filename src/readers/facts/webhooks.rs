//! `webhooks` and `webhook_subscribe_endpoint`: whether the system tells of changes by itself, and where to ask it to.

use serde_json::json;

use super::path::{Segment, norm, segments};
use super::said::affirms;
use super::verbs::{parts, verb};
use super::{Detector, Hints, Look};
use crate::model::{Action, Fact, Method, Operation, Schemas, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "webhooks", look: Look::Observe(run) };

fn is_hook(word: &str) -> bool {
    let word = norm(word);
    // What tells of webhooks is none.
    if ["test", "tests", "log", "logs", "deliveries", "attempts", "info"].iter().any(|end| word.ends_with(end)) {
        return false;
    }
    // `event_hooks`, but hooks of compositions are none.
    let hooks = word.strip_suffix('s').unwrap_or(&word).strip_suffix("hook");
    word.contains("webhook")
        || hooks.is_some_and(|w| matches!(w, "" | "event" | "http" | "rest" | "notification" | "repo" | "push" | "inline"))
        // A sink is where events are sent to (CloudEvents Subscriptions, section 3.2.4.1).
        || matches!(
            word.as_str(),
            "eventsubscriptions" | "notificationsubscriptions" | "sinks" | "eventdestinations" | "notificationendpoints"
        )
}

/// Fields that say where to send.
const WHERE: [&str; 18] = [
    "url",
    "callback",
    "callbackurl",
    "callbackuri",
    "notificationurl",
    "targeturl",
    "endpoint",
    "endpointurl",
    "deliveryurl",
    "destinationurl",
    "hookurl",
    "webhookurl",
    "posturl",
    "address",
    "httpurl",
    "lifecyclenotificationurl",
    "uri",
    "destination",
];
/// Fields that say what to tell of.
const WHAT: [&str; 14] = [
    "event",
    "events",
    "eventtype",
    "eventtypes",
    "eventname",
    "eventfilter",
    "enabledevents",
    "subscribedevents",
    "selectedeventcategory",
    "topic",
    "topics",
    "trigger",
    "triggers",
    "changetype",
];

/// Who makes one says what to tell of and where to send it, whatever it is called.
fn subscribes(operation: &Operation, schemas: &Schemas) -> bool {
    // Looking into the bodies of all that is created would cost more than it finds.
    let last = operation.path.trim_end_matches('/').rsplit('/').next().unwrap_or("").to_ascii_lowercase();
    let called = ["subscri", "notif", "hook", "callback", "listener", "event", "destination"];
    let creates = operation.action == Action::Create
        && operation.method == Method::Post
        && called.iter().any(|w| last.contains(w));
    // Who watches a list is told of what happens in it.
    let watches = last == "watch" && operation.method == Method::Post;
    let body = operation.body.as_ref().filter(|_| creates || watches).and_then(|b| b.schema);
    let Some(body) = body else { return false };
    let fields = schemas.properties(body);
    let any = |names: &[&str]| fields.keys().any(|f| names.contains(&norm(f).as_str()));
    fields.len() <= 40 && if watches { any(&WHERE) || any(&["topicname"]) } else { any(&WHERE) && any(&WHAT) }
}

/// A word that makes what stands before or after it: `webhooks/add`, `setWebhook`.
fn sets(word: &str) -> bool {
    verb(word) == Some(Action::Create) || matches!(word, "set" | "subscribe")
}

/// A method that sets a webhook up: `/setWebhook`, `/webhooks/add`.
fn calls_for(operation: &Operation) -> bool {
    let steps = segments(&operation.path);
    let Some(Segment::Word(last) | Segment::Call(last)) = steps.last() else { return false };
    let words = parts(last);
    match words.split_first() {
        Some((first, [])) => sets(first) && steps.iter().rev().nth(1).and_then(Segment::word).is_some_and(is_hook),
        Some((first, rest)) => sets(first) && is_hook(&rest.concat()),
        None => false,
    }
}

fn run(system: &System, hints: &Hints<'_>, found: &mut Vec<Fact>) {
    let mut facts = Vec::new();
    let about: Vec<&Operation> = system
        .operations
        .iter()
        .filter(|o| {
            segments(&o.as_resource().1).iter().filter_map(Segment::word).any(is_hook) || subscribes(o, &system.schemas)
        })
        .collect();
    if let Some(event) = system.events.first() {
        facts.push(Fact::stated("webhooks", json!({"value": true}), event.pointer.clone()));
    } else if let Some(operation) = about.first() {
        let from = vec![operation.pointer.clone()];
        facts.push(Fact::inferred("webhooks", json!({"value": true}), "webhook-operations", from, 0.70));
    } else {
        let said = hints.prose.iter().filter(|p| p.operation.is_none()).find(|p| affirms(p.text, &["webhook"]));
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
            matches!(o.method, Method::Post | Method::Put)
                && !matches!(o.action, Action::Search | Action::Get | Action::List | Action::Delete)
        })
        .filter(|o| {
            if calls_for(o) || subscribes(o, &system.schemas) {
                return true;
            }
            // One of them is changed, or something is done to it.
            if o.action == Action::Other || o.path.trim_end_matches('/').ends_with('}') {
                return false;
            }
            let words: Vec<String> = segments(&o.path).iter().filter_map(Segment::word).map(norm).collect();
            // `webhooks/subscriptions` is subscribed to as `webhooks` is.
            let below =
                words.last().is_some_and(|w| matches!(w.as_str(), "subscriptions" | "subscription" | "endpoints"));
            let named = segments(&o.path).last().and_then(Segment::word).is_some_and(is_hook);
            named || (below && words.iter().any(|w| is_hook(w)))
        })
        .collect();
    subscribe.sort_by_key(|o| o.path.matches('{').count());
    for operation in subscribe.into_iter().take(4) {
        let value = json!({"method": operation.method.as_str(), "path": operation.path});
        let from = vec![operation.pointer.clone()];
        facts.push(Fact::inferred("webhook_subscribe_endpoint", value, "create-on-webhooks", from, 0.65));
    }
    found.extend(facts);
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

    #[test]
    fn a_method_sets_a_webhook_up_and_others_do_not() {
        let paths = |paths: &str| -> Vec<serde_json::Value> {
            let text = format!("openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\npaths: {{{paths}}}\n");
            values_of(&text, "webhook_subscribe_endpoint").iter().map(|v| v["path"].clone()).collect()
        };
        let post = |all: &[&str]| {
            all.iter().map(|p| format!("'{p}': {{post: {{responses: {{}}}}}}")).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(paths(&post(&["/setWebhook", "/deleteWebhook", "/getWebhookInfo"])), ["/setWebhook"]);
        assert_eq!(
            paths(&post(&["/webhooks/add", "/webhooks/list", "/webhooks/delete", "/webhook_tests"])),
            ["/webhooks/add"]
        );
        let put = "'/webhooks/subscriptions/{id}': {put: {responses: {}}}";
        assert_eq!(paths(put), Vec::<serde_json::Value>::new());
    }

    #[test]
    fn who_watches_a_list_is_told_of_it() {
        let watch = |field: &str| {
            format!(
                "openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\npaths: {{/events/watch: {{post: {{requestBody: {{content: {{application/json: {{schema: {{type: object, properties: {{{field}: {{type: string}}}}}}}}}}}}, responses: {{}}}}}}}}\n"
            )
        };
        assert_eq!(values_of(&watch("address"), "webhook_subscribe_endpoint")[0]["path"], "/events/watch");
        assert_eq!(values_of(&watch("colour"), "webhooks")[0]["value"], false);
    }

    #[test]
    fn what_names_events_and_an_address_subscribes_to_them() {
        let post = |path: &str, fields: &str| {
            format!(
                "openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\npaths: {{'{path}': {{post: {{requestBody: {{content: {{application/json: {{schema: {{type: object, properties: {{{fields}}}}}}}}}}}, responses: {{}}}}}}}}\n"
            )
        };
        let found = |text: &str| {
            (values_of(text, "webhooks")[0]["value"] == true, values_of(text, "webhook_subscribe_endpoint").len())
        };
        let url = "notificationUrl: {type: string}";
        assert_eq!(found(&post("/subscriptions", &format!("{url}, changeType: {{type: string}}"))), (true, 1));
        assert_eq!(found(&post("/subscriptions", url)), (false, 0));
        assert_eq!(found(&post("/webhooks/v3/{app}/subscriptions", "")), (true, 1));
        assert_eq!(found(&post("/eventHooks", "")), (true, 1));
        assert_eq!(found(&post("/CompositionHooks", "")), (false, 0));
    }
}
