//! The hash that chains a record to the one before, in its two forms.
//!
//! Form 1 hashes everything at once. Form 2 hashes in two steps: the *content* of a record to a digest (in which its
//! data stands as a digest again), then that digest with place and predecessor. So data can be dropped, and whole
//! records left out of a bundle, while what remains still proves.

use serde::Serialize;
use serde_json::json;

use super::{Event, NewEvent, Provenance};
use crate::base::digest::Digest;

/// The form in which records are written.
pub const FORMAT: u8 = 2;

/// The `prev` of the first event.
pub const GENESIS: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// A record's content as form 2 hashes it. The fields are in the order of their names, which makes the derived JSON
/// the canonical one.
#[derive(Serialize)]
struct Content<'a> {
    at: i64,
    client: &'a str,
    data: &'a str,
    format: u8,
    input: &'a str,
    kind: &'a str,
    outcome: &'a str,
    output: &'a str,
    parent: Option<u64>,
    phase: &'a str,
    principal: Option<&'a str>,
    protocol: Option<&'a str>,
    session: Option<&'a str>,
    summary: &'a str,
    tool: &'a str,
    traceparent: Option<&'a str>,
}

/// The digest of the data as it is kept: its compact JSON, byte for byte.
#[must_use]
pub fn data_digest(event: &NewEvent) -> Digest {
    Digest::of_bytes(event.data.to_string().as_bytes())
}

/// The digest of a record's content in form 2; `data` is the digest of its data.
#[must_use]
pub fn content_digest(event: &NewEvent, data: &Digest) -> Digest {
    // Destructured, so that a new field cannot be left out of the hash.
    let NewEvent { session, at, phase, kind, tool, client, outcome, input, output, summary, data: _, provenance } =
        event;
    let Provenance { principal, protocol, traceparent, parent } = provenance;
    let content = Content {
        at: at.0,
        client,
        data: data.as_str(),
        format: FORMAT,
        input: input.as_str(),
        kind: kind.as_str(),
        outcome: outcome.as_str(),
        output: output.as_str(),
        parent: *parent,
        phase: phase.as_str(),
        principal: principal.as_deref(),
        protocol: protocol.as_deref(),
        session: session.as_deref(),
        summary,
        tool,
        traceparent: traceparent.as_deref(),
    };
    // A struct of texts and numbers always serializes.
    Digest::of_bytes(&serde_json::to_vec(&content).unwrap_or_default())
}

/// The hash of form 2: place, predecessor and content.
#[must_use]
pub fn link(seq: u64, prev: &str, content: &Digest) -> String {
    let content = content.as_str();
    Digest::of_bytes(format!(r#"{{"content":"{content}","format":{FORMAT},"prev":"{prev}","seq":{seq}}}"#).as_bytes())
        .as_str()
        .to_owned()
}

/// The hash that `event` must have as number `seq`; its own `hash` and `seq` are not looked at. Of a record of form 1
/// whose data is gone this is not the hash that was given.
#[must_use]
pub fn chain_hash(seq: u64, event: &Event) -> String {
    if event.format == 1 {
        return hash_of_form_1(seq, &event.prev, &event.event);
    }
    link(seq, &event.prev, &content_digest(&event.event, &event.data_digest))
}

/// SHA-256 over the canonical JSON of all fields and the hash before. Provenance enters it only where there is any,
/// so that records from before it was kept still prove.
fn hash_of_form_1(seq: u64, prev: &str, e: &NewEvent) -> String {
    let NewEvent { session, at, phase, kind, tool, client, outcome, input, output, summary, data, provenance } = e;
    let mut value = json!({
        "seq": seq, "prev": prev, "session": session, "at": at.0, "phase": phase.as_str(), "kind": kind.as_str(), "tool": tool,
        "client": client, "outcome": outcome.as_str(), "input": input.as_str(), "output": output.as_str(), "summary": summary, "data": data,
    });
    if *provenance != Provenance::default()
        && let Some(fields) = value.as_object_mut()
    {
        let Provenance { principal, protocol, traceparent, parent } = provenance;
        fields.insert(
            "provenance".to_owned(),
            json!({"principal": principal, "protocol": protocol, "traceparent": traceparent, "parent": parent}),
        );
    }
    Digest::of_json(&value).as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::base::clock::Timestamp;
    use crate::base::digest::canonical;
    use crate::evidence::{EventKind, Outcome, Phase};

    fn event() -> NewEvent {
        NewEvent {
            session: Some("s-1".to_owned()),
            at: Timestamp(1_795_434_360_123),
            phase: Phase::Map,
            kind: EventKind::SystemMapped,
            tool: "map_system".to_owned(),
            client: "cli".to_owned(),
            outcome: Outcome::Ok,
            input: Digest::of_bytes(b"in"),
            output: Digest::of_bytes(b"out"),
            summary: "mapped \"billing\"".to_owned(),
            data: json!({"b": 1, "a": 1.10}),
            provenance: Provenance::default(),
        }
    }

    #[test]
    fn the_fields_of_a_content_stand_in_canonical_order() {
        let digest = data_digest(&event());
        let content = Content {
            at: 1,
            client: "c",
            data: digest.as_str(),
            format: FORMAT,
            input: "i",
            kind: "k",
            outcome: "o",
            output: "o",
            parent: Some(3),
            phase: "p",
            principal: None,
            protocol: Some("x"),
            session: None,
            summary: "s",
            tool: "t",
            traceparent: None,
        };
        let written = serde_json::to_string(&content).expect("texts and numbers");
        let value: Value = serde_json::from_str(&written).expect("JSON");
        let mut sorted = String::new();
        canonical(&value, &mut sorted);
        assert_eq!(written, sorted);
    }

    // The values are those that ten lines of Python give.
    #[test]
    fn both_forms_are_what_they_were_when_they_were_published() {
        let form_2 = Event::chained(7, GENESIS, event());
        insta::assert_snapshot!(form_2.hash, @"sha256:563893b40eb4fda3fbbbe856bcb7aefe2297248e84377ab212a941dfa6ef9893");
        let form_1 = Event { format: 1, ..form_2 };
        insta::assert_snapshot!(chain_hash(7, &form_1), @"sha256:bfcb8838cbf544f62de779745bc9ae46496eaa6e67002c1a7dbe70e4282d90ef");
    }
}
