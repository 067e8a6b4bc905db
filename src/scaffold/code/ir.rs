//! A connector as code generators see it: every operation, policy and rule looked up, and no word of any language. [`Expr`] is what is
//! printed; the records of a plan become expressions by their names.

use serde::Serialize;
use serde_json::Value;

/// Something that can be written in any of the languages.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A JSON value.
    Value(Value),
    /// Something that was named before: `t.trim`.
    Name(String),
    /// Several in a row.
    List(Vec<Self>),
    /// A call of a function, with arguments by place and by name.
    Call(String, Vec<Self>, Vec<(String, Self)>),
    /// A record of this type.
    Record(String, Vec<(String, Self)>),
}

impl Expr {
    /// A text.
    pub(super) fn text(text: &str) -> Self {
        Self::Value(Value::String(text.to_owned()))
    }

    /// Of a serialised plan: objects that carry `$type` are records, `$name` stands for itself, what is null is left out.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Array(items) => Self::List(items.iter().map(Self::of).collect()),
            Value::Object(map) => {
                if let Some(name) = map.get("$name").and_then(Value::as_str) {
                    return Self::Name(name.to_owned());
                }
                let Some(kind) = map.get("$type").and_then(Value::as_str) else { return Self::Value(value.clone()) };
                let fields = map.iter().filter(|(name, v)| *name != "$type" && !v.is_null());
                Self::Record(kind.to_owned(), fields.map(|(name, v)| (name.clone(), Self::of(v))).collect())
            }
            other => Self::Value(other.clone()),
        }
    }
}

/// A connector: an integration with all its flows.
#[derive(Debug, Clone)]
pub struct Connector {
    /// The systems that its flows name.
    pub systems: Vec<System>,
    /// Its flows, with their rules.
    pub flows: Vec<(Flow, crate::mapping::Mapping)>,
}

/// A reference to a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "$type")]
pub struct Secret {
    /// `env` or `file`.
    pub kind: &'static str,
    /// Variable or path.
    pub name: String,
}

/// How a system is told who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "$type")]
pub struct Auth {
    /// none, bearer, basic, header_key, query_key, client_credentials or refresh_token.
    pub kind: &'static str,
    /// Token or key.
    pub secret: Option<Secret>,
    /// Of basic authentication.
    pub username: Option<Secret>,
    /// Of basic authentication.
    pub password: Option<Secret>,
    /// Header or parameter of a key.
    pub name: Option<String>,
    /// Where tokens are handed out.
    pub token_url: Option<String>,
    /// Of whoever asks for tokens.
    pub client_id: Option<Secret>,
    /// Of whoever asks for tokens; a public client has none.
    pub client_secret: Option<Secret>,
    /// What a person's consent gave.
    pub refresh_token: Option<Secret>,
    /// Asked for.
    pub scopes: Option<Vec<String>>,
}

/// A platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "$type")]
pub struct System {
    /// Its name in the contract.
    pub name: String,
    /// What its variables begin with: `CRM`.
    pub env: String,
    /// Its address.
    pub base_url: String,
    /// Its credential.
    pub auth: Auth,
}

/// At most so many requests in a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "$type")]
pub struct Rate {
    /// The most.
    pub requests: u64,
    /// The window.
    pub window_ms: u64,
}

/// A parameter with a fixed value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "$type")]
pub struct Param {
    /// Its name.
    pub name: String,
    /// path, query or header.
    pub place: &'static str,
    /// Its value.
    pub value: String,
}

/// An operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "$type")]
pub struct Call {
    /// For logs.
    pub id: String,
    /// Its method.
    pub method: String,
    /// Its path, with placeholders.
    pub path: String,
    /// Of what it sends, where it is not JSON.
    pub content_type: Option<String>,
    /// What the contract fixes.
    pub params: Option<Vec<Param>>,
    /// Its success is described as JSON: anything else is not the system's answer.
    pub answers_json: Option<bool>,
}

/// How pages follow each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "$type")]
pub struct Paging {
    /// cursor, page, offset, link_header or link_body.
    pub style: &'static str,
    /// Parameter of cursor, page or offset.
    pub param: Option<String>,
    /// Parameter of the page size.
    pub limit_param: Option<String>,
    /// The page size.
    pub limit: Option<u64>,
    /// Path of the next cursor or link.
    pub next: Option<Vec<String>>,
    /// Field of the last record that is the next cursor.
    pub last_item: Option<String>,
    /// Path of the flag that more follows.
    pub more: Option<Vec<String>>,
    /// Path of the number of all records.
    pub total: Option<Vec<String>>,
    /// Number of the first page, where it is not 1.
    pub first_page: Option<u64>,
}

/// How a sender signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "$type")]
pub struct Signing {
    /// standard-webhooks, stripe, github or hmac.
    pub scheme: &'static str,
    /// In lower case.
    pub header: String,
    /// Any of them will do, so that one can be replaced by the next.
    pub secrets: Vec<Secret>,
    /// Of hmac: not hex.
    pub base64: Option<bool>,
    /// Of hmac: what stands before the signature.
    pub prefix: Option<String>,
    /// Of hmac: header with the time of signing, in lower case.
    pub timestamp: Option<String>,
    /// Of hmac with a time: what is signed, with `{timestamp}` and `{body}`.
    pub signed: Option<String>,
    /// Between the time of signing and now.
    pub tolerance_ms: Option<u64>,
}

/// What tells an event from others at the same path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "$type")]
pub struct Tell {
    /// header or field.
    pub place: &'static str,
    /// Its name.
    pub name: String,
    /// What stands there.
    pub values: Vec<String>,
}

/// An event as it is received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "$type")]
pub struct Webhook {
    /// Its name.
    pub event: String,
    /// At which it is received.
    pub path: String,
    /// How it is signed.
    pub signing: Signing,
    /// Header of its id, in lower case.
    pub id_header: Option<String>,
    /// Path of its id in the payload.
    pub id_field: Option<Vec<String>>,
    /// Path of the record in the payload.
    pub record: Option<Vec<String>>,
    /// Path in the record of what orders its changes.
    pub version: Option<Vec<String>>,
    /// What tells it from others.
    pub tells: Option<Vec<Tell>>,
}

/// Where records come from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "$type")]
pub struct Source {
    /// The system: `{"$name": …}`.
    pub system: Value,
    /// The list operation; beside a webhook, the sweep.
    pub list: Option<Call>,
    /// Path of the key.
    pub key: Vec<String>,
    /// Path of the records in the answer.
    pub items: Option<Vec<String>>,
    /// Path of the record in each item.
    pub inside: Option<Vec<String>>,
    /// How it is paged.
    pub paging: Option<Paging>,
    /// Path of the field that orders changes.
    pub changed: Option<Vec<String>>,
    /// Parameter of the lower bound.
    pub since: Option<String>,
    /// The most requests.
    pub rate: Option<Rate>,
    /// The event that brings records.
    pub webhook: Option<Webhook>,
}

/// How a record is written.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "$type")]
#[expect(clippy::large_enum_variant, reason = "there is one per flow")]
pub enum Write {
    /// Find, then update or create.
    #[serde(rename_all = "snake_case")]
    Upsert {
        /// Path of the natural key.
        r#match: Vec<String>,
        /// The search.
        find: Call,
        /// Its parameter.
        find_param: String,
        /// Path of its records.
        find_items: Vec<String>,
        /// Creates.
        create: Call,
        /// Updates.
        update: Call,
        /// Key of a target record.
        target_key: String,
        /// How the search is paged.
        find_paging: Option<Paging>,
        /// Header of the key of an effect.
        idempotency: Option<String>,
    },
    /// Put to an address.
    Put {
        /// The operation.
        put: Call,
        /// Path of what fills it.
        key: Option<Vec<String>>,
    },
    /// Create once.
    Create {
        /// The operation.
        create: Call,
        /// Header of the key of an effect.
        idempotency: Option<String>,
    },
    /// Many in one request.
    Bulk {
        /// The operation.
        write: Call,
        /// Path of the records.
        records: Vec<String>,
        /// Path of the results.
        results: Vec<String>,
        /// Path of the natural key.
        key: Vec<String>,
        /// The most in one request.
        size: u64,
        /// Field of a result that repeats the key.
        result_key: Option<String>,
    },
}

/// Where records go.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "$type")]
pub struct Target {
    /// The system: `{"$name": …}`.
    pub system: Value,
    /// How.
    pub write: Write,
    /// The most requests.
    pub rate: Option<Rate>,
}

/// When a target is left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "$type")]
pub struct Breaker {
    /// Failures in a row.
    pub open_after: u32,
    /// Between probes.
    pub probe_every_ms: u64,
}

/// How records are delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "$type")]
pub struct Delivery {
    /// In all.
    pub attempts: u32,
    /// First wait.
    pub base_ms: u64,
    /// Longest wait.
    pub cap_ms: u64,
    /// Of a whole answer.
    pub timeout_ms: u64,
    /// Waits are drawn from zero on.
    pub full_jitter: bool,
    /// The server's word counts.
    pub honor_retry_after: bool,
    /// When a target is left alone.
    pub breaker: Option<Breaker>,
}

/// A flow.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "$type")]
pub struct Flow {
    /// Its name.
    pub name: String,
    /// Name of its mapping: an identifier in every language.
    pub mapping: String,
    /// Where records come from.
    pub source: Source,
    /// Where they go.
    pub target: Target,
    /// How.
    pub delivery: Delivery,
    /// Between polls.
    pub every_ms: Option<u64>,
}

/// An identifier in every language, from a name: `tills-to-books` is `tills_to_books`.
#[must_use]
pub fn identifier(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if plain.starts_with(|c: char| c.is_ascii_digit()) { format!("n{plain}") } else { plain }
}
