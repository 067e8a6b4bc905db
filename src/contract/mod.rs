//! Row 7: `integration.yaml`, the one reviewable file between two systems. [`parse`] reads it with positions; every
//! unknown key, duplicate key and wrong type is a finding with line and column. What the words mean against the two
//! API descriptions is for the checks.

mod approvals;
mod codes;
mod declared;
mod keys;
mod parse;
mod schema;
pub mod tables;

pub use approvals::{Approvals, Bar, Policy};
pub use codes::CODES;
pub use declared::{SCHEMES, declared};
pub use parse::{API_VERSION, parse};
pub use schema::json_schema;

use std::path::PathBuf;

use indexmap::IndexMap;
use serde_json::Value;

use crate::base::digest::Digest;
use crate::base::yaml::{Entry, Span, Spanned};
use crate::model::PageStyle;

/// The whole file.
#[derive(Debug, Clone)]
pub struct Contract {
    /// The file as the user named it.
    pub file: String,
    /// Its directory; paths in the file are relative to it.
    pub dir: PathBuf,
    /// Digest of its bytes: what approvals and drills are bound to.
    pub digest: Digest,
    /// Kebab-case name of the integration.
    pub name: Spanned<String>,
    /// What it is for.
    pub why: String,
    /// Who is paged.
    pub owner: String,
    /// The systems by the name used in the file.
    pub systems: IndexMap<String, SystemUse>,
    /// What must hold.
    pub constraints: Vec<Constraint>,
    /// The flows by name.
    pub flows: IndexMap<String, Flow>,
    /// Who must approve what, and through which channel.
    pub approvals: Approvals,
    /// Findings that somebody takes as they are, each with a reason.
    pub accepted: Vec<Accepted>,
    /// Paths of the value tables that were read from files of their own, relative to the contract; see [`tables::fill`].
    pub tables: Vec<String>,
}

/// One entry of `accepted`: a finding that somebody takes as it is. What it covers and what it cannot cover is for the
/// checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Where it stands.
    pub at: Span,
    /// The code of the finding.
    pub code: Spanned<String>,
    /// The place in this file: `flows.contacts.map.balance`, or the name of a flow or system.
    pub place: Spanned<String>,
    /// Why it is acceptable.
    pub because: String,
    /// The person who accepts it.
    pub by: String,
}

/// One entry of `systems`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemUse {
    /// Where the entry stands.
    pub at: Span,
    /// Path of the description, relative to the contract.
    pub api: Spanned<String>,
    /// Overlay documents applied to it, in order; paths relative to the contract.
    pub overlays: Vec<Spanned<String>>,
    /// Overrides the description's first server.
    pub base_url: Option<Spanned<String>>,
    /// How to authenticate.
    pub auth: Option<Auth>,
    /// The authority that the system's certificate must come from: `file:PATH`; nothing: one that this machine trusts.
    pub ca: Option<Spanned<String>>,
}

impl SystemUse {
    /// The description and its overlays as one name: `billing.yaml + fixes.yaml`.
    #[must_use]
    pub fn description(&self) -> String {
        self.overlays.iter().fold(self.api.value.clone(), |name, overlay| name + " + " + &overlay.value)
    }
}

/// How to authenticate. Texts are as written: whether they are references is for a check (law 8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auth {
    /// Where it stands.
    pub at: Span,
    /// Name of a security scheme of the description.
    pub scheme: Spanned<String>,
    /// Token or key: `env:NAME` or `file:PATH`. For basic authentication, the user name with an empty password.
    pub secret: Option<Spanned<String>>,
    /// Basic authentication: user name.
    pub username: Option<Spanned<String>>,
    /// Basic authentication: password.
    pub password: Option<Spanned<String>>,
    /// OAuth 2: client id.
    pub client_id: Option<Spanned<String>>,
    /// OAuth 2: client secret.
    pub client_secret: Option<Spanned<String>>,
    /// OAuth 2: the token that a person's consent gave, from which access tokens are made.
    pub refresh_token: Option<Spanned<String>>,
    /// OAuth 2: scopes asked for.
    pub scopes: Vec<Spanned<String>>,
    /// Mutual TLS: the client's certificate, with those above it.
    pub certificate: Option<Spanned<String>>,
    /// Mutual TLS: the certificate's private key.
    pub key: Option<Spanned<String>>,
    /// Header of a key that the description does not declare.
    pub header: Option<Spanned<String>>,
    /// Token URL that the description does not declare.
    pub token_url: Option<Spanned<String>>,
    /// Those that are sent together with it; none of them has others.
    pub also: Vec<Self>,
}

impl Auth {
    /// It and those that are sent together with it.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.also)
    }

    /// Every field that must be a reference, with its key, also of those that are sent together with it.
    pub fn secrets(&self) -> impl Iterator<Item = (&'static str, &Spanned<String>)> {
        self.all()
            .flat_map(|auth| {
                [
                    ("secret", &auth.secret),
                    ("username", &auth.username),
                    ("password", &auth.password),
                    ("client_id", &auth.client_id),
                    ("client_secret", &auth.client_secret),
                    ("refresh_token", &auth.refresh_token),
                    ("certificate", &auth.certificate),
                    ("key", &auth.key),
                ]
            })
            .filter_map(|(k, v)| v.as_ref().map(|v| (k, v)))
    }
}

/// How binding a constraint is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum ConstraintKind {
    /// Stated by a system or a rule; cannot be given up.
    Hard,
    /// Wanted; can be given up under pressure.
    Soft,
    /// Nobody said so yet; a human confirms it before anyone acts on it.
    Inferred,
}

impl ConstraintKind {
    /// `hard`, `soft`, `inferred`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
            Self::Inferred => "inferred",
        }
    }
}

/// One entry of `constraints`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// Where it stands.
    pub at: Span,
    /// Kebab-case handle.
    pub id: Spanned<String>,
    /// How binding.
    pub kind: ConstraintKind,
    /// What must hold, in words.
    pub says: String,
    /// Where it comes from: `system#/json/pointer`, a document, a person.
    pub origin: Option<Spanned<String>>,
    /// Who answers for it: a person or a team.
    pub owner: Option<Spanned<String>>,
    /// What it is about.
    pub binds: Binds,
}

/// What a constraint is about. A list that is left out leaves that side unbounded; nothing at all binds everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Binds {
    /// Names under `systems`.
    pub systems: Vec<Spanned<String>>,
    /// Names under `flows`.
    pub flows: Vec<Spanned<String>>,
    /// `system.path` of a field in a record of that system.
    pub fields: Vec<Spanned<String>>,
}

/// One flow from a source to a target.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub at: Span,
    /// Where records come from.
    pub source: Source,
    /// Where they go.
    pub target: Target,
    /// `map`, as written: target path to rule. The mapping room compiles it.
    pub map: Vec<Entry>,
    /// Where `map` stands.
    pub map_at: Span,
    /// Source fields left out on purpose.
    pub unmapped: Vec<Spanned<String>>,
    /// How records are delivered.
    pub delivery: Delivery,
    /// Target freshness and success promised.
    pub slo: Option<Slo>,
}

/// Where records come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Where it stands.
    pub at: Span,
    /// Name in `systems`.
    pub system: Spanned<String>,
    /// operationId or `METHOD /path` of a list or search; nothing where only a webhook brings records.
    pub operation: Option<Spanned<String>>,
    /// The file that is read instead of calling the operation, relative to the contract.
    pub file: Option<Spanned<String>>,
    /// The events that bring records; with an operation, that one sweeps up what was never delivered.
    pub webhook: Option<Webhook>,
    /// Milliseconds between polls or sweeps; nothing: run once.
    pub every_ms: Option<u64>,
    /// Field of the record that identifies it.
    pub key: Spanned<String>,
    /// How it is paged.
    pub paginate: Paginate,
    /// How only changes are read.
    pub incremental: Option<IncrementalClause>,
    /// How changes are followed by a token; never beside `incremental`.
    pub feed: Option<FeedClause>,
    /// Where `deletes` stands; `ignore` where it does not.
    pub deletes_at: Option<Span>,
    /// What happens to records that are deleted at the source.
    pub deletes: Deletes,
    /// Fixed values of parameters, by name.
    pub params: Vec<(Spanned<String>, Value)>,
}

/// What happens to records that are deleted at the source.
#[derive(Debug, Clone, PartialEq)]
pub enum Deletes {
    /// They stay in the target.
    Ignore,
    /// The source marks them.
    Tombstone {
        /// By this field; nothing: by the one that its description has for it.
        field: Option<Spanned<String>>,
        /// With this value; nothing: with any but false and none.
        is: Option<Spanned<String>>,
        /// The most that one pass deletes where the token of a feed was lost, in percent of those that the flow has written.
        max_share: f64,
    },
    /// They are not in its list any more.
    Sweep {
        /// The most that one pass deletes, in percent of those that the flow has written.
        max_share: f64,
    },
}

/// `delete`: what deletes a record of the target.
#[derive(Debug, Clone, PartialEq)]
pub struct DeleteClause {
    /// Where it stands.
    pub at: Span,
    /// The operation.
    pub operation: Spanned<String>,
    /// What is set instead, where records are not deleted but marked.
    pub set: Vec<(Spanned<String>, Value)>,
}

/// What happens when a record no longer fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drift {
    /// The flow stops at it.
    Freeze,
    /// It goes to the dead letters, and the others go on.
    Quarantine,
}

/// What happens while the target is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// Reading stops, and goes on from the checkpoint.
    Hold,
    /// Reading goes on; records are kept in the ledger and delivered in order later.
    Spool,
    /// Reading goes on; records go to the dead letters.
    Skip,
}

/// `webhook`: the source sends events to the connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Where it stands.
    pub at: Span,
    /// Name of a webhook or callback of the description.
    pub event: Spanned<String>,
    /// Path at which the connector receives it; begins with a slash.
    pub path: Spanned<String>,
    /// How an event is known to be the sender's; nothing: not at all, which no connector runs.
    pub verify: Option<Verify>,
    /// What tells one event from another; nothing: as the scheme has it.
    pub id: Option<EventId>,
    /// Dotted path of the record in the payload; nothing: the payload is the record.
    pub record: Option<Spanned<String>>,
    /// Field of the record that orders its changes.
    pub version: Option<Spanned<String>>,
}

/// Where the id of an event stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventId {
    /// At this dotted path of the payload.
    Field(Spanned<String>),
    /// In this header.
    Header(Spanned<String>),
}

/// `verify`: how an event is signed. Texts are as written: whether secrets are references is for a check (law 8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verify {
    /// Where it stands.
    pub at: Span,
    /// The scheme.
    pub scheme: SignatureScheme,
    /// The secret.
    pub secret: Spanned<String>,
    /// The secret before, while it is being replaced.
    pub previous: Option<Spanned<String>>,
    /// Header that carries the signature, where it is not the scheme's own.
    pub header: Option<Spanned<String>>,
    /// The signature is base64, not hex; for `hmac`.
    pub base64: bool,
    /// What stands before the signature in its header; for `hmac`.
    pub prefix: Option<Spanned<String>>,
    /// Header that carries the time of signing; for `hmac`, whose senders do not all sign one.
    pub timestamp: Option<Spanned<String>>,
    /// What is signed, with `{timestamp}` and `{body}`, each once; beside `timestamp`.
    pub signed: Option<Spanned<String>>,
    /// How far the time of signing may lie from now, in milliseconds.
    pub tolerance_ms: Option<u64>,
}

impl Verify {
    /// The time of signing is part of what is signed.
    #[must_use]
    pub const fn has_time(&self) -> bool {
        self.scheme.has_time() || self.timestamp.is_some()
    }

    /// Every field that must be a reference, with its key.
    pub fn secrets(&self) -> impl Iterator<Item = (&'static str, &Spanned<String>)> {
        std::iter::once(("secret", &self.secret)).chain(self.previous.as_ref().map(|p| ("previous", p)))
    }
}

/// How a webhook is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureScheme {
    /// Standard Webhooks 1.0: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
    StandardWebhooks,
    /// One header `t=…,v1=…`, as Stripe signs.
    Stripe,
    /// `sha256=…` in hex, as GitHub signs.
    Github,
    /// HMAC-SHA256 in a header, of the body alone or of a text that holds it and the time.
    Hmac,
}

impl SignatureScheme {
    /// As the contract writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StandardWebhooks => "standard-webhooks",
            Self::Stripe => "stripe",
            Self::Github => "github",
            Self::Hmac => "hmac",
        }
    }

    /// The time of signing is part of what is signed, whoever uses the scheme.
    #[must_use]
    pub const fn has_time(self) -> bool {
        matches!(self, Self::StandardWebhooks | Self::Stripe)
    }

    /// Several signatures may stand beside each other, one for each secret that is in use.
    #[must_use]
    pub const fn shows_several(self) -> bool {
        matches!(self, Self::StandardWebhooks | Self::Stripe)
    }

    /// The header that carries the signature, where the scheme says which.
    #[must_use]
    pub const fn header(self) -> Option<&'static str> {
        match self {
            Self::StandardWebhooks => Some("webhook-signature"),
            Self::Stripe => Some("stripe-signature"),
            Self::Github => Some("x-hub-signature-256"),
            Self::Hmac => None,
        }
    }

    /// The header that tells one event from another, where the scheme has one.
    #[must_use]
    pub const fn id_header(self) -> Option<&'static str> {
        match self {
            Self::StandardWebhooks => Some("webhook-id"),
            Self::Github => Some("x-github-delivery"),
            Self::Stripe | Self::Hmac => None,
        }
    }

    /// The field of the payload that tells one event from another, where the scheme has one.
    #[must_use]
    pub const fn id_field(self) -> Option<&'static str> {
        match self {
            Self::Stripe => Some("id"),
            Self::StandardWebhooks | Self::Github | Self::Hmac => None,
        }
    }
}

/// `incremental`: only what changed since the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncrementalClause {
    /// Where it stands.
    pub at: Span,
    /// Field of the record that orders changes.
    pub field: Spanned<String>,
    /// Query parameter that takes the lower bound.
    pub param: Spanned<String>,
    /// How far before the checkpoint each pass begins, in milliseconds: for records that are committed late.
    pub overlap_ms: Option<u64>,
}

/// `feed`: what changed since the list gave this token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedClause {
    /// Where it stands.
    pub at: Span,
    /// Where the answer gives the token.
    pub token: Spanned<String>,
    /// Query parameter that takes it; nothing: it is a URL.
    pub param: Option<Spanned<String>>,
}

/// `paginate`.
#[derive(Debug, Clone, PartialEq)]
pub enum Paginate {
    /// As the description says; this is the default.
    Auto,
    /// As the contract says.
    Explicit(ExplicitPages),
}

/// Pagination spelled out, where the description is silent or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplicitPages {
    /// Where it stands.
    pub at: Span,
    /// The style.
    pub style: PageStyle,
    /// Parameter that carries cursor, page or offset.
    pub param: Option<Spanned<String>>,
    /// Parameter that carries the page size.
    pub limit_param: Option<Spanned<String>>,
    /// Page size to ask for.
    pub limit: Option<u64>,
    /// Dotted path of the next cursor or link in the answer.
    pub next: Option<Spanned<String>>,
    /// Dotted path of the records in the answer.
    pub items: Option<Spanned<String>>,
}

/// Where records go.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Where it stands.
    pub at: Span,
    /// Name in `systems`.
    pub system: Spanned<String>,
    /// How a record is written.
    pub write: Write,
    /// What deletes a record.
    pub delete: Option<DeleteClause>,
    /// Fixed values of parameters, by name.
    pub params: Vec<(Spanned<String>, Value)>,
}

impl Target {
    /// Every operation it names, with the key it is named under.
    #[must_use]
    pub fn operations(&self) -> Vec<(&'static str, &Spanned<String>)> {
        let mut all = self.write.operations();
        all.extend(self.delete.as_ref().map(|d| ("delete", &d.operation)));
        all
    }
}

/// How a record is written so that it can be written again (law 2).
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Find by natural key, then create or update.
    Upsert {
        /// Target field that is the natural key; it must be mapped.
        matching: Spanned<String>,
        /// Search or list operation that takes it.
        find: Spanned<String>,
        /// Create operation.
        create: Spanned<String>,
        /// Update operation.
        update: Spanned<String>,
        /// Idempotency key header of the create operation, where it has one.
        idempotency: Option<Spanned<String>>,
    },
    /// PUT to a key the client chooses.
    Put {
        /// The operation.
        operation: Spanned<String>,
        /// Target field that fills the last path parameter.
        key: Option<Spanned<String>>,
    },
    /// Many records in one request; the target finds each by its natural key and updates or creates it.
    Bulk {
        /// The operation.
        operation: Spanned<String>,
        /// Target field that is the natural key; it must be mapped.
        key: Spanned<String>,
        /// Most records in one request; nothing: 100, or what the description states where that is less.
        size: Option<u64>,
    },
    /// Create once.
    Create {
        /// The operation.
        operation: Spanned<String>,
        /// Header that carries the idempotency key.
        idempotency: Option<Spanned<String>>,
        /// Who accepts duplicates, where nothing else protects.
        duplicates_accepted_by: Option<Spanned<String>>,
    },
}

impl Write {
    /// Every operation it names, with the key it is named under.
    #[must_use]
    pub fn operations(&self) -> Vec<(&'static str, &Spanned<String>)> {
        match self {
            Self::Upsert { find, create, update, .. } => vec![("find", find), ("create", create), ("update", update)],
            Self::Put { operation, .. } => vec![("put", operation)],
            Self::Bulk { operation, .. } => vec![("bulk", operation)],
            Self::Create { operation, .. } => vec![("create", operation)],
        }
    }
}

/// Which records keep their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// None; up to eight at once.
    None,
    /// Records of one key; different keys up to eight at once.
    PerKey,
    /// All; one at a time.
    Total,
}

/// How records are delivered. Every field has a safe default.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Where it stands; zero where it is left out.
    pub at: Span,
    /// Which records keep their order.
    pub order: Order,
    /// When and how often a request is sent again.
    pub retry: Retry,
    /// For one request as a whole, in milliseconds.
    pub timeout_ms: u64,
    /// Until there is a connection, in milliseconds; nothing: as the transport has it.
    pub connect_ms: Option<u64>,
    /// Until an answer begins, in milliseconds; nothing: as for the whole.
    pub first_byte_ms: Option<u64>,
    /// The most requests to the target.
    pub rate: Option<Spanned<Rate>>,
    /// When to leave the target alone.
    pub breaker: Option<Breaker>,
    /// Dead letters that raise an alert.
    pub alert_at: u64,
    /// What happens when a record no longer fits.
    pub drift: Drift,
    /// What happens while the target is down.
    pub fallback: Fallback,
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            at: Span::default(),
            order: Order::PerKey,
            retry: Retry::default(),
            timeout_ms: 10_000,
            connect_ms: None,
            first_byte_ms: None,
            rate: None,
            breaker: Some(Breaker::default()),
            alert_at: 1,
            drift: Drift::Quarantine,
            fallback: Fallback::Hold,
        }
    }
}

/// Exponential backoff; full jitter after the AWS Builders' Library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// Where it stands; zero where it is left out.
    pub at: Span,
    /// Attempts in all, the first included.
    pub attempts: u32,
    /// First wait, in milliseconds.
    pub base_ms: u64,
    /// Longest wait of our own, in milliseconds.
    pub cap_ms: u64,
    /// Draw each wait from zero to its bound.
    pub full_jitter: bool,
    /// Wait as long as the server says (RFC 9110 section 10.2.3).
    pub honor_retry_after: bool,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            at: Span::default(),
            attempts: 5,
            base_ms: 500,
            cap_ms: 60_000,
            full_jitter: true,
            honor_retry_after: true,
        }
    }
}

/// So many requests in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests…
    pub requests: u64,
    /// …in this many milliseconds.
    pub window_ms: u64,
}

/// Circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    /// Failures in a row that open it.
    pub open_after: u32,
    /// Milliseconds between probes while it is open.
    pub probe_every_ms: u64,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { open_after: 5, probe_every_ms: 30_000 }
    }
}

/// What is promised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slo {
    /// A change is in the target within this many milliseconds.
    pub freshness_ms: Option<u64>,
    /// Percent of records delivered.
    pub success: Option<f64>,
}
