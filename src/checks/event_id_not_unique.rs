//! An id of events that several events have alike, or that one event has anew each time.
//!
//! Standard Webhooks 1.0 (`webhook-id`), GitHub (`X-GitHub-Delivery`) and Shopify (`X-Shopify-Webhook-Id`) name each event once,
//! and send the same name again with a retry. What else comes along names the kind, the time, the subscription or the record.

use super::nature::by_nature;
use super::told::{UNIQUE, leaf, says};
use super::{Check, Subject};
use crate::base::text::{quoted, words};
use crate::contract::{EventId, Webhook, Write};
use crate::finding::{Finding, Severity};
use crate::mapping::{Path, field};
use crate::model::{Event, System, TypeSet};

pub(super) static CHECK: Check = Check {
    code: "event-id-not-unique",
    summary: "webhook.id names what many events have alike (a kind, a subscription, the record) or what changes when one is sent again: \
              events are dropped, or taken twice.",
    severity: Severity::Error,
    run,
};

/// Last words of names of what tells a kind of event.
const KIND: [&str; 8] = ["event", "topic", "type", "kind", "action", "trigger", "category", "name"];
/// Words of events that tell of changes: one record has many of them.
const CHANGES: [&str; 10] =
    ["changed", "updated", "modified", "update", "change", "saved", "upserted", "edited", "moved", "synced"];
const IDS: [&str; 12] = [
    "event_id",
    "eventid",
    "delivery_id",
    "deliveryid",
    "message_id",
    "messageid",
    "webhook_id",
    "notification_id",
    "id",
    "uuid",
    "guid",
    "uid",
];

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let Some((system, event, hook)) = subject.event(flow) else { continue };
        let once = matches!(flow.target.write, Write::Create { .. });
        let (at, name, found) = match &hook.id {
            Some(EventId::Header(name)) => (name.at, name.as_str(), of_header(system, event, hook, name)),
            Some(EventId::Field(path)) => {
                (path.at, path.as_str(), of_field(system, event, hook, path, &flow.source.key, once))
            }
            None => continue,
        };
        let Some(because) = found else { continue };
        let message = format!("{} of {} {because}", quoted(name, 60), quoted(&event.name, 60));
        out.push(subject.error(&CHECK, at, message).fix(fix(system, event, hook, name)).because_of(&event.pointer));
    }
}

fn of_header(system: &System, event: &Event, hook: &Webhook, name: &str) -> Option<&'static str> {
    const PLAIN: [&str; 8] =
        ["content-type", "user-agent", "host", "content-length", "accept", "authorization", "date", "content-encoding"];
    let lower = name.to_ascii_lowercase();
    let parts = words(name);
    let has = |set: &[&str]| parts.iter().any(|w| set.contains(&w.as_str()));
    let last = parts.last().map_or("", String::as_str);
    let signs = hook.verify.as_ref().is_some_and(|v| {
        let own = v.header.as_ref().map(|h| h.as_str()).or_else(|| v.scheme.header());
        own.is_some_and(|h| h.eq_ignore_ascii_case(name))
    });
    if signs || has(&["signature", "hmac"]) {
        return Some("is the signature, which differs when the event is sent again");
    }
    if PLAIN.contains(&lower.as_str()) {
        return Some("is the same in many deliveries");
    }
    if ["timestamp", "time", "date", "at"].contains(&last) {
        return Some("is a time, which several events share and which differs when one is sent again");
    }
    if has(&["attempt", "retry", "retries"]) {
        return Some("counts attempts");
    }
    if last == "id"
        && parts
            .iter()
            .any(|w| ["hook", "subscription", "installation", "target", "account", "tenant"].contains(&w.as_str()))
        && !has(&["webhook", "event", "delivery"])
    {
        return Some("names the subscription, which all its deliveries have alike");
    }
    let documented = event.headers.iter().find(|h| h.name.eq_ignore_ascii_case(name));
    let listed = documented.and_then(|h| h.schema).and_then(|id| system.schemas.get(id).values.as_ref().map(Vec::len));
    if listed.is_some_and(|n| n <= 30) || KIND.contains(&last) || has(&["version", "domain"]) {
        return Some("tells the kind of event, not the event");
    }
    None
}

fn of_field(system: &System, event: &Event, hook: &Webhook, path: &str, key: &str, once: bool) -> Option<&'static str> {
    let payload = event.payload?;
    let kind = field(&system.schemas, payload, &Path::parse(path).ok()?).ok()?;
    let told = kind.schema.map_or("", |id| system.schemas.get(id).description.as_str());
    if says(told, &UNIQUE) {
        return None;
    }
    if let Some(values) = kind.values.as_ref().filter(|v| !v.is_empty()) {
        return Some(if values.len() == 1 { "is the same in every event" } else { "is one of a few values" });
    }
    if kind.types.has(TypeSet::BOOLEAN) && kind.types.without(TypeSet::BOOLEAN).is_any() {
        return Some("is a flag");
    }
    let name = words(leaf(path));
    let last = name.last().map_or("", String::as_str);
    if kind.format.as_deref().is_some_and(|f| f.contains("date") || f.contains("time"))
        || by_nature(leaf(path)) == Some("a point in time")
    {
        return Some("is a time, which several events share");
    }
    if KIND.contains(&last) || by_nature(leaf(path)).is_some() {
        return Some("tells something of the event that others have alike");
    }
    let of_record = hook.record.as_ref().map_or_else(|| key.to_owned(), |r| format!("{}.{key}", r.value));
    let changes = words(&event.name).iter().any(|w| CHANGES.contains(&w.as_str()));
    if path == of_record && changes && !once && (hook.record.is_some() || beside(system, event, path).is_some()) {
        return Some("is the id of the record: every later change of it would be taken for the same event again");
    }
    let names = [
        "id",
        "uuid",
        "guid",
        "uid",
        "key",
        "hash",
        "token",
        "number",
        "sequence",
        "nonce",
        "ref",
        "reference",
        "cursor",
    ];
    // Something else names the event, or at least the record.
    let named = hook.verify.as_ref().is_some_and(|v| v.scheme.id_header().is_some())
        || beside(system, event, path).is_some()
        || inside(system, event, path);
    (!names.contains(&last) && named).then_some("is a field that nothing says is an event's own")
}

/// The field of the payload that names the event, where it is another one.
fn beside(system: &System, event: &Event, path: &str) -> Option<&'static str> {
    let payload = event.payload?;
    IDS.into_iter().find(|id| *id != path && system.schemas.property(payload, id).is_some())
}

/// The object around the field has an id of its own, which is another field.
fn inside(system: &System, event: &Event, path: &str) -> bool {
    let Some((around, last)) = path.rsplit_once('.') else { return false };
    let found =
        Path::parse(around).ok().zip(event.payload).and_then(|(p, payload)| field(&system.schemas, payload, &p).ok());
    let object = found.and_then(|kind| kind.schema);
    last != "id" && object.is_some_and(|id| system.schemas.property(id, "id").is_some())
}

fn fix(system: &System, event: &Event, hook: &Webhook, given: &str) -> String {
    let header = event.headers.iter().find(|h| {
        let name = h.name.to_ascii_lowercase();
        let ends =
            ["webhook-id", "-delivery", "event-id", "delivery-id", "message-id"].iter().any(|e| name.ends_with(e));
        ends && !name.eq_ignore_ascii_case(given)
    });
    if hook.verify.as_ref().is_some_and(|v| v.scheme.id_header().is_some() || v.scheme.id_field().is_some()) {
        return "leave id out: the scheme of verify says what names an event".to_owned();
    }
    match (header, beside(system, event, given)) {
        (Some(h), _) => format!("write id: {{header: {}}}, which names one event", quoted(&h.name, 60)),
        (None, Some(id)) if hook.record.is_some() || given != "id" => {
            format!("write id: {id}, where it names the event")
        }
        _ => "choose what names one event and stays the same when it is sent again".to_owned(),
    }
}
