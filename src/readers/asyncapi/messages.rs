//! Messages, by who sends them. AsyncAPI 2 says it on the channel, from the client's side: what clients subscribe to, the
//! application sends. AsyncAPI 3 says it in operations, from the application's own side. Version 1 has topics for channels.

use crate::base::text::{plural, quoted};
use crate::base::tree::Node;
use crate::finding::Severity;
use crate::model::{Event, ParamIn, Parameter, Schemas};
use crate::readers::facts::{Hints, Prose};
use crate::readers::openapi::document::{At, Document};
use crate::readers::openapi::schemas::Builder;

/// Most messages read.
const MOST_MESSAGES: usize = 20_000;

/// A message where it is used.
struct Use<'d> {
    /// The name of its channel, for people.
    channel: String,
    /// The key it has in its channel, if any.
    key: Option<String>,
    /// What the operation is called, and says.
    operation: Option<At<'d>>,
    message: At<'d>,
}

/// The events, and all schemas of the document.
pub(super) fn read<'d>(doc: &mut Document<'d>, hints: &mut Hints<'d>) -> (Vec<Event>, Schemas) {
    let mut sent = Vec::new();
    let mut received = Vec::new();
    let mut undirected = Vec::new();
    if doc.at(&["operations"]).is_some_and(|o| o.value.is_map()) || third(doc) {
        of_operations(doc, &mut sent, &mut received);
        if sent.is_empty() && received.is_empty() {
            undirected = of_all_channels(doc);
        }
    } else {
        of_channels(doc, &mut sent, &mut received);
    }
    if !received.is_empty() && !sent.is_empty() {
        let names: Vec<&str> = received.iter().take(5).map(|u| u.channel.as_str()).collect();
        let message = format!(
            "the application also receives {}, on {}; nothing here sends them",
            plural(received.len() as u64, "message"),
            quoted(&names.join(", "), 200)
        );
        let fix = "send them outside the connector";
        doc.find(Severity::Note, "messages-received", "#/channels", message, fix);
    }
    if sent.is_empty() && !received.is_empty() {
        let message = "all messages are received by the application that is described; they are told as events, as if the \
                       description were that of a receiver";
        let fix = "check whether the description is that of the sender";
        doc.warn("only-received", "#/channels", message, fix);
    }
    if !undirected.is_empty() {
        let message = "no operation says who sends the messages of the channels; they are told as events";
        doc.warn("direction-not-stated", "#/channels", message, "add operations with action send or receive");
    }
    let told = if !sent.is_empty() {
        sent
    } else if !received.is_empty() {
        received
    } else {
        undirected
    };
    let mut builder = Builder::new();
    let mut events: Vec<Event> = Vec::new();
    let mut names = std::collections::BTreeSet::new();
    let mut places = std::collections::BTreeSet::new();
    for used in told.into_iter().take(MOST_MESSAGES) {
        if let Some(event) = event(doc, &mut builder, hints, used, &mut names, &mut places) {
            events.push(event);
        }
    }
    for (_, at) in doc.at(&["components", "schemas"]).iter().flat_map(At::children) {
        builder.schema(doc, at);
    }
    (events, builder.finish(doc))
}

fn third(doc: &Document<'_>) -> bool {
    doc.top().value.get("asyncapi").and_then(Node::as_str).is_some_and(|v| v.starts_with('3'))
}

/// AsyncAPI 1 and 2.
fn of_channels<'d>(doc: &mut Document<'d>, sent: &mut Vec<Use<'d>>, received: &mut Vec<Use<'d>>) {
    let base = doc.top().text("baseTopic").unwrap_or("");
    let places: Vec<(&str, At<'d>)> = ["channels", "topics"]
        .iter()
        .filter_map(|key| doc.at(&[key]))
        .flat_map(|at| at.children().collect::<Vec<_>>())
        .collect();
    for (name, at) in places {
        let Some(at) = doc.resolve(at) else { continue };
        let channel = if base.is_empty() { quoted(name, 120) } else { quoted(&format!("{base}.{name}"), 120) };
        for (key, out) in [("subscribe", &mut *sent), ("publish", &mut *received)] {
            let Some(operation) = at.child(key) else { continue };
            // Version 1 has the message itself here.
            let message = operation.child("message").unwrap_or(operation);
            for message in alternatives(doc, message) {
                let operation = Some(operation);
                out.push(Use { channel: channel.clone(), key: None, operation, message });
            }
        }
    }
}

/// AsyncAPI 3.
fn of_operations<'d>(doc: &mut Document<'d>, sent: &mut Vec<Use<'d>>, received: &mut Vec<Use<'d>>) {
    let operations: Vec<At<'d>> = doc.at(&["operations"]).iter().flat_map(At::children).map(|(_, at)| at).collect();
    for at in operations {
        let Some(operation) = doc.resolve(at) else { continue };
        let out = match operation.text("action") {
            Some("send") => &mut *sent,
            Some("receive") => &mut *received,
            _ => {
                let message = "the operation has no action that is known";
                doc.warn("unknown-action", &operation.pointer(), message, "say action: send or action: receive");
                continue;
            }
        };
        let Some(channel) = operation.child("channel") else {
            let message = "the operation names no channel";
            doc.warn("unknown-channel", &operation.pointer(), message, "refer to one of the channels");
            continue;
        };
        let Some(channel) = doc.resolve(channel) else { continue };
        let name = address(&channel);
        let listed: Vec<At<'d>> = operation.child("messages").iter().flat_map(At::items).collect();
        if listed.is_empty() {
            out.extend(of_channel(&channel, &name, Some(&operation)));
        }
        for message in listed {
            let key = message.reference().and_then(|r| r.rsplit('/').next()).map(|k| quoted(k, 120));
            out.push(Use { channel: name.clone(), key, operation: Some(operation), message });
        }
    }
}

fn of_all_channels<'d>(doc: &mut Document<'d>) -> Vec<Use<'d>> {
    let channels: Vec<At<'d>> = doc.at(&["channels"]).iter().flat_map(At::children).map(|(_, at)| at).collect();
    let mut out = Vec::new();
    for at in channels {
        let Some(channel) = doc.resolve(at) else { continue };
        out.extend(of_channel(&channel, &address(&channel), None));
    }
    out
}

/// All messages of a channel.
fn of_channel<'d>(channel: &At<'d>, name: &str, operation: Option<&At<'d>>) -> Vec<Use<'d>> {
    let messages = channel.child("messages");
    let all = messages.iter().flat_map(At::children);
    all.map(|(key, message)| Use {
        channel: name.to_owned(),
        key: Some(quoted(key, 120)),
        operation: operation.cloned(),
        message,
    })
    .collect()
}

/// The address of a channel, else its name.
fn address(channel: &At<'_>) -> String {
    let stated = channel.quoted("address", 120);
    if stated.is_empty() { last(&channel.pointer()) } else { stated }
}

fn last(pointer: &str) -> String {
    quoted(&crate::base::pointer::unescape(pointer.rsplit('/').next().unwrap_or("")), 120)
}

/// The message, or each of its `oneOf`.
fn alternatives<'d>(doc: &mut Document<'d>, message: At<'d>) -> Vec<At<'d>> {
    let one_of = match doc.resolve(message) {
        Some(resolved) => resolved.child("oneOf"),
        None => return Vec::new(),
    };
    match one_of {
        Some(list) => list.items().collect(),
        None => vec![message],
    }
}

fn event<'d>(
    doc: &mut Document<'d>,
    builder: &mut Builder<'d>,
    hints: &mut Hints<'d>,
    used: Use<'d>,
    names: &mut std::collections::BTreeSet<String>,
    places: &mut std::collections::BTreeSet<(String, String)>,
) -> Option<Event> {
    let Use { channel, key, operation, message } = used;
    let referred = message.reference().is_some_and(|r| r.contains("/messages/"));
    let at = doc.resolve(message)?;
    // Two operations may tell of one message on one channel.
    if !at.value.is_map() || !places.insert((channel.clone(), at.pointer())) {
        return None;
    }
    // A message is called as it says; as its component or its key; as its channel.
    let stated = ["name", "messageId"].into_iter().map(|k| at.quoted(k, 120)).find(|s| !s.is_empty());
    let component = || (referred || at.pointer().contains("/messages/")).then(|| last(&at.pointer()));
    let name = stated.or(key).or_else(component).unwrap_or_else(|| channel.clone());
    let qualified = format!("{channel}.{name}");
    let name = [name, qualified].into_iter().find(|n| !n.is_empty() && !names.contains(n))?;
    names.insert(name.clone());
    let places: Vec<&At<'d>> = std::iter::once(&at).chain(operation.as_ref()).collect();
    let said = places
        .iter()
        .flat_map(|at| ["summary", "title", "description"].map(|key| at.quoted(key, 160)))
        .find(|s| !s.is_empty())
        .unwrap_or_default();
    let summary = match said.as_str() {
        _ if channel == name => said,
        "" => quoted(&format!("on {channel}"), 160),
        _ => quoted(&format!("on {channel}: {said}"), 160),
    };
    if let Some(text) = at.text("description") {
        hints.prose.push(Prose { operation: None, pointer: at.place.into(), text });
        hints.events.push((name.clone(), Prose { operation: None, pointer: at.place.into(), text }));
    }
    let mut headers: Vec<Parameter> = Vec::new();
    let traits: Vec<At<'d>> = at.child("traits").iter().flat_map(At::items).collect();
    let mut payload_traits = Vec::new();
    for place in std::iter::once(at).chain(traits) {
        let Some(place) = doc.resolve(place) else { continue };
        if let Some(found) = place.child("headers") {
            self::headers(doc, builder, found, &mut headers);
        }
        payload_traits.push(place);
    }
    let payload = payload_traits.iter().find_map(|place| payload(doc, place));
    let payload = payload.map(|schema| builder.schema(doc, schema));
    Some(Event { name, summary, payload, headers, pointer: at.pointer() })
}

fn headers<'d>(doc: &mut Document<'d>, builder: &mut Builder<'d>, at: At<'d>, out: &mut Vec<Parameter>) {
    let Some(at) = doc.resolve(at) else { return };
    let at = at.child("schema").unwrap_or(at);
    let Some(at) = doc.resolve(at) else { return };
    let required: Vec<&str> =
        at.value.get("required").into_iter().flat_map(Node::items).filter_map(Node::as_str).collect();
    let properties = at.child("properties");
    for (name, value) in properties.iter().flat_map(|p| p.value.entries()) {
        let Some(place) = properties.map(|p| p.below(name, value)) else { continue };
        let name_shown = quoted(name, 200);
        if out.iter().any(|h| h.name == name_shown) {
            continue;
        }
        out.push(Parameter {
            name: name_shown,
            place: ParamIn::Header,
            required: required.contains(&name),
            description: place.quoted("description", 300),
            pointer: place.pointer(),
            schema: Some(builder.schema(doc, place)),
        });
    }
}

/// The schema of a payload; nothing, and a note, where it is in a language that is not JSON Schema.
fn payload<'d>(doc: &mut Document<'d>, message: &At<'d>) -> Option<At<'d>> {
    let payload = message.child("payload")?;
    let resolved = doc.resolve(payload)?;
    // AsyncAPI 3 may put language and schema together in the payload's place, 2 has the language on the message.
    let (language, schema) = match (resolved.text("schemaFormat"), resolved.child("schema")) {
        (Some(language), Some(schema)) => (language, schema),
        _ => (message.text("schemaFormat").unwrap_or(""), payload),
    };
    let known = ["", "application/schema+", "application/vnd.aai.asyncapi", "application/vnd.oai.openapi"];
    if known.iter().any(|k| language == *k || (!k.is_empty() && language.starts_with(k))) {
        return Some(schema);
    }
    let message = format!("the payload is described in \"{}\", which is not read here", quoted(language, 60));
    doc.find(Severity::Note, "payload-not-read", schema.pointer(), message, "describe it as JSON Schema");
    None
}
