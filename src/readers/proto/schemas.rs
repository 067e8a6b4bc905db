//! Messages into the arena of schemas, as JSON writes them. A message has one schema; scalars and enumerations have one for each
//! field, so that facts point at fields. Filled from a queue: cycles end, depth costs no stack.

use std::collections::{BTreeSet, HashMap, VecDeque};

use serde_json::Value;

use super::file::{Body, Field, Label};
use super::lex::said;
use super::types::{json_name, known, scalar};
use super::world::{TypeAt, World};
use crate::base::pointer;
use crate::base::text::quoted;
use crate::finding::{Finding, Location};
use crate::model::{Additional, Facets, Schema, SchemaId, Schemas, TypeSet};
use crate::readers::Source;

/// Most schemas of one description.
const MOST_SCHEMAS: usize = 300_000;
/// Most properties written again, for fields that say more of a message than the message does; what is beyond was made to be
/// read for long, and is told without its fields.
const MOST_COPIED: usize = 200_000;
/// Most findings of one kind.
const MOST_TOLD: usize = 25;

/// A message once more, with something of its own.
struct Copy {
    id: SchemaId,
    of: SchemaId,
    own: Schema,
    without: Vec<String>,
}

/// Builds schemas on demand.
pub(super) struct Builder<'w, 'd> {
    pub(super) world: &'w World<'d>,
    source: &'w Source<'d>,
    pub(super) schemas: Schemas,
    memo: HashMap<TypeAt, SchemaId>,
    queue: VecDeque<(TypeAt, SchemaId)>,
    copies: Vec<Copy>,
    undefined: BTreeSet<String>,
    full: bool,
    findings: Vec<Finding>,
}

/// The name of a field in JSON: its own, or the one it is given.
pub(super) fn name_of(field: &Field<'_>) -> String {
    quoted(&field.options.text("json_name").map_or_else(|| json_name(field.name), str::to_owned), 200)
}

/// Whether a field is said to behave so (AIP-203).
pub(super) fn behaves(field: &Field<'_>, how: &str) -> bool {
    field.options.all("google.api.field_behavior").any(|b| b.text() == Some(how))
}

/// What a field is said to be, for people.
pub(super) fn description(field: &Field<'_>) -> String {
    let mut text = said(field.comment);
    for (how, note) in [("IMMUTABLE", "immutable"), ("IDENTIFIER", "identifier")] {
        if behaves(field, how) {
            text = if text.is_empty() { note.to_owned() } else { format!("{note}; {text}") };
        }
    }
    quoted(&text, 300)
}

impl<'w, 'd> Builder<'w, 'd> {
    pub(super) fn new(world: &'w World<'d>, source: &'w Source<'d>) -> Self {
        Self {
            world,
            source,
            schemas: Schemas::default(),
            memo: HashMap::new(),
            queue: VecDeque::new(),
            copies: Vec::new(),
            undefined: BTreeSet::new(),
            full: false,
            findings: Vec::new(),
        }
    }

    /// Where a pointer leads.
    pub(super) fn location(&self, pointer: &str) -> Location {
        match pointer.split_once('#') {
            Some((file, inside)) if !file.is_empty() => {
                Location::pointer(self.source.others.shown(file), format!("#{inside}"))
            }
            _ => Location::pointer(&self.source.origin, pointer),
        }
    }

    pub(super) fn find(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// The message that a method takes or gives, and its schema; one of its own for a well-known type.
    pub(super) fn named(&mut self, package: &str, name: &str, pointer: &str) -> (Option<TypeAt>, SchemaId) {
        if let Some(schema) = known(name) {
            return (None, self.schemas.push(Schema { pointer: pointer.to_owned(), ..schema }));
        }
        match self.world.find(package, "", name) {
            Some(at) if matches!(self.world.ty(at).map(|t| &t.body), Some(Body::Message(_))) => {
                (Some(at), self.message(at))
            }
            _ => {
                self.missing(name, pointer);
                (None, self.schemas.push(Schema { pointer: pointer.to_owned(), ..Schema::default() }))
            }
        }
    }

    /// The schema of a message, without the fields that a path holds already.
    pub(super) fn without(&mut self, of: SchemaId, without: Vec<String>, pointer: &str) -> SchemaId {
        if without.is_empty() {
            return of;
        }
        let id = self.schemas.push(Schema::default());
        let own = Schema { pointer: pointer.to_owned(), ..Schema::default() };
        self.copies.push(Copy { id, of, own, without });
        id
    }

    pub(super) fn message(&mut self, at: TypeAt) -> SchemaId {
        if let Some(id) = self.memo.get(&at) {
            return *id;
        }
        let id = self.schemas.push(Schema { pointer: self.world.pointer(at), ..Schema::default() });
        self.memo.insert(at, id);
        self.queue.push_back((at, id));
        id
    }

    /// The place of a field: `#/messages/Book/fields/page_count`.
    pub(super) fn place(&self, of: TypeAt, field: &Field<'d>) -> String {
        pointer::join(&format!("{}/fields", self.world.pointer(of)), field.name)
    }

    /// The schema of a field.
    pub(super) fn field(&mut self, of: TypeAt, field: &Field<'d>, pointer: String) -> SchemaId {
        let own = Schema {
            description: description(field),
            deprecated: field.options.on("deprecated"),
            read_only: behaves(field, "OUTPUT_ONLY"),
            write_only: behaves(field, "INPUT_ONLY"),
            pointer,
            ..Schema::default()
        };
        let outer = match field.label {
            Label::Repeated => Some(TypeSet::ARRAY),
            Label::Map(_) => Some(TypeSet::OBJECT),
            Label::Plain | Label::Optional | Label::Required | Label::OneOf(_) => None,
        };
        let Some(types) = outer else { return self.one(of, field, own) };
        let inner = Schema { pointer: own.pointer.clone(), ..Schema::default() };
        let inner = self.one(of, field, inner);
        let schema = if types == TypeSet::ARRAY {
            Schema { types, items: Some(inner), ..own }
        } else {
            Schema { types, additional: Additional::Of(inner), ..own }
        };
        self.schemas.push(schema)
    }

    /// One value of a field, with what is said of it.
    fn one(&mut self, of: TypeAt, field: &Field<'d>, own: Schema) -> SchemaId {
        if self.schemas.len() >= MOST_SCHEMAS {
            if !std::mem::replace(&mut self.full, true) {
                let message = "too many fields; the rest is read as \"anything\"";
                let at = self.location(&own.pointer);
                self.find(Finding::warning("too-many-schemas", at, message).fix("split the description"));
            }
            return self.schemas.push(own);
        }
        let with = |base: Schema| {
            let info = field.options.message("google.api.field_info");
            let format =
                info.iter().flat_map(|i| i.all("format")).find_map(super::file::Value::text).map(|f| match f {
                    "UUID4" => "uuid".to_owned(),
                    other => quoted(&other.to_lowercase(), 40),
                });
            let default = field.options.text("default").map(|d| match (base.types, serde_json::from_str(d)) {
                (types, Ok(value)) if types.has(TypeSet::of(&value)) && !types.has(TypeSet::STRING) => value,
                _ => Value::String(quoted(d, 200)),
            });
            let minimum = base.minimum.clone();
            Schema {
                types: base.types,
                format: format.or(base.format),
                additional: base.additional,
                facets: Facets { minimum, default: default.map(Box::new), ..Facets::default() }.into(),
                ..own.clone()
            }
        };
        if let Some(base) = scalar(field.of).or_else(|| known(field.of)) {
            let schema = with(base);
            return self.schemas.push(schema);
        }
        let within = self.world.ty(of).map_or("", |t| t.name.as_str());
        let Some(at) = self.world.find(self.world.package(of.0), within, field.of) else {
            self.missing(field.of, &own.pointer);
            return self.schemas.push(own);
        };
        match self.world.ty(at).map(|t| &t.body) {
            Some(Body::Enum(values)) => {
                let values: Vec<Value> = values.iter().map(|v| Value::String((*v).to_owned())).collect();
                let name = Some(quoted(&self.world.shown(at), 120));
                let mut schema = with(Schema { types: TypeSet::STRING, ..Schema::default() });
                schema.name = name;
                if !values.is_empty() {
                    schema.values = Some(values);
                }
                self.schemas.push(schema)
            }
            _ => {
                let message = self.message(at);
                if !(own.read_only || own.write_only || own.deprecated) {
                    return message;
                }
                let id = self.schemas.push(Schema::default());
                self.copies.push(Copy { id, of: message, own, without: Vec::new() });
                id
            }
        }
    }

    fn missing(&mut self, name: &str, pointer: &str) {
        if self.undefined.len() >= MOST_TOLD || !self.undefined.insert(name.to_owned()) {
            return;
        }
        let shown = quoted(name, 80);
        let message = format!("the type {shown} is not defined in what was read; it is taken for \"anything\"");
        let at = self.location(pointer);
        let fix = format!("put the file that defines {shown} beside the description");
        self.find(Finding::warning("undefined-type", at, message).fix(fix));
    }

    fn fill(&mut self) {
        while let Some((at, id)) = self.queue.pop_front() {
            let schema = self.build(at);
            *self.schemas.get_mut(id) = schema;
        }
    }

    fn build(&mut self, at: TypeAt) -> Schema {
        let world = self.world;
        let Some(of) = world.ty(at) else { return Schema::default() };
        let mut schema = Schema {
            types: TypeSet::OBJECT,
            name: Some(quoted(&world.shown(at), 120)),
            deprecated: of.options.on("deprecated"),
            pointer: world.pointer(at),
            ..Schema::default()
        };
        let mut groups: indexmap::IndexMap<&str, Vec<String>> = indexmap::IndexMap::new();
        for field in world.fields(at) {
            let name = name_of(field);
            let place = self.place(at, field);
            if field.label == Label::Required || behaves(field, "REQUIRED") {
                schema.required.insert(name.clone());
            }
            if let Label::OneOf(group) = field.label {
                groups.entry(group).or_default().push(name.clone());
            }
            let id = self.field(at, field, place);
            schema.properties.insert(name, id);
        }
        let mut text = said(of.comment);
        for names in groups.values().filter(|n| n.len() > 1).take(4) {
            let names = quoted(&names.join(", "), 100);
            text = if text.is_empty() {
                format!("at most one of {names}")
            } else {
                format!("at most one of {names}; {text}")
            };
        }
        schema.description = quoted(&text, 300);
        schema
    }

    /// Fills all schemas that were asked for, and those they ask for; every message of the description has one at the end.
    pub(super) fn finish(mut self) -> (Schemas, Vec<Finding>) {
        let world = self.world;
        self.fill();
        for (t, of) in world.files.first().into_iter().flat_map(|f| f.file.types.iter().enumerate()) {
            if matches!(of.body, Body::Message(_)) && self.schemas.len() < MOST_SCHEMAS {
                self.message((0, t));
            }
        }
        self.fill();
        let mut room = MOST_COPIED;
        for Copy { id, of, own, without } in std::mem::take(&mut self.copies) {
            let base = self.schemas.get(of);
            let mut schema = if base.properties.len() <= room {
                room -= base.properties.len();
                base.clone()
            } else {
                Schema { types: TypeSet::OBJECT, name: base.name.clone(), ..Schema::default() }
            };
            for name in &without {
                schema.properties.remove(name);
                schema.required.remove(name);
            }
            schema.read_only = own.read_only;
            schema.write_only = own.write_only;
            schema.deprecated |= own.deprecated;
            schema.pointer = own.pointer;
            if !own.description.is_empty() {
                schema.description = own.description;
            }
            *self.schemas.get_mut(id) = schema;
        }
        (self.schemas, self.findings)
    }
}
