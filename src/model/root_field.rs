//! Operations that are no resources of HTTP but fields of a GraphQL root type, asked for by POST at one endpoint.

use std::borrow::Cow;

use indexmap::IndexMap;

use super::{Method, Operation, ParamIn, SchemaId, Schemas};

/// Which root type a field stands in (GraphQL, section 3.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Root {
    /// Reads.
    Query,
    /// Writes.
    Mutation,
}

impl Root {
    /// The keyword of a request: `query` or `mutation`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
        }
    }
}

/// A field of a root type. Its answer lies at `data.NAME` of the body.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct RootField {
    /// Which root type.
    pub root: Root,
    /// Its name.
    pub name: String,
    /// Types of its arguments as a request declares them: `first` is `Int`, `ids` is `[ID!]!`.
    pub arguments: IndexMap<String, String>,
    /// What it answers with.
    pub answer: SchemaId,
}

impl RootField {
    /// Where the answer lies in the body: `["data", NAME]`.
    #[must_use]
    pub fn place(&self) -> Vec<String> {
        vec!["data".to_owned(), self.name.clone()]
    }
}

impl Operation {
    /// It changes nothing: by its method, or because it is a query.
    #[must_use]
    pub fn safe(&self) -> bool {
        self.root_field.as_ref().map_or_else(|| self.method.safe(), |f| f.root == Root::Query)
    }

    /// Method and path that tell what it is about: its own, or for a field of a root type and a method of gRPC those that it
    /// would have as a resource. For rules that read names; nothing is ever sent there.
    #[must_use]
    pub fn as_resource(&self) -> (Method, Cow<'_, str>) {
        match &self.root_field {
            None if self.is_grpc() => {
                let name = self.path.rsplit('/').next().unwrap_or_default();
                let reads = ["Get", "List", "Search", "Find", "Query", "Count", "Read", "Lookup", "BatchGet"];
                let method = if reads.iter().any(|r| name.starts_with(r)) { Method::Get } else { Method::Post };
                (method, Cow::Owned(format!("/{name}")))
            }
            None => (self.method, Cow::Borrowed(self.path.as_str())),
            Some(field) => {
                let method = if field.root == Root::Query { Method::Get } else { Method::Post };
                (method, Cow::Owned(format!("/{}", field.name)))
            }
        }
    }

    /// The schema of an argument, or of what lies below one: `first`, `filter.updatedAt.gte`; of a search that is a POST, that
    /// of a field of its body.
    #[must_use]
    pub fn argument(&self, schemas: &Schemas, dotted: &str) -> Option<SchemaId> {
        if self.root_field.is_none() {
            return self.body_field(schemas, dotted);
        }
        let mut steps = dotted.split('.');
        let first = steps.next()?;
        let argument = self.parameters.iter().find(|p| p.place == ParamIn::Variable && p.name == first)?;
        steps.try_fold(argument.schema?, |at, name| schemas.property(at, name).map(|found| found.0))
    }
}
