//! Operations and what they need: parameters, bodies, security, pages, limits, idempotency.

use super::{Basis, RootField, SchemaId};
use crate::base::text::{singular, words};

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Safe, idempotent.
    Get,
    /// Idempotent.
    Put,
    /// Neither safe nor idempotent.
    Post,
    /// Not idempotent by itself (RFC 5789).
    Patch,
    /// Idempotent.
    Delete,
    /// Safe, idempotent.
    Head,
    /// Safe, idempotent.
    Options,
    /// Safe, idempotent.
    Trace,
    /// Safe, idempotent, with a body (the HTTP QUERY method; OpenAPI 3.2).
    Query,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Get,
        Self::Put,
        Self::Post,
        Self::Patch,
        Self::Delete,
        Self::Head,
        Self::Options,
        Self::Trace,
        Self::Query,
    ];

    /// `GET` …
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Trace => "TRACE",
            Self::Query => "QUERY",
        }
    }

    /// Reads `get`, `GET` …
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.as_str().eq_ignore_ascii_case(name))
    }

    /// Repeating the request has no further effect (RFC 9110 section 9.2.2).
    #[must_use]
    pub const fn idempotent(self) -> bool {
        !matches!(self, Self::Post | Self::Patch)
    }

    /// The request changes nothing (RFC 9110 section 9.2.1).
    #[must_use]
    pub const fn safe(self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Options | Self::Trace | Self::Query)
    }
}

/// What an operation does to its entity.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Action {
    /// Reads many.
    List,
    /// Reads one by key.
    Get,
    /// Reads many by a condition.
    Search,
    /// Makes one.
    Create,
    /// Changes one.
    Update,
    /// Makes or changes one.
    Upsert,
    /// Removes one.
    Delete,
    /// None of these.
    Other,
}

impl Action {
    /// `list`, `get` …
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Get => "get",
            Self::Search => "search",
            Self::Create => "create",
            Self::Update => "update",
            Self::Upsert => "upsert",
            Self::Delete => "delete",
            Self::Other => "other",
        }
    }
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParamIn {
    /// In the path template.
    Path,
    /// In the query string.
    Query,
    /// A header.
    Header,
    /// A cookie.
    Cookie,
    /// A variable of a GraphQL request.
    Variable,
}

/// One parameter of an operation.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Parameter {
    /// As it is sent.
    pub name: String,
    /// Where.
    pub place: ParamIn,
    /// Must be sent.
    pub required: bool,
    /// Its schema, if any.
    pub schema: Option<SchemaId>,
    /// Cleaned, at most 300 characters.
    pub description: String,
    /// Where it was read.
    pub pointer: String,
}

/// A request body.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Body {
    /// Must be sent.
    pub required: bool,
    /// The media type chosen: JSON where offered, else form, else the first.
    pub content_type: String,
    /// Media types that it may be written in as well, as the description lists them.
    pub others: Vec<String>,
    /// Its schema, if any.
    pub schema: Option<SchemaId>,
    /// Where it was read.
    pub pointer: String,
}

/// One documented answer.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Response {
    /// `200`, `4XX`, `default`.
    pub status: String,
    /// The media type chosen; empty where there is no body.
    pub content_type: String,
    /// Media types that it may be written in as well, as the description lists them.
    pub others: Vec<String>,
    /// Schema of the body, if any.
    pub schema: Option<SchemaId>,
    /// Names of the documented headers, as written.
    pub headers: Vec<String>,
    /// Whole bodies that the description shows, by the name that it gives them; at most [`Response::MOST_EXAMPLES`].
    pub examples: indexmap::IndexMap<String, serde_json::Value>,
    /// Where it was read.
    pub pointer: String,
}

impl Response {
    /// Examples of one answer that are kept.
    pub const MOST_EXAMPLES: usize = 20;
}

/// One alternative of an operation's security requirement: all of its schemes together.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SchemeUse {
    /// Name in [`super::System::schemes`].
    pub scheme: String,
    /// Scopes asked for.
    pub scopes: Vec<String>,
}

/// How pages follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageStyle {
    /// An opaque token, or the key of the last item, is sent back.
    Cursor,
    /// A page number counts up.
    Page,
    /// A record count is skipped.
    Offset,
    /// RFC 8288 `Link: <…>; rel="next"`.
    LinkHeader,
    /// A URL in the body.
    LinkBody,
}

impl PageStyle {
    /// `cursor`, `page`, `offset`, `link_header`, `link_body`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cursor => "cursor",
            Self::Page => "page",
            Self::Offset => "offset",
            Self::LinkHeader => "link_header",
            Self::LinkBody => "link_body",
        }
    }

    /// Each page names the address of the next.
    #[must_use]
    pub const fn follows_links(self) -> bool {
        matches!(self, Self::LinkHeader | Self::LinkBody)
    }
}

/// Where the next cursor comes from. Paths are property names from the root of the response body.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum CursorFrom {
    /// A field of the response, e.g. `["meta", "next_cursor"]`; null, empty or absent means the end.
    Body(Vec<String>),
    /// A field of the last record of the page, e.g. `id`.
    LastItem(String),
}

/// How a list operation is paged.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Pagination {
    /// The style.
    pub style: PageStyle,
    /// The query parameter that carries cursor, page number or offset; of a POST it may be a field of the body instead, by its
    /// dotted path ([`Operation::pages_in_body`]).
    pub param: Option<String>,
    /// What carries the page size, likewise.
    pub limit_param: Option<String>,
    /// The largest page size stated.
    pub limit_max: Option<u64>,
    /// Where the next cursor (or next URL, for `link_body`) is found.
    pub next: Option<CursorFrom>,
    /// A boolean of the response that says whether more follows, e.g. `["has_more"]`.
    pub more: Option<Vec<String>>,
    /// A number of the response that says how many records there are in all, e.g. `["total"]`.
    pub total: Option<Vec<String>>,
    /// The first page number (`page` style): 0 or 1.
    pub first_page: u64,
    /// How this is known.
    pub basis: Basis,
}

/// How a write can be repeated without a second effect.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Idempotency {
    /// The header that carries the key.
    pub header: String,
    /// How this is known.
    pub basis: Basis,
}

/// How changed records alone can be read.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Incremental {
    /// The query parameter.
    pub param: String,
    /// The record field it is compared with, where known.
    pub field: Option<String>,
    /// How this is known.
    pub basis: Basis,
}

/// How changes are followed by a token: the last page of a list gives one, and the next list that is asked with it shows what
/// changed since. Google calls it a sync token, Microsoft a delta link.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Feed {
    /// The query parameter that takes the token; nothing where the token is a URL to be followed.
    pub param: Option<String>,
    /// Where the token is in the answer, as property names from its root.
    pub token: Vec<String>,
    /// How this is known.
    pub basis: Basis,
}

/// A stated limit.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct RateLimit {
    /// Requests allowed…
    pub requests: u64,
    /// …in this many milliseconds.
    pub window_ms: u64,
    /// How this is known.
    pub basis: Basis,
}

impl RateLimit {
    /// Requests a second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        self.requests as f64 * 1000.0 / self.window_ms.max(1) as f64
    }
}

/// One operation.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Operation {
    /// operationId, or `GET /path` where none is given or the id is taken.
    pub id: String,
    /// Method.
    pub method: Method,
    /// Path template, as written.
    pub path: String,
    /// Cleaned, at most 160 characters.
    pub summary: String,
    /// Marked deprecated.
    pub deprecated: bool,
    /// Parameters, path-level ones included.
    pub parameters: Vec<Parameter>,
    /// Request body.
    pub body: Option<Body>,
    /// Documented answers.
    pub responses: Vec<Response>,
    /// Alternatives; empty means that nothing is required.
    pub security: Vec<Vec<SchemeUse>>,
    /// Where it was read.
    pub pointer: String,
    /// Name of the entity it is about.
    pub entity: Option<String>,
    /// What it does to it.
    pub action: Action,
    /// Where the records lie in the body of a list or search: property names from the root; empty for a bare array.
    pub items: Option<Vec<String>>,
    /// Where the record lies in each of these items: property names, `node` of an edge; mostly empty, the item is the record.
    pub inside: Vec<String>,
    /// Schema of one record that it reads or answers with.
    pub record: Option<SchemaId>,
    /// How it is paged.
    pub pagination: Option<Pagination>,
    /// How changed records alone can be read.
    pub incremental: Option<Incremental>,
    /// How changes can be followed by a token.
    pub feed: Option<Feed>,
    /// How it can be repeated.
    pub idempotency: Option<Idempotency>,
    /// A limit stated for it (or for the whole system).
    pub rate_limit: Option<RateLimit>,
    /// The field of a GraphQL root type that it is; nothing for a resource of HTTP. Its method is POST then, and its path `/`
    /// stands for the endpoint itself.
    pub root_field: Option<RootField>,
}

/// What a call of gRPC carries (gRPC over HTTP/2, "Requests").
pub const GRPC: &str = "application/grpc";

impl Operation {
    /// It is a method of gRPC: its path names service and method, and nothing but gRPC can call it.
    #[must_use]
    pub fn is_grpc(&self) -> bool {
        self.body.as_ref().is_some_and(|b| b.content_type == GRPC)
    }

    /// The documented success of the lowest status, `2XX` last: in what order answers are written says nothing.
    #[must_use]
    pub fn success(&self) -> Option<&Response> {
        self.responses
            .iter()
            .filter(|r| r.status.starts_with('2'))
            .min_by(|a, b| a.status.cmp(&b.status))
            .or_else(|| self.responses.iter().find(|r| r.status == "default"))
    }

    /// Parameters that stand in the path, in the order of the path.
    #[must_use]
    pub fn path_params(&self) -> Vec<&str> {
        self.path.split('{').skip(1).filter_map(|s| s.split('}').next()).collect()
    }

    /// The placeholder that takes the value of this field of a record, where the operation reads the one record that has it:
    /// `contact_id` of `GET /contacts/{contact_id}` for `id`, `email` of `GET /people/{email}` for `contact.email`.
    #[must_use]
    pub fn finds_by(&self, field: &str) -> Option<&str> {
        let placeholder = *self.path_params().last()?;
        let (asked, wanted) = (words(placeholder), words(field.rsplit('.').next()?));
        let reads = self.action == Action::Get && self.safe() && !wanted.is_empty();
        // A name before it says of what it is: only the record's own kind does not change which field is meant.
        let of = asked.strip_suffix(wanted.as_slice()).filter(|_| reads)?;
        let own = self.entity.as_ref().map(|entity| singular(&words(entity).join(" ")));
        (of.is_empty() || own.is_some_and(|own| own == singular(&of.join(" ")))).then_some(placeholder)
    }

    /// The parameter of this name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|p| p.name == name)
    }
}

/// A base URL.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Server {
    /// As stated, variables replaced by their defaults.
    pub url: String,
    /// Cleaned, bounded.
    pub description: String,
    /// Where it was read.
    pub pointer: String,
}

/// Where an API key is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum ApiKeyPlace {
    /// A header.
    Header,
    /// The query string.
    Query,
    /// A cookie.
    Cookie,
}

/// One OAuth 2 flow (RFC 6749).
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct OauthFlow {
    /// `authorizationCode`, `clientCredentials`, `implicit`, `password`, `deviceAuthorization`.
    pub kind: String,
    /// Where a user agrees.
    pub authorization_url: Option<String>,
    /// Where tokens are issued.
    pub token_url: Option<String>,
    /// Where a device asks for a code that a user enters elsewhere (RFC 8628).
    pub device_url: Option<String>,
    /// Where tokens are refreshed, if elsewhere.
    pub refresh_url: Option<String>,
    /// Scopes on offer.
    pub scopes: Vec<String>,
    /// Where it was read; empty where nothing was.
    pub pointer: String,
}

/// The kind of a security scheme.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum SchemeKind {
    /// RFC 7617.
    Basic,
    /// RFC 6750.
    Bearer,
    /// Another HTTP scheme, by name.
    Http(String),
    /// A key under a name.
    ApiKey {
        /// Where.
        place: ApiKeyPlace,
        /// Header, parameter or cookie name.
        name: String,
    },
    /// OAuth 2.
    Oauth2(Vec<OauthFlow>),
    /// OpenID Connect discovery.
    OpenId(String),
    /// A client certificate.
    MutualTls,
}

/// A security scheme.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SecurityScheme {
    /// Its kind.
    pub kind: SchemeKind,
    /// Cleaned, at most 200 characters.
    pub description: String,
    /// Where it was read.
    pub pointer: String,
}
