//! The fields of an answer around its records, by path: where tokens, totals and links stand.

use super::path::norm;
use super::records::is_object;
use crate::model::{Operation, Schema, SchemaId, Schemas, TypeSet};

/// One field of an answer.
pub(super) struct Leaf<'s> {
    /// Property names from the root.
    pub(super) path: Vec<String>,
    /// Last name, lower case without marks.
    pub(super) name: String,
    /// The name before it, likewise; empty at the root.
    pub(super) parent: String,
    /// Its schema.
    pub(super) schema: &'s Schema,
}

impl Leaf<'_> {
    /// Is text, or may be.
    pub(super) fn textual(&self) -> bool {
        self.schema.types.is_any() || self.schema.types.has(TypeSet::STRING)
    }

    /// Is a whole number, or may be.
    pub(super) fn numeric(&self) -> bool {
        self.schema.types.has(TypeSet::INTEGER) || self.schema.types.has(TypeSet::NUMBER)
    }

    /// Says of itself that it is an URL.
    pub(super) fn is_url(&self) -> bool {
        let format = self.schema.format.as_deref().unwrap_or("");
        if matches!(format, "uri" | "url" | "uri-reference") {
            return true;
        }
        let marks = ["url", "uri", "link", "href"];
        if marks.iter().any(|m| self.name.contains(m)) || matches!(self.parent.as_str(), "links" | "link") {
            return true;
        }
        let text = self.schema.description.to_lowercase();
        let example = self.schema.example.as_ref().and_then(|e| e.as_str()).unwrap_or("");
        example.contains("://")
            || example.starts_with('/')
            || text.contains("http")
            || text
                .split(|c: char| !c.is_alphanumeric())
                .any(|w| matches!(w, "url" | "uri" | "link" | "hyperlink" | "path"))
    }
}

/// The fields around the records, three levels deep, nearest first.
pub(super) fn around<'s>(schemas: &'s Schemas, operation: &Operation) -> Vec<Leaf<'s>> {
    let Some(body) = operation.success().and_then(|r| r.schema) else { return Vec::new() };
    let mut out = Vec::new();
    // Around the answer of a root field there is nothing but `data`.
    let start = operation.root_field.as_ref().map_or_else(|| (body, Vec::new()), |f| (f.answer, f.place()));
    let mut level: Vec<(SchemaId, Vec<String>)> = vec![start];
    for depth in 0..3 {
        let mut below = Vec::new();
        for (id, path) in level {
            for (name, property) in schemas.properties(id).into_iter().take(100) {
                let mut here = path.clone();
                here.push(name.to_owned());
                if operation.items.as_ref() == Some(&here) {
                    continue;
                }
                let schema = schemas.get(property);
                if is_object(schemas, property) && depth < 2 && below.len() < 60 {
                    below.push((property, here));
                } else if !schema.types.has(TypeSet::ARRAY) && out.len() < 300 {
                    let parent = path.last().map(|p| norm(p)).unwrap_or_default();
                    out.push(Leaf { name: norm(name), parent, path: here, schema });
                }
            }
        }
        level = below;
    }
    out
}
