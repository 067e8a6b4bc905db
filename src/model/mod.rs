//! Row 8: a system as its API description tells it. No format word and no reader lives here.

pub mod back;
mod bulk;
mod deleted;
pub mod distinct;
mod environment;
mod event;
pub mod extreme;
mod fact;
mod fields;
mod impossible;
mod lookup;
pub mod multiple;
mod names;
pub mod narrow;
mod operation;
mod pattern;
mod properties;
mod remark;
mod root_field;
pub mod sample;
mod schema;
mod scopes;
pub mod shrink;
mod text;
mod validate;

pub use back::Back;
pub use bulk::Bulk;
pub use environment::environment;
pub use event::{Event, Tell, TellPlace};
pub use fact::{Basis, Fact};
pub use fields::Fields;
pub use impossible::{Impossible, impossible};
pub use names::Names;
pub use operation::{
    Action, ApiKeyPlace, Body, CursorFrom, Feed, GRPC, Idempotency, Incremental, Method, OauthFlow, Operation,
    PageStyle, Pagination, ParamIn, Parameter, RateLimit, Response, SchemeKind, SchemeUse, SecurityScheme, Server,
};
pub use pattern::{capture_length, pattern_length};
pub use properties::{Iter as PropertyIter, Properties};
pub use remark::{Remark, RemarkOf, counts_from_zero};
pub use root_field::{Root, RootField};
pub use schema::{Additional, Facets, Schema, SchemaId, Schemas, TypeSet};
pub use scopes::Scopes;
pub use validate::{Direction, Violation, validate};

use crate::base::digest::Digest;
use crate::base::name::Name;
use std::collections::BTreeMap;

/// One platform, as read from one description.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct System {
    /// What the description calls itself (bounded, cleaned).
    pub title: String,
    /// Format of the description: `openapi`, later others.
    #[serde(with = "crate::base::name")]
    pub format: Name,
    /// Version of the format, e.g. `3.1.0`.
    pub format_version: String,
    /// Version of the API, as stated.
    pub api_version: String,
    /// Where the description was read from, as the user named it.
    pub origin: String,
    /// Digest of the bytes read.
    pub digest: Digest,
    /// Base URLs, in the order stated.
    pub servers: Vec<Server>,
    /// Security schemes by name.
    pub schemes: BTreeMap<String, SecurityScheme>,
    /// All operations, in the order of the description.
    pub operations: Vec<Operation>,
    /// What the system sends by itself, in the order of the description.
    pub events: Vec<Event>,
    /// What the operations are about, by name.
    pub entities: BTreeMap<String, Entity>,
    /// All schemas.
    pub schemas: Schemas,
    /// What was found out, each with its ground.
    pub facts: Vec<Fact>,
    /// What is said at length, in the order of what it is about.
    pub remarks: Vec<Remark>,
}

/// A kind of thing that a system keeps, e.g. `customer`.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Entity {
    /// Singular, snake_case.
    pub name: String,
    /// The schema of one record as it is read, where one is known.
    pub schema: Option<SchemaId>,
    /// The field that identifies a record within the system.
    pub key: Option<String>,
    /// Operation ids by action, in the order of the description.
    pub operations: BTreeMap<Action, Vec<String>>,
}

impl System {
    /// The operation with this operationId or `METHOD /path` (method in any case).
    #[must_use]
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.iter().find(|o| o.id == name).or_else(|| {
            let (method, path) = name.split_once(' ')?;
            self.operations.iter().find(|o| o.method.as_str().eq_ignore_ascii_case(method) && o.path == path.trim())
        })
    }

    /// Every name that [`System::operation`] takes.
    pub fn operation_names(&self) -> impl Iterator<Item = &str> {
        self.operations.iter().map(|o| o.id.as_str())
    }

    /// Whether something was read at this pointer, or its description, or a documented value: for descriptions that are no
    /// JSON documents, whose pointers lead nowhere but into what was read (`#/types/Customer/fields/email`).
    #[must_use]
    pub fn states(&self, pointer: &str) -> bool {
        let (place, told) = match pointer.strip_suffix("/description") {
            Some(place) => (place, true),
            None => (pointer, false),
        };
        let value = place.rsplit_once("/values/");
        let of_schema = (0..self.schemas.len()).any(|i| {
            let schema = self.schemas.get(SchemaId(u32::try_from(i).unwrap_or(u32::MAX)));
            let listed = |(at, name): (&str, &str)| {
                let known = schema.values.iter().flatten().any(|v| v.as_str() == Some(name));
                schema.name.as_deref() == at.rsplit('/').next() && known
            };
            (schema.pointer == place && (!told || !schema.description.is_empty())) || value.is_some_and(listed)
        });
        let of_operation = |o: &Operation| {
            (o.pointer == place && (!told || !o.summary.is_empty()))
                || o.parameters.iter().any(|p| p.pointer == place && (!told || !p.description.is_empty()))
        };
        let mut of_system = self.servers.iter().map(|s| &s.pointer).chain(self.schemes.values().map(|s| &s.pointer));
        of_schema || self.operations.iter().any(of_operation) || of_system.any(|p| !told && p == place)
    }

    /// The event of this name.
    #[must_use]
    pub fn event(&self, name: &str) -> Option<&Event> {
        self.events.iter().find(|e| e.name == name)
    }

    /// The facts of one name, best first.
    pub fn facts_named<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Fact> {
        self.facts.iter().filter(move |f| f.fact == name)
    }
}
