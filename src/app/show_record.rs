//! One record whole: what it says, what came in, what was answered, where it came from.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Call, No, Refusal};
use crate::base::digest::Digest;
use crate::evidence::{Event, Keep, Query, Store, WHY, chain_hash, who};

/// One record whole.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct RecordOut {
    /// What the log holds.
    #[serde(flatten)]
    pub event: EventWhole,
    /// What was recorded for later computation; nothing where it was dropped.
    pub data: Option<Value>,
    /// Input and answer.
    pub input: TextOut,
    /// What was answered.
    pub output: TextOut,
    /// Whether the hash is that of the content: "fits", or what is wrong.
    pub proof: String,
}

/// The fields of a record.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct EventWhole {
    /// Position in the log.
    pub seq: u64,
    /// When.
    pub at: String,
    /// The WHO tag.
    pub who: String,
    /// The WHY tag.
    pub why: String,
    /// The session.
    pub session: Option<String>,
    /// map, contract, connect or validate.
    pub phase: String,
    /// What happened.
    pub kind: String,
    /// The tool or command.
    pub tool: String,
    /// By which client.
    pub client: String,
    /// As whom.
    pub principal: Option<String>,
    /// By which MCP protocol.
    pub protocol: Option<String>,
    /// Within which trace.
    pub traceparent: Option<String>,
    /// The record that brought it about.
    pub parent: Option<u64>,
    /// ok, refused or fault.
    pub outcome: String,
    /// One line.
    pub summary: String,
    /// Form of the hash.
    pub format: u8,
    /// Hash of the record before.
    pub prev: String,
    /// Hash of this record.
    pub hash: String,
}

/// A text under its digest.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct TextOut {
    /// Its digest.
    pub digest: String,
    /// The JSON; nothing where it is not there, or too long for this answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json: Option<Value>,
    /// Why it is not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// The record with this number, if the caller may see it.
///
/// # Errors
/// `unknown-record`, and faults of the store.
pub(super) fn show(call: &Call<'_>, store: &dyn Store, seq: u64) -> Result<RecordOut, No> {
    let query = Query {
        principal: call.face.principal().map(str::to_owned),
        after: Some(seq.saturating_sub(1)),
        limit: 1,
        ..Query::default()
    };
    let found = store.query(&query)?.events.into_iter().find(|e| e.seq == seq);
    let Some(record) = found else {
        let head = store.head()?.seq;
        return Err(Refusal::new(
            "unknown-record",
            format!("no record {seq} for you in this store, which goes up to {head}"),
            "query_evidence {\"session\": \"ID\"} lists the records of a session with their numbers",
        )
        .into());
    };
    let mut room = call.face.budget().saturating_sub(record.event.data.to_string().chars().count());
    let input = text(store, &record, &record.event.input, &mut room)?;
    let output = text(store, &record, &record.event.output, &mut room)?;
    Ok(whole(record, input, output))
}

/// The text under `digest`, as far as there is room for it.
fn text(store: &dyn Store, record: &Event, digest: &Digest, room: &mut usize) -> Result<TextOut, No> {
    let out = |json, because: Option<&str>| TextOut {
        digest: digest.as_str().to_owned(),
        json,
        because: because.map(str::to_owned),
    };
    Ok(match store.blob(digest)? {
        Some(text) if text.chars().count() > *room => {
            out(None, Some("too long for this answer; `platform-integration evidence show` prints it"))
        }
        Some(text) => {
            *room = room.saturating_sub(text.chars().count());
            out(serde_json::from_str(&text).ok(), None)
        }
        None if record.format == 1 => out(None, Some("recorded by a version that kept digests alone")),
        None if record.event.kind.keep() == Keep::All => out(None, Some("it was removed; run `evidence verify`")),
        None => out(None, Some("dropped by the rule of retention")),
    })
}

fn whole(record: Event, input: TextOut, output: TextOut) -> RecordOut {
    let fits = chain_hash(record.seq, &record) == record.hash;
    let Event { seq, event, prev, hash, format, data_digest: _, dropped } = record;
    RecordOut {
        event: EventWhole {
            seq,
            at: event.at.rfc3339(),
            who: who(event.session.as_deref()),
            why: WHY.to_owned(),
            session: event.session,
            phase: event.phase.as_str().to_owned(),
            kind: event.kind.as_str().to_owned(),
            tool: event.tool,
            client: event.client,
            principal: event.provenance.principal,
            protocol: event.provenance.protocol,
            traceparent: event.provenance.traceparent,
            parent: event.provenance.parent,
            outcome: event.outcome.as_str().to_owned(),
            summary: event.summary,
            format,
            prev,
            hash,
        },
        data: (!dropped).then_some(event.data),
        input,
        output,
        proof: if fits { "fits".to_owned() } else { "altered: the content has another hash".to_owned() },
    }
}
