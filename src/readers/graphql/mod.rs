//! GraphQL: the schema definition language and the answer to the introspection query. Both become one graph of types;
//! the fields of its root types become operations. Pointers are of one form, whichever the document was:
//! `#/types/Customer/fields/email`, `#/types/Query/fields/customers/args/first`, `#/types/Plan/values/FREE`.

mod graph;
mod introspection;
mod scalars;
mod schemas;
mod sdl;
mod system;

use crate::base::tree::Node;

use super::{Draft, Form, Reader, Source};

/// The reader of schema definitions.
pub(super) const SDL: Reader = Reader { format: "graphql", form: Form::Text { sniff: sdl::sniff, read: sdl } };

/// The reader of introspection results.
pub(super) const INTROSPECTION: Reader =
    Reader { format: "graphql", form: Form::Tree { sniff: introspection::sniff, read: introspected } };

fn sdl<'d>(text: &'d str, source: &Source) -> Draft<'d> {
    let mut findings = Vec::new();
    let graph = sdl::read(text, &source.origin, &mut findings);
    system::draft(graph, "SDL", source, findings)
}

fn introspected<'d>(value: Node<'d>, source: &Source) -> Draft<'d> {
    let mut findings = Vec::new();
    let graph = introspection::read(value, &source.origin, &mut findings);
    system::draft(graph, "introspection", source, findings)
}

/// A description as people are to see it: the marks of a quoted string read back. Cleaning and bounds come after.
fn plain(raw: &str) -> std::borrow::Cow<'_, str> {
    if raw.contains('\\') {
        raw.replace("\\\"\"\"", "\"\"\"").replace("\\\"", "\"").replace("\\n", " ").into()
    } else {
        raw.into()
    }
}
