//! A GraphQL schema as both of its forms tell it: SDL and the answer to the introspection query.

use indexmap::IndexMap;
use serde_json::Value;

/// Deepest nesting of lists; what is deeper was not written by people.
pub(super) const MOST_WRAPS: usize = 16;

/// The whole schema. Texts are slices of the document, as written.
#[derive(Debug, Default)]
pub(super) struct Graph<'d> {
    /// What the schema says of itself.
    pub(super) description: &'d str,
    /// Name of the type whose fields read.
    pub(super) query: Option<String>,
    /// Name of the type whose fields write.
    pub(super) mutation: Option<String>,
    /// Name of the type whose fields are streams.
    pub(super) subscription: Option<String>,
    /// All types by name, in the order of the document.
    pub(super) types: IndexMap<String, Type<'d>>,
}

/// The kinds of named types (GraphQL, section 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Scalar,
    Object,
    Interface,
    Union,
    Enum,
    Input,
}

/// One named type.
#[derive(Debug)]
pub(super) struct Type<'d> {
    pub(super) kind: Kind,
    pub(super) description: &'d str,
    /// Of an object or an interface.
    pub(super) fields: Vec<Field<'d>>,
    /// Fields of an input object.
    pub(super) inputs: Vec<Input<'d>>,
    /// Of an enumeration.
    pub(super) values: Vec<String>,
    /// Of a union: its members. Of an object: the interfaces it implements.
    pub(super) related: Vec<String>,
}

impl Type<'_> {
    pub(super) const fn new(kind: Kind) -> Self {
        Self { kind, description: "", fields: Vec::new(), inputs: Vec::new(), values: Vec::new(), related: Vec::new() }
    }
}

/// A field of an object or an interface.
#[derive(Debug)]
pub(super) struct Field<'d> {
    pub(super) name: String,
    pub(super) description: &'d str,
    pub(super) arguments: Vec<Input<'d>>,
    pub(super) of: Of,
    pub(super) deprecated: bool,
}

impl Field<'_> {
    /// It cannot be asked for without arguments.
    pub(super) fn asks(&self) -> bool {
        self.arguments.iter().any(Input::required)
    }
}

/// An argument, or a field of an input object.
#[derive(Debug)]
pub(super) struct Input<'d> {
    pub(super) name: String,
    pub(super) description: &'d str,
    pub(super) of: Of,
    /// Its default, where it has one that can be written in JSON; null stands for one that cannot.
    pub(super) default: Option<Value>,
    pub(super) deprecated: bool,
}

impl Input<'_> {
    /// Must be given (GraphQL, section 5.4.2.1).
    pub(super) fn required(&self) -> bool {
        self.of.non_null() && self.default.is_none()
    }
}

/// What is wrapped around a named type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrap {
    NonNull,
    List,
}

/// A type in use: a name and what is around it, outermost first.
#[derive(Debug, Clone, Default)]
pub(super) struct Of {
    pub(super) wraps: Vec<Wrap>,
    /// Empty where it could not be read.
    pub(super) name: String,
}

impl Of {
    pub(super) fn non_null(&self) -> bool {
        self.wraps.first() == Some(&Wrap::NonNull)
    }

    /// As it is written: `[ID!]!`.
    pub(super) fn text(&self) -> String {
        let mut out = self.name.clone();
        for wrap in self.wraps.iter().rev() {
            out = match wrap {
                Wrap::NonNull => format!("{out}!"),
                Wrap::List => format!("[{out}]"),
            };
        }
        out
    }
}
