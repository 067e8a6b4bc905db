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
    /// By the source, signed with the secret before the one it has now.
    PreviousSecret,
    /// By the source, whose clock shows so many milliseconds more than the true time, within what the contract tolerates.
    Skewed(i64),
    /// By the source, as bytes that no two writers of JSON would make alike; signed as they are.
    Spaced,
    /// Signed by the source, then written anew on the way: the same JSON in other bytes.
    Respaced,
    /// By somebody else, with a secret of their own and so many bytes.
    Huge(usize),
    /// Signed by the source, and sent to another path.
    Elsewhere,
    /// Signed by the source, and cut short: its first characters alone.
    CutSignature,
    /// Signed by the source, with one character near the end changed.
    OffSignature,
    /// By the source, of another kind of event.
    OtherEvent,
    /// By the source, which shows two signatures: by a secret that nobody here knows yet, and by the one it has now.
    TwoSignatures,
}

impl How {
    /// It is the source that sends it, now, and to the right place.
    #[must_use]
    pub const fn is_genuine(&self) -> bool {
        matches!(self, Self::Genuine | Self::PreviousSecret | Self::Skewed(_) | Self::Spaced | Self::TwoSignatures)
    }

    /// One lower-case word.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Genuine => "genuine",
            Self::Unsigned => "unsigned",
            Self::OtherSecret => "other-secret",
            Self::Altered(_) => "altered",
            Self::Replayed(_) => "replayed",
            Self::PreviousSecret => "previous-secret",
            Self::Skewed(_) => "skewed",
            Self::Spaced => "spaced",
            Self::Respaced => "respaced",
            Self::Huge(_) => "huge",
            Self::Elsewhere => "elsewhere",
            Self::CutSignature => "cut-signature",
            Self::OffSignature => "off-signature",
            Self::OtherEvent => "other-event",
            Self::TwoSignatures => "two-signatures",
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

    /// The same event, sent another way.
    #[must_use]
    pub fn sent(mut self, how: How) -> Self {
        self.how = how;
        self
    }

    /// The same as an event of another kind, which says so wherever the description tells events apart.
    #[must_use]
    pub fn of_other_kind(mut self, hook: &HookPlan) -> Self {
        for tell in &hook.tells {
            if let TellPlace::Field(name) = &tell.place {
                put(&mut self.payload, std::slice::from_ref(name), Value::String(OTHER_EVENT.to_owned()));
            }
        }
        self.how = How::OtherEvent;
        self
    }

    /// The request that carries it, sent now.
    #[must_use]
    pub fn request(&self, hook: &HookPlan, secrets: &[String], now: Timestamp) -> Request {
        let bytes = |payload: &Value| bytes::Bytes::from(payload.to_string());
        let body = match self.how {
            How::Spaced => spaced(&self.payload),
            How::Huge(size) => " ".repeat(size).into(),
            _ => bytes(&self.payload),
        };
        let at = match self.how {
            How::Replayed(ago) => now.plus_ms(-ago),
            How::Skewed(ms) => now.plus_ms(ms),
            _ => now,
        };
        let secret = secrets.first().map_or("", String::as_str);
        let previous = secrets.get(1).map_or(secret, String::as_str);
        // Of the same form as the true one, so that it is refused for what it signs.
        let other: String = secret.chars().rev().collect();
        let other = if hook.signing.takes(&other) {
            other
        } else {
            "whsec_bm90IHRoZSBzZWNyZXQgb2YgdGhlIHNlbmRlcg==".to_owned()
        };
        let secret = match self.how {
            How::OtherSecret | How::Huge(_) => other.as_str(),
            How::PreviousSecret => previous,
            _ => secret,
        };
        let mut headers = hook.signing.sign(secret, &self.id, &body, at).unwrap_or_default();
        if self.how == How::TwoSignatures {
            let unknown = hook.signing.sign(&other, &self.id, &body, at).unwrap_or_default();
            headers = hook.signing.beside_each_other(&unknown, &headers);
        }
        if self.how == How::Unsigned {
            headers.retain(|(name, _)| *name != hook.signing.header);
        }
        if matches!(self.how, How::CutSignature | How::OffSignature) {
            for (_, value) in headers.iter_mut().filter(|(name, _)| *name == hook.signing.header) {
                *value = spoiled(value, self.how == How::CutSignature);
            }
        }
        if let IdPlan::Header(name) = &hook.id
            && !headers.iter().any(|(n, _)| n == name)
        {
            headers.push((name.clone(), self.id.clone()));
        }
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        for tell in &hook.tells {
            if let (TellPlace::Header(name), Some(value)) = (&tell.place, tell.values.first()) {
                let value = if self.how == How::OtherEvent { OTHER_EVENT } else { value };
                headers.push((name.clone(), value.to_owned()));
            }
        }
        let body = match &self.how {
            How::Altered(payload) => bytes(payload),
            How::Respaced => spaced(&self.payload),
            _ => body,
        };
        let path = if self.how == How::Elsewhere { format!("{}/elsewhere", hook.path) } else { hook.path.clone() };
        Request { method: Method::Post, url: format!("{RECEIVER}{path}"), headers, body }
    }

    /// Of a forgery, made now as this request, the code that its signature would have had to be: whoever is told it has forged.
    #[must_use]
    pub fn needed(&self, hook: &HookPlan, secrets: &[String], request: &Request, now: Timestamp) -> Option<String> {
        let forged = match self.how {
            How::Unsigned | How::OtherSecret | How::Altered(_) | How::Respaced | How::Huge(_) => true,
            How::CutSignature | How::OffSignature => true,
            // What these carry is signed as it should be.
            How::Replayed(_) | How::Elsewhere => false,
            How::Genuine
            | How::PreviousSecret
            | How::Skewed(_)
            | How::Spaced
            | How::OtherEvent
            | How::TwoSignatures => false,
        };
        let signed =
            forged.then(|| hook.signing.sign(secrets.first()?, &self.id, &request.body, now).ok()).flatten()?;
        let (_, value) = signed.iter().find(|(name, _)| *name == hook.signing.header)?;
        Some(code_in(value).1.to_owned())
    }
}

/// What an event of another kind is called.
const OTHER_EVENT: &str = "other.event";

/// A signature that is no signature any more: its first eight characters, or all with one near the end exchanged.
fn spoiled(value: &str, cut: bool) -> String {
    let (start, code) = code_in(value);
    if cut {
        return value.chars().take(start + 8).collect();
    }
    let at = (start + code.len()).saturating_sub(5).max(start);
    let other = |c: char| if c == '0' { '1' } else { '0' };
    value.char_indices().map(|(i, c)| if i == at { other(c) } else { c }).collect()
}

/// Where the code begins in a header with a signature, and the code, without what fills base64 up.
fn code_in(value: &str) -> (usize, &str) {
    let code = value.trim_end_matches('=');
    let start = code.rfind([',', '=', ' ']).map_or(0, |at| at + 1);
    (start, code.get(start..).unwrap_or_default())
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
    /// What the answer says, as far as it is short; of a program of somebody's own.
    pub said: Vec<u8>,
    /// See [`Delivery::needed`].
    pub needed: Option<String>,
}

impl Delivered {
    /// The connector said that it has it.
    #[must_use]
    pub fn acknowledged(&self) -> bool {
        self.status.is_some_and(|s| (200..300).contains(&s))
    }

    /// It was the source that sent it, now.
    #[must_use]
    pub const fn is_genuine(&self) -> bool {
        self.delivery.how.is_genuine()
    }
}

/// The same JSON with white space that means nothing.
fn spaced(payload: &Value) -> bytes::Bytes {
    let text = serde_json::to_string_pretty(payload).unwrap_or_default();
    format!("{text}\n").into()
}
