//! Schemas into the arena. Nothing here calls itself along the document's nesting: each schema gets its index first
//! and is filled from a queue, so that cycles end and depth costs no stack.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::document::{At, Document};
use super::keywords;
use crate::base::pointer;
use crate::base::tree::{Map, Node};
use crate::model::{Schema, SchemaId, Schemas, TypeSet};

/// Most schemas of one document.
const MOST_SCHEMAS: usize = 300_000;
/// Most parts gathered for all schemas together. Real documents need one or two a schema; what needs more was built to
/// keep its reader busy.
const MOST_WORK: usize = 300_000;
/// Most places that one schema is merged from.
const MOST_PLACES: usize = 32;
/// Deepest chain of `$ref` and `allOf` merged into one schema.
const MOST_LEVELS: usize = 16;
/// Most parts merged into one schema.
const MOST_PARTS: usize = 64;
/// Below these, schemas have names: OpenAPI 3 and AsyncAPI; Swagger 2 and older JSON Schema; JSON Schema.
const NAMED: [&str; 3] = ["#/components/schemas/", "#/definitions/", "#/$defs/"];
/// Most combinations of two lists of alternatives.
const MOST_VARIANTS: usize = 24;

/// One object whose keywords hold for the schema being built: the schema itself, a target of its reference, or a
/// member of its `allOf`.
pub(in crate::readers) struct Part<'d> {
    /// The keywords.
    pub(in crate::readers) map: Map<'d>,
    /// Where they stand.
    pub(in crate::readers) at: At<'d>,
    /// How many references and `allOf` lie between the schema and this part.
    pub(in crate::readers) level: usize,
    /// Null is allowed beside what this part says.
    pub(in crate::readers) nullable: bool,
}

/// Builds schemas on demand.
pub(in crate::readers) struct Builder<'d> {
    schemas: Schemas,
    memo: HashMap<String, SchemaId>,
    queue: VecDeque<(SchemaId, Vec<At<'d>>)>,
    /// Schemas of alternatives alone, whose types are known only when all is read, and whether null is one of them.
    alternatives: Vec<(SchemaId, bool)>,
    any: Option<SchemaId>,
    /// Parts gathered so far.
    work: usize,
}

impl<'d> Builder<'d> {
    /// With no schema yet.
    pub(in crate::readers) fn new() -> Self {
        Self {
            schemas: Schemas::default(),
            memo: HashMap::new(),
            queue: VecDeque::new(),
            alternatives: Vec::new(),
            any: None,
            work: 0,
        }
    }

    /// The index of the schema at a place; a plain reference gets the index of its target.
    pub(in crate::readers) fn schema(&mut self, doc: &mut Document<'d>, at: At<'d>) -> SchemaId {
        self.all_of(doc, vec![at])
    }

    /// The index of the schema that all of these make together.
    pub(in crate::readers) fn all_of(&mut self, doc: &mut Document<'d>, places: Vec<At<'d>>) -> SchemaId {
        let mut unique: Vec<At<'d>> = Vec::with_capacity(places.len().min(MOST_PLACES));
        for at in places.into_iter().take(MOST_PLACES) {
            let plain = at.value.as_map().is_some_and(|m| m.len() == 1 && m.has("$ref"));
            let Some(at) = (if plain { doc.resolve(at) } else { Some(at) }) else { continue };
            if !unique.iter().any(|u| u.pointer == at.pointer) {
                unique.push(at);
            }
        }
        let Some(first) = unique.first() else { return self.anything() };
        let key = match unique.as_slice() {
            [one] => one.pointer.clone(),
            many => many.iter().map(|u| u.pointer.as_str()).collect::<Vec<_>>().join(" & "),
        };
        if let Some(id) = self.memo.get(&key) {
            return *id;
        }
        if self.schemas.len() >= MOST_SCHEMAS || self.work >= MOST_WORK {
            let message = "too many schemas, or too many that are made of others; the rest is read as \"anything\"";
            doc.warn("too-many-schemas", &first.pointer, message, "split the description");
            return self.anything();
        }
        let id = self.schemas.push(Schema { pointer: first.pointer.clone(), ..Schema::default() });
        self.memo.insert(key, id);
        self.queue.push_back((id, unique));
        id
    }

    /// One more schema, made of others.
    pub(in crate::readers) fn push(&mut self, schema: Schema) -> SchemaId {
        self.schemas.push(schema)
    }

    fn anything(&mut self) -> SchemaId {
        *self.any.get_or_insert_with(|| self.schemas.push(Schema { pointer: "#".to_owned(), ..Schema::default() }))
    }

    /// Fills all schemas that were asked for, and those they ask for.
    pub(in crate::readers) fn finish(mut self, doc: &mut Document<'d>) -> Schemas {
        while let Some((id, places)) = self.queue.pop_front() {
            let schema = self.build(doc, id, &places);
            *self.schemas.get_mut(id) = schema;
        }
        self.settle_alternatives();
        self.schemas
    }

    fn build(&mut self, doc: &mut Document<'d>, id: SchemaId, places: &[At<'d>]) -> Schema {
        let mut parts = Vec::new();
        if self.work >= MOST_WORK {
            return Schema {
                pointer: places.first().map(|p| p.pointer.clone()).unwrap_or_default(),
                ..Schema::default()
            };
        }
        for at in places {
            gather(doc, at.clone(), 0, false, &mut BTreeSet::new(), &mut parts);
        }
        self.work += parts.len();
        let mut schema = keywords::merged(doc, &parts);
        schema.name = name(&parts);
        schema.pointer = places.first().map(|p| p.pointer.clone()).unwrap_or_default();

        let mut properties: indexmap::IndexMap<&str, Vec<At<'d>>> = indexmap::IndexMap::new();
        for part in &parts {
            if let Some(at) = part.at.child("properties") {
                for (name, value) in at.value.entries() {
                    let place = At { value, pointer: pointer::join(&at.pointer, name) };
                    properties.entry(name).or_default().push(place);
                }
            }
        }
        schema.properties =
            properties.into_iter().map(|(name, places)| (name.to_owned(), self.all_of(doc, places))).collect();

        let items: Vec<At<'d>> = parts.iter().filter_map(|p| item_schema(&p.at)).collect();
        if !items.is_empty() {
            schema.items = Some(self.all_of(doc, items));
        }
        self.additional(doc, &parts, &mut schema);
        let nullable = parts.iter().any(|p| p.level == 0 && p.nullable);
        self.variants(doc, &parts, &mut schema, nullable);
        keywords::guess_type(&mut schema);
        if !schema.types.is_any() {
            schema.types = if nullable { schema.types.with(TypeSet::NULL) } else { schema.types };
        } else if !schema.variants.is_empty() {
            self.alternatives.push((id, nullable));
        }
        schema
    }

    fn additional(&mut self, doc: &mut Document<'d>, parts: &[Part<'d>], schema: &mut Schema) {
        use crate::model::Additional;
        let mut values = Vec::new();
        for part in parts {
            for key in ["additionalProperties", "unevaluatedProperties"] {
                match part.at.child(key) {
                    Some(at) if matches!(at.value, Node::Bool(false)) => schema.additional = Additional::No,
                    Some(at) if at.value.as_map().is_some_and(|m| !m.is_empty()) => values.push(at),
                    _ => {}
                }
            }
            if let Some((_, at)) = part.at.child("patternProperties").iter().flat_map(At::children).next() {
                values.push(at);
            }
        }
        if !values.is_empty() {
            schema.additional = Additional::Of(self.all_of(doc, values));
        }
    }

    fn variants(&mut self, doc: &mut Document<'d>, parts: &[Part<'d>], schema: &mut Schema, nullable: bool) {
        let mut combined: Vec<Vec<At<'d>>> = Vec::new();
        for part in parts {
            for key in ["oneOf", "anyOf"] {
                let Some(list) = part.at.child(key) else { continue };
                let alternatives: Vec<At<'d>> = list.items().filter(|a| !is_null(a.value)).collect();
                if alternatives.len() < 2 {
                    continue; // gathered as a part
                }
                if let Some(values) = keywords::constants(&alternatives) {
                    schema.values.get_or_insert(values);
                } else if combined.is_empty() {
                    combined = alternatives.into_iter().map(|a| vec![a]).collect();
                } else if combined.len() * alternatives.len() <= MOST_VARIANTS {
                    combined = combined
                        .iter()
                        .flat_map(|left| {
                            alternatives.iter().map(|right| {
                                let mut both = left.clone();
                                both.push(right.clone());
                                both
                            })
                        })
                        .collect();
                } else {
                    let message = "two lists of alternatives hold at once; only the first is read";
                    doc.warn("combined-alternatives", &list.pointer, message, "");
                }
            }
        }
        if combined.is_empty() {
            combined = super::discriminator::mapped(doc, parts);
        }
        if nullable
            && let Some(values) = &mut schema.values
            && !values.contains(&serde_json::Value::Null)
        {
            values.push(serde_json::Value::Null);
        }
        schema.variants = combined.into_iter().map(|places| self.all_of(doc, places)).collect();
    }

    /// Gives alternatives the types that any of them has, where all are known; null is let in as one of the types, else
    /// as one more alternative.
    fn settle_alternatives(&mut self) {
        let mut open = std::mem::take(&mut self.alternatives);
        // Alternatives may be made of alternatives; each round settles one level.
        for _ in 0..8 {
            let before = open.len();
            open.retain(|(id, nullable)| {
                let variants = &self.schemas.get(*id).variants;
                let known = variants.iter().all(|v| !self.schemas.get(*v).types.is_any());
                if known {
                    let start = if *nullable { TypeSet::NULL } else { TypeSet::ANY };
                    let all = variants.iter().map(|v| self.schemas.get(*v).types).fold(start, TypeSet::with);
                    self.schemas.get_mut(*id).types = all;
                }
                !known
            });
            if open.len() == before {
                break;
            }
        }
        for (id, _) in open.into_iter().filter(|(_, nullable)| *nullable) {
            let pointer = self.schemas.get(id).pointer.clone();
            let null = self.schemas.push(Schema { types: TypeSet::NULL, pointer, ..Schema::default() });
            self.schemas.get_mut(id).variants.push(null);
        }
    }
}

/// `items`, or the first of a tuple.
fn item_schema<'d>(at: &At<'d>) -> Option<At<'d>> {
    let items = at.child("items").or_else(|| at.child("prefixItems"))?;
    match items.value {
        Node::Map(_) => Some(items),
        Node::List(_) => items.items().next(),
        _ => None,
    }
}

/// `{type: null}`, `{enum: [null]}`, `{const: null}`.
fn is_null(value: Node<'_>) -> bool {
    let Some(map) = value.as_map() else { return false };
    match map.get("type") {
        Some(Node::Text(s)) => s == "null",
        Some(Node::List(types)) => types.iter().all(|t| t.as_str() == Some("null")) && !types.is_empty(),
        Some(_) => false,
        None => {
            map.get("const").is_some_and(Node::is_null)
                || map.get("enum").and_then(Node::as_list).is_some_and(|e| matches!(e, [Node::Null]))
        }
    }
}

/// All parts that hold together: the targets of references first, the members of `allOf`, then the place itself.
fn gather<'d>(
    doc: &mut Document<'d>,
    at: At<'d>,
    level: usize,
    nullable: bool,
    seen: &mut BTreeSet<String>,
    parts: &mut Vec<Part<'d>>,
) {
    // A member that only points elsewhere is what it points at.
    let plain = at.value.as_map().is_some_and(|m| m.len() == 1 && m.has("$ref"));
    let Some(at) = (if plain { doc.resolve(at) } else { Some(at) }) else { return };
    let Some(map) = at.value.as_map() else { return };
    if level > MOST_LEVELS || parts.len() >= MOST_PARTS {
        let message = "references and allOf nest too deeply to be merged";
        doc.warn("deep-schema", &at.pointer, message, "flatten the schema");
        return;
    }
    if !seen.insert(at.pointer.clone()) {
        return; // a schema that is part of itself says nothing new
    }
    let mut nullable = nullable || at.flag("nullable") || at.flag("x-nullable");
    let alternatives = |key: &str| at.child(key).map(|list| list.items().collect::<Vec<At<'d>>>()).unwrap_or_default();
    let mut single = Vec::new();
    for key in ["oneOf", "anyOf"] {
        let all = alternatives(key);
        let some: Vec<&At<'d>> = all.iter().filter(|a| !is_null(a.value)).collect();
        nullable |= some.len() < all.len();
        if let [one] = some.as_slice() {
            single.push((*one).clone());
        }
    }
    if let Some(reference) = at.reference()
        && let Some(target) = doc.target(reference, &at.pointer)
    {
        gather(doc, target, level + 1, nullable, seen, parts);
    }
    for part in alternatives("allOf").into_iter().chain(single) {
        gather(doc, part, level + 1, nullable, seen, parts);
    }
    parts.push(Part { map, at, level, nullable });
}

/// The component's name; of a schema that only comments on one component, that one's.
fn name(parts: &[Part<'_>]) -> Option<String> {
    let component = |part: &Part<'_>| {
        let (file, inside) = part.at.pointer.split_once('#')?;
        let rest = match NAMED.iter().find_map(|place| inside.strip_prefix(place.trim_start_matches('#'))) {
            None if file.is_empty() => return None,
            Some(rest) => rest,
            // Of a file of its own, the name is that of the file; of a file of many, that of the key.
            None if inside.is_empty() => {
                let name = file.rsplit('/').next()?;
                name.split('.').next()?
            }
            None => inside.trim_start_matches('/').trim_start_matches("schemas/"),
        };
        (!rest.contains('/') && !rest.is_empty()).then(|| crate::base::text::quoted(&pointer::unescape(rest), 120))
    };
    let own = parts.iter().filter(|p| p.level == 0);
    for part in own {
        if let Some(name) = component(part) {
            return Some(name);
        }
        if part.map.has("properties") {
            return None;
        }
    }
    let nearest = parts.iter().filter(|p| p.level > 0).map(|p| p.level).min()?;
    let mut near = parts.iter().filter(|p| p.level == nearest);
    match (near.next(), near.next()) {
        (Some(only), None) => component(only),
        _ => None,
    }
}
