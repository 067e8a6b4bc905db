//! The fields of a schema that a rule can read or write.

use serde_json::Value;

use super::field::Field;
use super::words::Vocabulary;
use crate::mapping::kind::Kind;
use crate::mapping::path::{Path, Segment};
use crate::model::{SchemaId, Schemas, TypeSet};

/// Which fields are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// What can be read.
    Source,
    /// What can be written.
    Target,
}

/// One field.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub(super) path: Path,
    /// Words of the last property.
    pub(super) name: Vec<String>,
    /// Words of the properties above it.
    pub(super) above: Vec<String>,
    pub(super) kind: Kind,
    pub(super) said: String,
    pub(super) required: bool,
    /// How many lists and objects it is inside of.
    pub(super) depth: usize,
}

/// More fields than any pair of people looks through; beyond it pairs take too long.
const MOST: usize = 600;
const DEEPEST: usize = 4;

/// All fields, in the order of the schema. Lists of objects are entered at their first item.
pub(super) fn leaves(schemas: &Schemas, id: SchemaId, side: Side) -> Vec<Leaf> {
    let mut out = Vec::new();
    let mut walk = Walk { schemas, side, path: Vec::new(), open: Vec::new(), out: &mut out };
    walk.object(id);
    out
}

struct Walk<'a> {
    schemas: &'a Schemas,
    side: Side,
    path: Vec<Segment>,
    /// Schemas that the path is inside of: a cycle ends here.
    open: Vec<SchemaId>,
    out: &'a mut Vec<Leaf>,
}

impl Walk<'_> {
    fn object(&mut self, id: SchemaId) {
        if self.path.len() > DEEPEST || self.open.contains(&id) {
            return;
        }
        self.open.push(id);
        for (name, property) in self.schemas.properties(id) {
            if self.out.len() >= MOST {
                break;
            }
            let schema = self.schemas.get(property);
            let hidden = match self.side {
                Side::Source => schema.write_only,
                Side::Target => schema.read_only,
            };
            // A path can quote any name but one with a quote in it.
            if !hidden && !name.is_empty() && !name.contains('"') {
                self.path.push(Segment::Key(name.to_owned()));
                let required = self.schemas.get(id).required.contains(name);
                self.field(property, required);
                self.path.pop();
            }
        }
        self.open.pop();
    }

    fn field(&mut self, id: SchemaId, required: bool) {
        let kind = Kind::from_schema(self.schemas, id);
        if kind.types == TypeSet::ARRAY
            && let Some(items) = items(self.schemas, id)
            && Kind::from_schema(self.schemas, items).types == TypeSet::OBJECT
            && !self.schemas.properties(items).is_empty()
        {
            self.path.push(Segment::Index(0));
            self.object(items);
            self.path.pop();
            return;
        }
        if kind.types == TypeSet::OBJECT && !self.schemas.properties(id).is_empty() {
            self.object(id);
            return;
        }
        self.leaf(id, kind, required);
    }

    fn leaf(&mut self, id: SchemaId, mut kind: Kind, required: bool) {
        let Some(path) = Path::of(self.path.clone()) else { return };
        let keys: Vec<&str> =
            self.path.iter().filter_map(|s| if let Segment::Key(k) = s { Some(k.as_str()) } else { None }).collect();
        let above = keys.split_last().map(|(_, above)| above.join(" ")).unwrap_or_default();
        kind.optional |= !required;
        let said = self.schemas.get(id).description.to_lowercase();
        let meaning = |name: &str| Vocabulary::get().meaning(name);
        self.out.push(Leaf {
            name: meaning(path.leaf()),
            above: meaning(&above),
            said,
            depth: self.path.len() - 1,
            kind,
            required,
            path,
        });
    }
}

impl Leaf {
    /// The field as it is matched.
    pub(super) fn field(&self) -> Field {
        let keys: Vec<String> = self.path.segments().iter().filter_map(|s| s.key().map(str::to_owned)).collect();
        let plain = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
        let kind = if self.kind.types == TypeSet::ARRAY {
            self.kind.items.as_deref().unwrap_or(&self.kind)
        } else {
            &self.kind
        };
        Field {
            lists: (self.depth + 1).saturating_sub(keys.len()),
            keys,
            types: self.kind.types,
            format: kind.format.clone(),
            values: kind.values.iter().flatten().map(plain).collect(),
            description: self.said.clone(),
            required: self.required,
            nullable: self.kind.nullable,
        }
    }
}

fn items(schemas: &Schemas, id: SchemaId) -> Option<SchemaId> {
    let schema = schemas.get(id);
    schema.items.or_else(|| schema.variants.iter().find_map(|v| schemas.get(*v).items))
}
