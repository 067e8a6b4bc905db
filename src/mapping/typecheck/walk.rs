//! From a path to what a schema says about it.

use crate::mapping::kind::Kind;
use crate::mapping::path::{Path, Segment};
use crate::model::{Additional, SchemaId, Schemas, TypeSet};

/// What stands at the end of a path.
#[derive(Debug, Clone)]
pub(super) struct Reached {
    /// Its schema; nothing inside a free-form object.
    pub(super) id: Option<SchemaId>,
    /// What is known about it; `optional` where it or a parent may be missing or a parent null.
    pub(super) kind: Kind,
    /// Its parent requires it.
    pub(super) required: bool,
    /// It or a parent is only in answers.
    pub(super) read_only: bool,
    /// It or a parent is only in requests.
    pub(super) write_only: bool,
    /// The parent that may also be something other than an object or list, where there is one.
    pub(super) union: Option<String>,
    /// Where the schema was read.
    pub(super) pointer: String,
}

/// Why a path leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// The parent has no such property.
    Unknown {
        /// The property.
        name: String,
        /// Path of the parent; empty for the record itself.
        parent: String,
        /// The parent.
        of: SchemaId,
    },
    /// The parent cannot have properties or items.
    NotInside {
        /// Path of the parent.
        parent: String,
        /// What it is.
        types: String,
        /// A list was asked for a property, or an object for an item.
        list: bool,
    },
}

/// Follows `path` from the schema of a record.
pub(super) fn walk(schemas: &Schemas, root: SchemaId, path: &Path) -> Result<Reached, Stop> {
    let mut id = root;
    let mut at = Reached {
        id: Some(root),
        kind: Kind::of(TypeSet::OBJECT),
        required: true,
        read_only: false,
        write_only: false,
        union: None,
        pointer: String::new(),
    };
    let mut optional = false;
    let mut parent = String::new();
    for (depth, segment) in path.segments().iter().enumerate() {
        let here = Kind::from_schema(schemas, id);
        if depth > 0 {
            optional |= here.nullable;
        }
        let inner = match segment {
            Segment::Key(_) => TypeSet::OBJECT,
            Segment::Index(_) => TypeSet::ARRAY,
        };
        if depth > 0 && !here.types.is_any() && here.types != inner && here.types.has(inner) {
            at.union.get_or_insert_with(|| parent.clone());
        }
        let next = match segment {
            Segment::Key(name) => match schemas.property(id, name) {
                Some((next, required)) => {
                    at.required = required;
                    optional |= !required;
                    next
                }
                None if free_form(schemas, id) && (here.types.is_any() || here.types.has(TypeSet::OBJECT)) => {
                    return Ok(anything(at));
                }
                None if !here.types.is_any() && !here.types.has(TypeSet::OBJECT) => {
                    let list = here.types.has(TypeSet::ARRAY);
                    return Err(Stop::NotInside { parent, types: here.types.to_string(), list });
                }
                None => {
                    return Err(Stop::Unknown { name: name.clone(), parent, of: id });
                }
            },
            Segment::Index(i) => match items(schemas, id, 0) {
                Some(next) => {
                    at.required = here.min_items > *i as u64;
                    optional |= !at.required;
                    next
                }
                None if here.types.is_any() || here.types.has(TypeSet::ARRAY) => return Ok(anything(at)),
                None => return Err(Stop::NotInside { parent, types: here.types.to_string(), list: false }),
            },
        };
        let schema = schemas.get(next);
        at.read_only |= schema.read_only;
        at.write_only |= schema.write_only;
        at.pointer.clone_from(&schema.pointer);
        id = next;
        parent = match segment {
            Segment::Key(k) if parent.is_empty() => k.clone(),
            Segment::Key(k) => format!("{parent}.{k}"),
            Segment::Index(i) => format!("{parent}[{i}]"),
        };
    }
    at.id = Some(id);
    at.kind = Kind::from_schema(schemas, id);
    at.kind.optional = optional;
    Ok(at)
}

/// Nothing is said about what is inside.
fn anything(at: Reached) -> Reached {
    let kind = Kind { nullable: true, optional: true, ..Kind::default() };
    Reached { id: None, kind, required: false, ..at }
}

/// An object of which no property is named, and any is allowed.
fn free_form(schemas: &Schemas, id: SchemaId) -> bool {
    schemas.get(id).additional == Additional::Any && bare(schemas, id, 0)
}

/// Neither it nor a variant of it names a property, as far as [`Schemas::properties`] looks.
fn bare(schemas: &Schemas, id: SchemaId, depth: usize) -> bool {
    let schema = schemas.get(id);
    depth > 8 || (schema.properties.is_empty() && schema.variants.iter().all(|v| bare(schemas, *v, depth + 1)))
}

/// Schema of the items of a list.
pub(super) fn item_of(schemas: &Schemas, id: SchemaId) -> Option<SchemaId> {
    items(schemas, id, 0)
}

fn items(schemas: &Schemas, id: SchemaId, depth: usize) -> Option<SchemaId> {
    let schema = schemas.get(id);
    schema
        .items
        .or_else(|| (depth < 4).then(|| schema.variants.iter().find_map(|v| items(schemas, *v, depth + 1))).flatten())
}
