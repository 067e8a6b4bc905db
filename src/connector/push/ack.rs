//! What the answer to a write acknowledges, and what it shows.

use serde_json::Value;

use super::super::Response;
use super::super::body::{self, Content, content, scalar};
use super::super::envelope::{self, Holds};
use super::super::exchange::{self, Again, Miss};
use super::super::run::Run;

/// Code of an answer without a body where one was promised.
pub(super) const EMPTY_ANSWER: &str = "empty-answer";

/// What an acknowledgement shows.
#[derive(Debug, Default)]
pub(in crate::connector) struct Ack {
    /// The target's key.
    pub id: Option<String>,
    /// The record as the target keeps it.
    pub shows: Option<Value>,
    /// The write made a record that was not there.
    pub made: bool,
    /// It was taken, and is not done yet.
    pub taken: bool,
}

/// The fields that were written as the target keeps them: as its record shows them, else as they were sent. Targets
/// trim, fold and round; what somebody else changed later is told from that.
pub(super) fn kept_as(sent: &Value, shows: Option<&Value>) -> Value {
    match (sent, shows) {
        (Value::Object(sent), Some(Value::Object(shows))) => {
            Value::Object(sent.iter().map(|(name, v)| (name.clone(), kept_as(v, shows.get(name)))).collect())
        }
        (Value::Object(_), _) | (_, None) => sent.clone(),
        (_, Some(shows)) => shows.clone(),
    }
}

/// Whether a 2xx answer to a write really acknowledges it, and what it shows.
pub(in crate::connector) fn acked(
    run: &Run<'_>,
    answers_json: bool,
    response: &Response,
    target_key: &str,
) -> Result<Ack, Miss> {
    let (made, taken) = (response.status == 201, response.status == 202);
    let body = match content(response) {
        // A proxy or a portal in the system's place: nobody knows whether the write ever came there.
        Content::Other if answers_json => {
            let why = "answered text where JSON was promised".to_owned();
            return Err(Miss::Again(Again::unknown("unexpected-answer", why)));
        }
        // Nothing where a record was promised: so answers who is broken, or somebody in the system's place.
        Content::Empty if answers_json && body::is_void(response) => {
            let why = "answered nothing where JSON was promised".to_owned();
            return Err(Miss::Again(Again::unknown(EMPTY_ANSWER, why)));
        }
        Content::Empty | Content::Other => return Ok(Ack { made, taken, ..Ack::default() }),
        Content::Broken(why) => return Err(Miss::Again(Again::unknown("unexpected-answer", why))),
        Content::Json(body) => body,
    };
    let direct = body.get(target_key).and_then(scalar);
    let holds = if direct.is_some() { Holds::Record } else { Holds::Nothing };
    if let Some(envelope) = envelope::find(&body, holds) {
        return Err(exchange::from_envelope(run, &run.target, response, envelope));
    }
    if direct.is_some() {
        return Ok(Ack { id: direct, shows: Some(body), made, taken });
    }
    // `{"data": {"id": …}}`: one wrapper around the record.
    let mut inner = body.as_object().into_iter().flat_map(|o| o.values()).filter_map(|v| Some((v, v.get(target_key)?)));
    let found = inner.find_map(|(record, id)| Some((record, scalar(id)?)));
    Ok(found.map_or(Ack { made, taken, ..Ack::default() }, |(record, id)| Ack {
        id: Some(id),
        shows: Some(record.clone()),
        made,
        taken,
    }))
}
