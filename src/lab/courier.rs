//! What a source sends by itself: events, as its webhook delivers them. At least once, in any order, and among them what
//! others send in its name.

use serde_json::Value;

use super::bench::Bench;
use super::mock::put;
use crate::base::clock::Timestamp;
use crate::base::rng::Rng;
use crate::connector::{HookPlan, IdPlan, Request};
use crate::model::{Direction, Method, TellPlace, sample};

/// Where the connector is reached; nothing listens there.
const RECEIVER: &str = "https://receiver.example";

/// Changes what is about to be delivered at the start of a run; counts starts from 0.
pub type Courier = Box<dyn FnMut(&Bench, usize, &mut Vec<Delivery>, &mut Rng) + Send>;

/// How a delivery is made.
#[derive(Debug, Clone, PartialEq)]
pub enum How {
    /// By the source, signed when it is sent.
    Genuine,
    /// By somebody else, without a signature.
    Unsigned,
    /// By somebody else, with a secret of their own.
    OtherSecret,
    /// Signed by the source, then changed on the way to this payload.
    Altered(Value),
    /// Signed by the source so many milliseconds before now; negative: after.
    Replayed(i64),
}

impl How {
    /// One lower-case word.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Genuine => "genuine",
            Self::Unsigned => "unsigned",
            Self::OtherSecret => "other-secret",
            Self::Altered(_) => "altered",
            Self::Replayed(_) => "replayed",
        }
    }
}

/// An event on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Its id.
    pub id: String,
    /// Key of the record it is about.
    pub key: String,
    /// Its payload.
    pub payload: Value,
    /// How it is made.
    pub how: How,
}

impl Delivery {
    /// An event about a record, as the source sends it.
    #[must_use]
    pub fn of(bench: &Bench, hook: &HookPlan, id: String, record: Value, rng: &mut Rng) -> Self {
        let system = &bench.source.system;
        let schema = system.event(&hook.event).and_then(|e| e.payload);
        let mut payload = schema.map_or_else(
            || Value::Object(serde_json::Map::new()),
            |schema| sample::sample(&system.schemas, schema, rng, Direction::Response),
        );
        let key = bench.source_key(&record).unwrap_or_default();
        put(&mut payload, &hook.record, record);
        for tell in &hook.tells {
            if let (TellPlace::Field(name), Some(value)) = (&tell.place, tell.values.first()) {
                put(&mut payload, std::slice::from_ref(name), Value::String(value.clone()));
            }
        }
        if let IdPlan::Field(path) = &hook.id {
            put(&mut payload, path, Value::String(id.clone()));
        }
        Self { id, key, payload, how: How::Genuine }
    }

    /// The request that carries it, sent now.
    #[must_use]
    pub fn request(&self, hook: &HookPlan, secret: &str, now: Timestamp) -> Request {
        let bytes = |payload: &Value| bytes::Bytes::from(payload.to_string());
        let (body, at) = (bytes(&self.payload), now);
        let at = if let How::Replayed(ago) = self.how { at.plus_ms(-ago) } else { at };
        // Of the same form as the true one, so that it is refused for what it signs.
        let other: String = secret.chars().rev().collect();
        let other = if hook.signing.takes(&other) {
            other
        } else {
            "whsec_bm90IHRoZSBzZWNyZXQgb2YgdGhlIHNlbmRlcg==".to_owned()
        };
        let secret = if self.how == How::OtherSecret { other.as_str() } else { secret };
        let mut headers = hook.signing.sign(secret, &self.id, &body, at).unwrap_or_default();
        if self.how == How::Unsigned {
            headers.retain(|(name, _)| *name != hook.signing.header);
        }
        if let IdPlan::Header(name) = &hook.id
            && !headers.iter().any(|(n, _)| n == name)
        {
            headers.push((name.clone(), self.id.clone()));
        }
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        for tell in &hook.tells {
            if let (TellPlace::Header(name), Some(value)) = (&tell.place, tell.values.first()) {
                headers.push((name.clone(), value.clone()));
            }
        }
        let body = if let How::Altered(payload) = &self.how { bytes(payload) } else { body };
        Request { method: Method::Post, url: format!("{RECEIVER}{}", hook.path), headers, body }
    }
}

/// One attempt at a delivery and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivered {
    /// During which start of the connector, from 1.
    pub run: usize,
    /// When it was sent.
    pub at: Timestamp,
    /// When the answer came.
    pub ended: Option<Timestamp>,
    /// What was sent.
    pub delivery: Delivery,
    /// The answer; nothing where none came.
    pub status: Option<u16>,
}

impl Delivered {
    /// The connector said that it has it.
    #[must_use]
    pub fn acknowledged(&self) -> bool {
        self.status.is_some_and(|s| (200..300).contains(&s))
    }

    /// It was the source that sent it, now.
    #[must_use]
    pub fn is_genuine(&self) -> bool {
        self.delivery.how == How::Genuine
    }
}
