//! A flow with everything looked up: what the runtime needs and nothing else.

use std::sync::Arc;

use serde_json::Value;

use super::{FilePlan, HookPlan};
use crate::base::secret::SecretRef;
use crate::contract::Delivery;
use crate::mapping::{Mapping, Rejection};
use crate::model::{Direction, Method, Pagination, SchemaId, System, validate};

/// One flow, ready to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Name of the integration.
    pub integration: String,
    /// Name of the flow.
    pub flow: String,
    /// Milliseconds between polls; nothing: run once.
    pub every_ms: Option<u64>,
    /// Where records come from.
    pub source: SourcePlan,
    /// Where they go.
    pub target: TargetPlan,
    /// How a source record becomes a target record. A run puts the keys of its transforms in; without, it works with the
    /// test key.
    pub mapping: Mapping,
    /// What the target takes of one record, where its description says so.
    pub takes: Option<Takes>,
    /// How records are delivered.
    pub delivery: Delivery,
}

/// Code of what was mapped and would be refused by the target.
pub(super) const DOES_NOT_FIT: &str = "does-not-fit";

/// The schema of one record as the target takes it.
#[derive(Debug, Clone)]
pub struct Takes {
    /// The target.
    pub system: Arc<System>,
    /// The schema.
    pub schema: SchemaId,
}

impl Plan {
    /// What a source record becomes, held against what the target takes: a record that it would refuse is not sent.
    ///
    /// # Errors
    /// The rule that cannot be applied, or `does-not-fit`; never with a value of the record.
    pub fn mapped(&self, record: &Value) -> Result<Value, Rejection> {
        self.mapped_by(&self.mapping, record)
    }

    /// The same by this mapping: the plan's own with its keys put in.
    pub(super) fn mapped_by(&self, mapping: &Mapping, record: &Value) -> Result<Value, Rejection> {
        let mapped = mapping.apply(record)?;
        let Some(takes) = &self.takes else { return Ok(mapped) };
        match validate(&takes.system.schemas, takes.schema, &mapped, Direction::Request).into_iter().next() {
            None => Ok(mapped),
            Some(violation) => {
                let place = violation.pointer.trim_start_matches('/').replace('/', ".");
                let rule = mapping.rules().iter().find(|r| place.starts_with(&r.target.to_string()));
                Err(Rejection {
                    code: DOES_NOT_FIT,
                    target: if place.is_empty() { "the record".to_owned() } else { place.clone() },
                    from: rule.map_or_else(|| "the mapping".to_owned(), |r| r.source.to_string()),
                    because: violation.without_value(),
                })
            }
        }
    }

    /// Every reference to a secret that this flow resolves.
    #[must_use]
    pub fn secret_refs(&self) -> Vec<SecretRef> {
        let mut all: Vec<SecretRef> =
            [&self.source.auth, &self.target.auth].into_iter().flat_map(AuthPlan::secret_refs).cloned().collect();
        all.extend(self.source.webhook.iter().flat_map(|h| h.secrets.iter().cloned()));
        all.extend(self.mapping.key_refs());
        all.dedup();
        all
    }
}

impl AuthPlan {
    /// Every reference to a secret that it resolves.
    #[must_use]
    pub fn secret_refs(&self) -> Vec<&SecretRef> {
        match self {
            Self::None => Vec::new(),
            Self::Bearer(s) | Self::HeaderKey { secret: s, .. } | Self::QueryKey { secret: s, .. } => vec![s],
            Self::Basic { username, password } => std::iter::once(username).chain(password).collect(),
            Self::CookieKey { secret, .. } => vec![secret],
            Self::ClientCredentials { client_id, client_secret, .. } => vec![client_id, client_secret],
            Self::RefreshToken { client_id, client_secret, refresh_token, .. } => {
                std::iter::once(client_id).chain(client_secret).chain([refresh_token]).collect()
            }
            Self::Tls { identity, ca } => identity.iter().flat_map(|(cert, key)| [cert, key]).chain(ca).collect(),
            Self::All(parts) => parts.iter().flat_map(Self::secret_refs).collect(),
        }
    }

    /// It, or what it is made of.
    #[must_use]
    pub fn parts(&self) -> &[Self] {
        match self {
            Self::All(parts) => parts,
            one => std::slice::from_ref(one),
        }
    }

    /// Where it fetches tokens, if it does.
    #[must_use]
    pub fn token_url(&self) -> Option<&str> {
        self.parts().iter().find_map(|part| match part {
            Self::ClientCredentials { token_url, .. } | Self::RefreshToken { token_url, .. } => {
                Some(token_url.as_str())
            }
            _ => None,
        })
    }

    /// The scopes that it asks for, where it fetches tokens.
    #[must_use]
    pub fn scopes(&self) -> Option<&[String]> {
        self.parts().iter().find_map(|part| match part {
            Self::ClientCredentials { scopes, .. } | Self::RefreshToken { scopes, .. } => Some(scopes.as_slice()),
            _ => None,
        })
    }

    /// The name of the query parameter that carries a key, if one does.
    #[must_use]
    pub fn in_query(&self) -> Option<&str> {
        self.parts().iter().find_map(|part| match part {
            Self::QueryKey { name, .. } => Some(name.as_str()),
            _ => None,
        })
    }
}

/// An operation as the runtime calls it.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// operationId, for logs.
    pub id: String,
    /// Method.
    pub method: Method,
    /// Path template with `{name}`.
    pub path: String,
    /// Media type of the request body: JSON or `application/x-www-form-urlencoded`.
    pub content_type: String,
    /// Fixed values that the contract gives, by parameter name (path, query and header).
    pub params: Vec<FixedParam>,
    /// Its success is described as JSON: what comes back as anything else is not the system's answer.
    pub answers_json: bool,
    /// The GraphQL request that it is: sent by POST to the base URL itself. Nothing for a resource of HTTP.
    pub query: Option<super::Query>,
    /// Its success is described as 202: what it takes is done later, or never.
    pub answers_later: bool,
    /// What its body asks for, where it reads a list by POST.
    pub search: Option<super::Search>,
}

/// A parameter with a fixed value.
#[derive(Debug, Clone, PartialEq)]
pub struct FixedParam {
    /// Its name.
    pub name: String,
    /// Where it goes.
    pub place: crate::model::ParamIn,
    /// Its value as sent.
    pub value: String,
}

/// Where records come from.
#[derive(Debug, Clone)]
pub struct SourcePlan {
    /// Name of the system in the contract.
    pub system: String,
    /// Without a slash at the end.
    pub base_url: String,
    /// How to authenticate.
    pub auth: AuthPlan,
    /// The list operation; nothing where only a webhook brings records.
    pub list: Option<Call>,
    /// The file that a run reads instead of calling it; see [`SourcePlan::from_file`].
    pub file: Option<FilePlan>,
    /// The events that bring records.
    pub webhook: Option<HookPlan>,
    /// Field path of the record key.
    pub key: Vec<String>,
    /// Path of the records in the answer; empty for a bare array.
    pub items: Vec<String>,
    /// Path of the record in each of these items; mostly empty.
    pub inside: Vec<String>,
    /// How it is paged; nothing: one page.
    pub pagination: Option<Pagination>,
    /// Page size to ask for.
    pub limit: Option<u64>,
    /// Path of the field that orders changes, and the parameter with the lower bound.
    pub incremental: Option<(Vec<String>, String)>,
    /// How changes are followed by a token; never beside `incremental`.
    pub feed: Option<FeedPlan>,
    /// How far before the checkpoint a pass begins, in milliseconds; 0: at it.
    pub overlap_ms: u64,
    /// The most requests, where the description states a limit.
    pub rate: Option<crate::contract::Rate>,
    /// How deletions are known.
    pub deletes: DeletesPlan,
}

/// How changes are followed by a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedPlan {
    /// Path of the token in the answer of the last page.
    pub token: Vec<String>,
    /// The query parameter that takes it; nothing: it is a URL, and is followed.
    pub param: Option<String>,
}

/// How it is known that a record is deleted at the source.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum DeletesPlan {
    /// It is not looked for.
    #[default]
    Ignore,
    /// A field marks it.
    Tombstone {
        /// Path of the field.
        field: Vec<String>,
        /// The value that marks it; nothing: any but false and none.
        is: Option<String>,
        /// The most that one pass deletes of what a whole list does not show any more, where the token of a feed was lost, in
        /// percent of those that the flow has written.
        max_share: f64,
    },
    /// A whole list does not show it any more.
    Sweep {
        /// The most that one pass deletes, in percent of those that the flow has written.
        max_share: f64,
    },
}

impl DeletesPlan {
    /// Whether this source record says that it is deleted.
    #[must_use]
    pub fn marks(&self, record: &Value) -> bool {
        let Self::Tombstone { field, is, .. } = self else { return false };
        let told = super::body::at(record, field);
        match is {
            Some(is) => told.and_then(super::body::scalar).is_some_and(|told| told == *is),
            None => match told {
                None | Some(Value::Null | Value::Bool(false)) => false,
                Some(Value::String(text)) => !matches!(text.trim().to_lowercase().as_str(), "" | "false" | "no" | "0"),
                Some(Value::Number(n)) => n.as_f64() != Some(0.0),
                Some(Value::Bool(true) | Value::Array(_) | Value::Object(_)) => true,
            },
        }
    }
}

impl SourcePlan {
    /// Whether a pass asks for what changed since another one.
    #[must_use]
    pub const fn by_changes(&self) -> bool {
        self.incremental.is_some() || self.feed.is_some()
    }

    /// Whether its records are asked for by GraphQL.
    #[must_use]
    pub fn by_graphql(&self) -> bool {
        self.list.as_ref().is_some_and(|list| list.query.is_some())
    }

    /// Path of the field that orders the changes of a record.
    #[must_use]
    pub fn version(&self) -> Option<&[String]> {
        let of_hook = self.webhook.as_ref().and_then(|h| h.version.as_deref());
        of_hook.or_else(|| self.incremental.as_ref().map(|(path, _)| path.as_slice()))
    }

    /// The version of a record, as text.
    pub(super) fn version_of(&self, record: &serde_json::Value) -> Option<String> {
        super::body::at(record, self.version()?).and_then(super::body::scalar)
    }
}

/// Where records go.
#[derive(Debug, Clone)]
pub struct TargetPlan {
    /// Name of the system in the contract.
    pub system: String,
    /// Without a slash at the end.
    pub base_url: String,
    /// How to authenticate.
    pub auth: AuthPlan,
    /// How a record is written.
    pub write: WritePlan,
    /// How a record is deleted, where deletions are carried over.
    pub delete: Option<DeletePlan>,
    /// The most requests, where the contract says so.
    pub rate: Option<crate::contract::Rate>,
    /// How what was written is read back and taken back.
    pub back: super::BackPlan,
}

/// How a record of the target is deleted.
#[derive(Debug, Clone, PartialEq)]
pub struct DeletePlan {
    /// The operation; its last path parameter takes the target's key.
    pub call: Call,
    /// What is sent, where a record is not deleted but marked.
    pub set: Option<Value>,
}

/// How a record is written.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "there is one per flow")]
pub enum WritePlan {
    /// Find by natural key, then create or update.
    Upsert {
        /// Path of the natural key in the mapped record.
        matching: Vec<String>,
        /// Search or list.
        find: Call,
        /// Query parameter of `find` that takes the natural key.
        find_param: String,
        /// Path of the records in the answer of `find`; empty for a bare array.
        find_items: Vec<String>,
        /// How the answer of `find` is paged; nothing: one page.
        find_pages: Option<Pagination>,
        /// Create.
        create: Call,
        /// Update; its last path parameter takes the target's key.
        update: Call,
        /// Field of the target record that is its key.
        target_key: String,
        /// Idempotency key header of `create`, where it has one.
        idempotency: Option<String>,
    },
    /// PUT to a key the client chooses.
    Put {
        /// The operation; its last path parameter takes the key.
        put: Call,
        /// Path in the mapped record of the value that fills it; the source key where nothing is named.
        key: Option<Vec<String>>,
    },
    /// Many records in one request.
    Bulk {
        /// The operation.
        write: Call,
        /// Path of the records in the request; empty for a bare array.
        records: Vec<String>,
        /// Path of the results in the answer; empty for a bare array.
        results: Vec<String>,
        /// Path in the mapped record of the natural key.
        key: Vec<String>,
        /// Field of a result that repeats the natural key; nothing: results come in the order of the records.
        result_key: Option<String>,
        /// Most records in one request.
        size: u64,
    },
    /// Create once.
    Create {
        /// The operation.
        create: Call,
        /// Header that carries the idempotency key; nothing where duplicates were accepted by name.
        idempotency: Option<String>,
    },
}

/// How to authenticate, with references only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthPlan {
    /// Not at all.
    None,
    /// RFC 6750.
    Bearer(SecretRef),
    /// RFC 7617.
    Basic {
        /// User name.
        username: SecretRef,
        /// Password, empty where none is given.
        password: Option<SecretRef>,
    },
    /// A key in a header.
    HeaderKey {
        /// Header name.
        name: String,
        /// The key.
        secret: SecretRef,
    },
    /// A key in the query string, where the system knows no other place.
    QueryKey {
        /// Parameter name.
        name: String,
        /// The key.
        secret: SecretRef,
    },
    /// A key in a cookie.
    CookieKey {
        /// Cookie name.
        name: String,
        /// The key.
        secret: SecretRef,
    },
    /// What connections are made with: read once, when the transport is made.
    Tls {
        /// The client's certificate and its key (RFC 8446 section 4.4.2), where it shows one.
        identity: Option<(SecretRef, SecretRef)>,
        /// The authority that the server's certificate must come from; nothing: one that the machine trusts.
        ca: Option<SecretRef>,
    },
    /// OAuth 2 refresh token (RFC 6749 section 6): what a person's consent left behind.
    RefreshToken {
        /// Absolute token URL.
        token_url: String,
        /// Client id.
        client_id: SecretRef,
        /// Client secret; a public client has none.
        client_secret: Option<SecretRef>,
        /// The refresh token. Servers may hand out a newer one with every use and refuse this one from then on, so the
        /// newest is kept where this points (RFC 9700 section 4.14).
        refresh_token: SecretRef,
        /// Scopes asked for.
        scopes: Vec<String>,
    },
    /// Several at once. None of them is again several; at most one fetches tokens.
    All(Vec<Self>),
    /// OAuth 2 client credentials (RFC 6749 section 4.4).
    ClientCredentials {
        /// Absolute token URL.
        token_url: String,
        /// Client id.
        client_id: SecretRef,
        /// Client secret.
        client_secret: SecretRef,
        /// Scopes asked for.
        scopes: Vec<String>,
    },
}

/// Something the runtime reports while it works; `Value` carries the fields of a JSON log line, redacted.
pub type LogLine = Value;
