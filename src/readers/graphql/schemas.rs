//! Types into the arena of schemas. A type has one schema where it may be null and one where it may not; scalars and
//! enumerations have one for each field, so that facts point at fields. Filled from a queue: cycles end, depth costs no
//! stack.

use std::collections::{BTreeSet, HashMap, VecDeque};

use serde_json::Value;

use super::graph::{Graph, Input, Kind, Of, Type, Wrap};
use super::plain;
use super::scalars::scalar;
use crate::base::pointer;
use crate::base::text::quoted;
use crate::finding::{Finding, Location};
use crate::model::{Additional, Facets, Schema, SchemaId, Schemas, TypeSet};

/// Most schemas of one document.
const MOST_SCHEMAS: usize = 300_000;
/// Most alternatives of one interface: one like `Node` is made by every other type.
const MOST_VARIANTS: usize = 24;
/// Most members of one union, which are written out.
const MOST_MEMBERS: usize = 250;
/// Most findings of one kind.
const MOST_TOLD: usize = 25;

/// Where a type in use stands, and what is said of it there.
pub(super) struct Place<'a> {
    pub(super) pointer: String,
    pub(super) description: &'a str,
    pub(super) deprecated: bool,
}

/// What a schema is kept under: the type, whether it may be null, and whether the field that is of it is deprecated.
type Kept<'g> = (&'g str, bool, bool);

/// Builds schemas on demand.
pub(super) struct Builder<'g> {
    graph: &'g Graph<'g>,
    origin: &'g str,
    schemas: Schemas,
    memo: HashMap<Kept<'g>, SchemaId>,
    queue: VecDeque<(Kept<'g>, SchemaId)>,
    /// Object types that are told apart by `__typename`: members of unions, and of interfaces that fields answer with.
    told_apart: BTreeSet<&'g str>,
    unknown: BTreeSet<String>,
    full: bool,
    findings: Vec<Finding>,
}

impl<'g> Builder<'g> {
    pub(super) fn new(graph: &'g Graph<'g>, origin: &'g str) -> Self {
        Self {
            graph,
            origin,
            schemas: Schemas::default(),
            memo: HashMap::new(),
            queue: VecDeque::new(),
            told_apart: told_apart(graph),
            unknown: BTreeSet::new(),
            full: false,
            findings: Vec::new(),
        }
    }

    /// One more schema, made elsewhere.
    pub(super) fn push(&mut self, schema: Schema) -> SchemaId {
        self.schemas.push(schema)
    }

    /// The schema of a type in use.
    pub(super) fn of(&mut self, of: &'g Of, place: &Place<'_>) -> SchemaId {
        // From the inside out; a wrap tells about what it holds.
        let mut non_null = false;
        let mut layers = Vec::new();
        for wrap in &of.wraps {
            match wrap {
                Wrap::NonNull => non_null = true,
                Wrap::List => layers.push(std::mem::take(&mut non_null)),
            }
        }
        let mut id = self.named(&of.name, !non_null, place);
        for non_null in layers.into_iter().rev() {
            let types = if non_null { TypeSet::ARRAY } else { TypeSet::ARRAY.with(TypeSet::NULL) };
            id = self.schemas.push(Schema {
                types,
                items: Some(id),
                description: quoted(&plain(place.description), 300),
                deprecated: place.deprecated,
                pointer: place.pointer.clone(),
                ..Schema::default()
            });
        }
        id
    }

    fn named(&mut self, name: &'g str, nullable: bool, place: &Place<'_>) -> SchemaId {
        let known = self.graph.types.get(name);
        match known.map(|t| t.kind) {
            Some(Kind::Object | Kind::Interface | Kind::Union | Kind::Input) => {
                self.composite((name, nullable, place.deprecated))
            }
            Some(Kind::Enum) => self.leaf(name, nullable, place, known),
            Some(Kind::Scalar) => self.leaf(name, nullable, place, known),
            None if matches!(name, "Int" | "Float" | "String" | "ID" | "Boolean") => {
                self.leaf(name, nullable, place, None)
            }
            None => {
                self.missing(name, &place.pointer);
                self.schemas.push(Schema { pointer: place.pointer.clone(), ..Schema::default() })
            }
        }
    }

    fn missing(&mut self, name: &str, at: &str) {
        if self.unknown.len() >= MOST_TOLD || !self.unknown.insert(name.to_owned()) {
            return;
        }
        let (message, fix) = if name.is_empty() {
            ("the type cannot be read; it is taken for \"anything\"".to_owned(), "write a type here".to_owned())
        } else {
            let shown = quoted(name, 80);
            (
                format!("the type {shown} is not defined; it is taken for \"anything\""),
                format!("add {shown} to the schema"),
            )
        };
        self.findings.push(Finding::warning("undefined-type", Location::pointer(self.origin, at), message).fix(fix));
    }

    fn leaf(&mut self, name: &str, nullable: bool, place: &Place<'_>, of: Option<&Type<'_>>) -> SchemaId {
        let own = of.map_or("", |t| t.description);
        let mut schema = Schema {
            description: quoted(&plain(if place.description.is_empty() { own } else { place.description }), 300),
            deprecated: place.deprecated,
            pointer: place.pointer.clone(),
            ..Schema::default()
        };
        if let Some(of) = of.filter(|t| t.kind == Kind::Enum) {
            schema.types = TypeSet::STRING;
            schema.name = Some(quoted(name, 120));
            let mut values: Vec<Value> = of.values.iter().map(|v| Value::String(v.clone())).collect();
            if nullable {
                values.push(Value::Null);
            }
            schema.values = Some(values).filter(|_| !of.values.is_empty());
        } else {
            (schema.types, schema.format) = scalar(name, own);
        }
        if nullable && !schema.types.is_any() {
            schema.types = schema.types.with(TypeSet::NULL);
        }
        self.schemas.push(schema)
    }

    fn composite(&mut self, of: Kept<'g>) -> SchemaId {
        let (name, ..) = of;
        if let Some(id) = self.memo.get(&of) {
            return *id;
        }
        let pointer = pointer::join("#/types", name);
        if self.schemas.len() >= MOST_SCHEMAS {
            if !std::mem::replace(&mut self.full, true) {
                let at = Location::pointer(self.origin, &pointer);
                let message = "too many types; the rest is read as \"anything\"";
                self.findings.push(Finding::warning("too-many-schemas", at, message).fix("split the schema"));
            }
            return self.schemas.push(Schema { pointer, ..Schema::default() });
        }
        let id = self.schemas.push(Schema { pointer, ..Schema::default() });
        self.memo.insert(of, id);
        self.queue.push_back((of, id));
        id
    }

    /// Fills all schemas that were asked for, and those they ask for; every type of the document has one at the end.
    pub(super) fn finish(mut self) -> (Schemas, Vec<Finding>) {
        let graph = self.graph;
        self.fill();
        let roots = [&graph.query, &graph.mutation, &graph.subscription];
        for (name, of) in &graph.types {
            let root = roots.iter().any(|r| r.as_deref() == Some(name));
            if !root && !matches!(of.kind, Kind::Scalar | Kind::Enum) {
                self.composite((name, false, false));
            }
        }
        self.fill();
        (self.schemas, self.findings)
    }

    fn fill(&mut self) {
        while let Some(((name, nullable, deprecated), id)) = self.queue.pop_front() {
            let Some(of) = self.graph.types.get(name) else { continue };
            let schema = Schema { deprecated, ..self.build(name, of, nullable) };
            *self.schemas.get_mut(id) = schema;
        }
    }

    fn build(&mut self, name: &'g str, of: &'g Type<'g>, nullable: bool) -> Schema {
        let pointer = pointer::join("#/types", name);
        let mut schema = Schema {
            types: if nullable { TypeSet::OBJECT.with(TypeSet::NULL) } else { TypeSet::OBJECT },
            name: Some(quoted(name, 120)),
            description: quoted(&plain(of.description), 300),
            pointer: pointer.clone(),
            ..Schema::default()
        };
        match of.kind {
            Kind::Object | Kind::Interface => {
                for field in of.fields.iter().filter(|f| !f.asks()) {
                    let at = pointer::join(&format!("{pointer}/fields"), &field.name);
                    let place = Place { pointer: at, description: field.description, deprecated: field.deprecated };
                    let id = self.of(&field.of, &place);
                    schema.properties.insert(field.name.clone(), id);
                    // What is asked for is answered, with null where there is nothing.
                    schema.required.insert(field.name.clone());
                }
                if of.kind == Kind::Object {
                    schema.additional = Additional::No;
                    if self.told_apart.contains(name) {
                        self.typename(&mut schema, name);
                    }
                } else {
                    let graph = self.graph;
                    let made = graph
                        .types
                        .iter()
                        .filter(|(_, t)| t.kind == Kind::Object && t.related.iter().any(|r| r == name));
                    let made: Vec<&'g str> = made.take(MOST_VARIANTS).map(|(n, _)| n.as_str()).collect();
                    self.alternatives(&mut schema, made);
                }
            }
            Kind::Union => {
                let members = of.related.iter().map(String::as_str).filter(|m| self.graph.types.contains_key(*m));
                self.alternatives(&mut schema, members.take(MOST_MEMBERS).collect());
            }
            Kind::Input => {
                schema.additional = Additional::No;
                for input in &of.inputs {
                    let at = pointer::join(&format!("{pointer}/fields"), &input.name);
                    let id = self.input(input, at);
                    schema.properties.insert(input.name.clone(), id);
                    if input.required() {
                        schema.required.insert(input.name.clone());
                    }
                }
            }
            Kind::Scalar | Kind::Enum => {}
        }
        schema
    }

    /// The schema of an argument or an input field, its default included.
    pub(super) fn input(&mut self, input: &'g Input<'g>, pointer: String) -> SchemaId {
        let place = Place { pointer, description: input.description, deprecated: input.deprecated };
        let id = self.of(&input.of, &place);
        let default = input.default.as_ref().filter(|d| !d.is_null());
        let own = self.schemas.get(id).pointer == place.pointer;
        if let Some(default) = default.filter(|_| own) {
            self.schemas.get_mut(id).default = Some(Box::new(default.clone()));
        }
        id
    }

    fn alternatives(&mut self, schema: &mut Schema, names: Vec<&'g str>) {
        if names.is_empty() {
            return;
        }
        schema.discriminator = Some("__typename".to_owned());
        schema.variants = names.into_iter().map(|n| self.composite((n, false, false))).collect();
    }

    fn typename(&mut self, schema: &mut Schema, name: &str) {
        let id = self.schemas.push(Schema {
            types: TypeSet::STRING,
            pointer: schema.pointer.clone(),
            facets: Facets { values: Some(vec![Value::String(name.to_owned())]), ..Facets::default() }.into(),
            ..Schema::default()
        });
        schema.properties.insert("__typename".to_owned(), id);
        schema.required.insert("__typename".to_owned());
    }
}

fn told_apart<'g>(graph: &'g Graph<'g>) -> BTreeSet<&'g str> {
    let roots = [&graph.query, &graph.mutation, &graph.subscription];
    let mut out = BTreeSet::new();
    let answered: BTreeSet<&str> = graph
        .types
        .iter()
        .filter(|(name, t)| t.kind == Kind::Object && !roots.iter().any(|r| r.as_ref() == Some(name)))
        .flat_map(|(_, t)| t.fields.iter().map(|f| f.of.name.as_str()))
        .collect();
    for (name, of) in &graph.types {
        match of.kind {
            Kind::Union => out.extend(of.related.iter().map(String::as_str)),
            Kind::Object if of.related.iter().any(|i| answered.contains(i.as_str())) => _ = out.insert(name.as_str()),
            _ => {}
        }
    }
    out
}
