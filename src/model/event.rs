//! What a system sends by itself: webhooks and callbacks.

use serde_json::Value;

use super::{ParamIn, Parameter, SchemaId, Schemas};

/// One kind of message that a system sends to an address of ours.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Event {
    /// Its name in the description; of two with one name, the later is `operationId.name`.
    pub name: String,
    /// Cleaned, at most 160 characters.
    pub summary: String,
    /// Schema of the payload, if any.
    pub payload: Option<SchemaId>,
    /// Documented headers that come with it.
    pub headers: Vec<Parameter>,
    /// Where it was read.
    pub pointer: String,
}

/// A place in a delivery that tells which event it is, and what stands there.
#[derive(Debug, Clone, PartialEq)]
pub struct Tell {
    /// A header (lower case) or a field at the top of the payload.
    pub place: TellPlace,
    /// What stands there for this event, as text.
    pub values: Vec<String>,
}

/// See [`Tell`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TellPlace {
    /// A header, in lower case.
    Header(String),
    /// A field of the payload.
    Field(String),
}

impl Event {
    /// Where a delivery says that it is this event and no other at the same address: required headers and fields at the
    /// top of the payload of which the description states the one value, or the few.
    #[must_use]
    pub fn tells(&self, schemas: &Schemas) -> Vec<Tell> {
        let texts = |id: SchemaId| -> Option<Vec<String>> {
            let values = schemas.get(id).values.as_ref()?;
            let texts: Vec<String> = values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            (!texts.is_empty() && texts.len() == values.len() && texts.len() <= 3).then_some(texts)
        };
        let headers = self.headers.iter().filter(|p| p.place == ParamIn::Header && p.required).filter_map(|p| {
            Some(Tell { place: TellPlace::Header(p.name.to_ascii_lowercase()), values: texts(p.schema?)? })
        });
        let named = |name: &str| {
            let name = name.to_ascii_lowercase();
            ["type", "event", "event_type", "eventtype", "event_name", "eventname", "topic", "action", "kind"]
                .contains(&name.as_str())
        };
        let fields = self.payload.into_iter().flat_map(|payload| {
            let fields = schemas.properties(payload).into_iter().filter(|(name, _)| named(name));
            fields.filter_map(|(name, id)| Some(Tell { place: TellPlace::Field(name.to_owned()), values: texts(id)? }))
        });
        headers.chain(fields).collect()
    }
}
