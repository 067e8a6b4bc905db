//! Schemas into the arena. Nothing here calls itself along the document's nesting: each schema gets its index first
//! and is filled from a queue, so that cycles end and depth costs no stack.

use std::collections::{HashMap, VecDeque};

use super::built::Built;
use super::document::{At, Document};
use super::keywords;
use super::words::{Word, Words};
use crate::base::pointer;
use crate::base::tree::Node;
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
/// The first index of what is built aside; beyond all that one builder makes.
pub(super) const ASIDE: u32 = 1 << 31;
/// Most combinations of two lists of alternatives.
const MOST_VARIANTS: usize = 24;

/// One object whose keywords hold for the schema being built: the schema itself, a target of its reference, or a
/// member of its `allOf`.
pub(in crate::readers) struct Part<'d> {
    /// The keywords.
    pub(in crate::readers) words: Words<'d>,
    /// Where they stand.
    pub(in crate::readers) at: At<'d>,
    /// How many references and `allOf` lie between the schema and this part.
    pub(in crate::readers) level: usize,
    /// Null is allowed beside what this part says.
    pub(in crate::readers) nullable: bool,
}

impl<'d> Part<'d> {
    /// The place of a keyword.
    pub(in crate::readers) fn child(&self, word: Word) -> Option<At<'d>> {
        self.words.child(&self.at, word)
    }
}

/// Builds schemas on demand.
pub(in crate::readers) struct Builder<'d> {
    schemas: Schemas,
    /// The index of the first of [`Self::schemas`]; those below it are another's.
    first: u32,
    /// By the object that says it all.
    memo: Memo,
    /// By the objects that say it together.
    together: HashMap<Vec<usize>, SchemaId>,
    queue: VecDeque<(SchemaId, Places<'d>)>,
    /// Schemas of alternatives alone, whose types are known only when all is read, and whether null is one of them.
    alternatives: Vec<(SchemaId, bool)>,
    any: Option<SchemaId>,
    /// Parts gathered so far.
    work: usize,
    /// Kept from one schema to the next, for the room they have.
    parts: Vec<Part<'d>>,
    seen: Vec<usize>,
}

/// Schemas by the object that says all of each.
pub(super) type Memo = HashMap<usize, SchemaId, Addresses>;

/// Where one schema is said.
enum Places<'d> {
    One(At<'d>),
    Many(Vec<At<'d>>),
}

impl<'d> Places<'d> {
    fn all(&self) -> &[At<'d>] {
        match self {
            Self::One(at) => std::slice::from_ref(at),
            Self::Many(all) => all,
        }
    }
}

/// Hashes addresses, which nobody who writes a description can choose.
#[derive(Clone, Copy, Default)]
pub(super) struct Addresses;

pub(super) struct AddressHasher(u64);

impl std::hash::BuildHasher for Addresses {
    type Hasher = AddressHasher;

    fn build_hasher(&self) -> AddressHasher {
        AddressHasher(0)
    }
}

impl std::hash::Hasher for AddressHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_usize(usize::from(*byte));
        }
    }

    fn write_usize(&mut self, address: usize) {
        // Fibonacci hashing; the low bits of addresses are alike.
        self.0 = (self.0.rotate_left(5) ^ address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

/// What a plain reference points at; everything else is itself.
pub(super) fn followed<'d>(doc: &mut Document<'d>, at: At<'d>) -> Option<At<'d>> {
    let plain = at.value.as_map().is_some_and(|m| m.len() == 1 && m.has("$ref"));
    if plain { doc.resolve(at) } else { Some(at) }
}

impl<'d> Builder<'d> {
    /// With no schema yet.
    pub(in crate::readers) fn new() -> Self {
        Self::beside(Memo::default(), 0)
    }

    /// As [`Self::new`], with these schemas asked for, in their order.
    pub(in crate::readers) fn of(doc: &mut Document<'d>, places: &[At<'d>]) -> Self {
        let mut builder = Self::new();
        for at in places {
            builder.schema(doc, *at);
        }
        builder
    }

    /// Builds beside another, on another thread perhaps, which builds the schemas that it was asked for so far; what
    /// both come to build is sorted out by [`Built::join`].
    pub(in crate::readers) fn aside(&self) -> Self {
        Self::beside(self.memo.clone(), ASIDE)
    }

    fn beside(memo: Memo, first: u32) -> Self {
        Self {
            schemas: Schemas::default(),
            first,
            memo,
            together: HashMap::new(),
            queue: VecDeque::new(),
            alternatives: Vec::new(),
            any: None,
            work: 0,
            parts: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// The index of the schema at a place; a plain reference gets the index of its target.
    pub(in crate::readers) fn schema(&mut self, doc: &mut Document<'d>, at: At<'d>) -> SchemaId {
        let Some(at) = followed(doc, at) else { return self.anything() };
        let Some(identity) = at.identity() else { return self.add(doc, Places::One(at)) };
        if let Some(id) = self.memo.get(&identity) {
            return *id;
        }
        let id = self.add(doc, Places::One(at));
        self.memo.insert(identity, id);
        id
    }

    /// The index of the schema that all of these make together.
    pub(in crate::readers) fn all_of(&mut self, doc: &mut Document<'d>, places: &[At<'d>]) -> SchemaId {
        if let [one] = places {
            return self.schema(doc, *one);
        }
        let mut unique: Vec<At<'d>> = Vec::with_capacity(places.len().min(MOST_PLACES));
        for at in places.iter().take(MOST_PLACES) {
            let Some(at) = followed(doc, *at) else { continue };
            if !unique.iter().any(|u| u.identity() == at.identity()) {
                unique.push(at);
            }
        }
        match unique.as_slice() {
            [] => return self.anything(),
            [one] => return self.schema(doc, *one),
            _ => {}
        }
        let key: Vec<usize> = unique.iter().map(|at| at.identity().unwrap_or_default()).collect();
        if let Some(id) = self.together.get(&key) {
            return *id;
        }
        let id = self.add(doc, Places::Many(unique));
        self.together.insert(key, id);
        id
    }

    fn add(&mut self, doc: &mut Document<'d>, places: Places<'d>) -> SchemaId {
        if self.schemas.len() >= MOST_SCHEMAS || self.work >= MOST_WORK {
            let message = "too many schemas, or too many that are made of others; the rest is read as \"anything\"";
            let first = places.all().first().map(At::pointer).unwrap_or_default();
            doc.warn("too-many-schemas", &first, message, "split the description");
            return self.anything();
        }
        let id = self.push(Schema::default());
        self.queue.push_back((id, places));
        id
    }

    /// One more schema, made of others.
    pub(in crate::readers) fn push(&mut self, schema: Schema) -> SchemaId {
        SchemaId(self.schemas.push(schema).0 + self.first)
    }

    fn anything(&mut self) -> SchemaId {
        if let Some(any) = self.any {
            return any;
        }
        let any = self.push(Schema { pointer: "#".to_owned(), ..Schema::default() });
        self.any = Some(any);
        any
    }

    /// Fills all schemas that were asked for, and those they ask for.
    pub(in crate::readers) fn fill(&mut self, doc: &mut Document<'d>) {
        while let Some((id, places)) = self.queue.pop_front() {
            let schema = self.build(doc, id, places.all());
            *self.schemas.get_mut(SchemaId(id.0 - self.first)) = schema;
        }
    }

    /// All that was built, filled.
    pub(in crate::readers) fn built(mut self, doc: &mut Document<'d>) -> Built {
        self.fill(doc);
        let Self { schemas, memo, together, alternatives, any, .. } = self;
        Built { schemas, memo, together, alternatives, any }
    }

    /// The schemas, filled.
    pub(in crate::readers) fn finish(self, doc: &mut Document<'d>) -> Schemas {
        self.built(doc).settled()
    }

    fn build(&mut self, doc: &mut Document<'d>, id: SchemaId, places: &[At<'d>]) -> Schema {
        let pointer = places.first().map(At::pointer).unwrap_or_default();
        if self.work >= MOST_WORK {
            return Schema { pointer, ..Schema::default() };
        }
        let mut parts = std::mem::take(&mut self.parts);
        parts.clear();
        for at in places {
            self.seen.clear();
            gather(doc, *at, 0, false, &mut self.seen, &mut parts);
        }
        self.work += parts.len();
        let mut schema = keywords::merged(doc, &parts);
        let nothing = |at: &At<'d>| matches!(at.value, Node::Bool(false));
        let everything =
            |value: Node<'_>| matches!(value, Node::Bool(true)) || value.as_map().is_some_and(|map| map.is_empty());
        let members = parts.iter().filter_map(|part| part.child(Word::AllOf));
        if places.iter().any(nothing)
            || members.flat_map(|list| list.items().collect::<Vec<_>>()).any(|at| nothing(&at))
            || parts.iter().filter_map(|part| part.words.get(Word::Not)).any(everything)
        {
            // The schema `false`, by itself or as `not: {}`: there is no value that it allows.
            schema.values = Some(Vec::new());
        }
        schema.name = name(&parts);
        schema.pointer = pointer;
        self.properties(doc, &parts, &mut schema);

        let items: Vec<At<'d>> = parts.iter().filter_map(item_schema).collect();
        if !items.is_empty() {
            schema.items = Some(self.all_of(doc, &items));
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
        self.parts = parts;
        schema
    }

    fn properties(&mut self, doc: &mut Document<'d>, parts: &[Part<'d>], schema: &mut Schema) {
        let mut holders = parts.iter().filter_map(|part| part.child(Word::Properties));
        let Some(first) = holders.next() else { return };
        let Some(second) = holders.next() else {
            // Most have one part.
            let own = first.value.entries();
            schema.properties =
                own.map(|(name, value)| (name.to_owned(), self.schema(doc, first.below(name, value)))).collect();
            return;
        };
        let mut properties: indexmap::IndexMap<&str, Vec<At<'d>>> = indexmap::IndexMap::new();
        for holder in [first, second].into_iter().chain(holders) {
            for (name, value) in holder.value.entries() {
                properties.entry(name).or_default().push(holder.below(name, value));
            }
        }
        schema.properties =
            properties.into_iter().map(|(name, places)| (name.to_owned(), self.all_of(doc, &places))).collect();
    }

    fn additional(&mut self, doc: &mut Document<'d>, parts: &[Part<'d>], schema: &mut Schema) {
        use crate::model::Additional;
        let mut values = Vec::new();
        for part in parts {
            for word in [Word::AdditionalProperties, Word::UnevaluatedProperties] {
                match part.child(word) {
                    Some(at) if matches!(at.value, Node::Bool(false)) => schema.additional = Additional::No,
                    Some(at) if at.value.as_map().is_some_and(|m| !m.is_empty()) => values.push(at),
                    _ => {}
                }
            }
            if let Some((_, at)) = part.child(Word::PatternProperties).iter().flat_map(At::children).next() {
                values.push(at);
            }
        }
        if !values.is_empty() {
            schema.additional = Additional::Of(self.all_of(doc, &values));
        }
    }

    fn variants(&mut self, doc: &mut Document<'d>, parts: &[Part<'d>], schema: &mut Schema, nullable: bool) {
        let mut combined: Vec<Vec<At<'d>>> = Vec::new();
        for part in parts {
            for word in [Word::OneOf, Word::AnyOf] {
                let Some(list) = part.child(word) else { continue };
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
                                both.push(*right);
                                both
                            })
                        })
                        .collect();
                } else {
                    let message = "two lists of alternatives hold at once; only the first is read";
                    doc.warn("combined-alternatives", &list.pointer(), message, "");
                }
            }
        }
        if combined.is_empty() {
            combined = super::discriminator::mapped(doc, parts);
        }
        if nullable
            && let Some(values) = schema.facets.as_mut().and_then(|f| f.values.as_mut())
            && !values.contains(&serde_json::Value::Null)
        {
            values.push(serde_json::Value::Null);
        }
        schema.variants = combined.iter().map(|places| self.all_of(doc, places)).collect();
    }
}

/// `items`, or the first of a tuple.
fn item_schema<'d>(part: &Part<'d>) -> Option<At<'d>> {
    let items = part.child(Word::Items).or_else(|| part.child(Word::PrefixItems))?;
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
    seen: &mut Vec<usize>,
    parts: &mut Vec<Part<'d>>,
) {
    // A member that only points elsewhere is what it points at.
    let Some(at) = followed(doc, at) else { return };
    let Some(map) = at.value.as_map() else { return };
    if level > MOST_LEVELS || parts.len() >= MOST_PARTS {
        let message = "references and allOf nest too deeply to be merged";
        doc.warn("deep-schema", &at.pointer(), message, "flatten the schema");
        return;
    }
    if seen.contains(&map.identity()) {
        return; // a schema that is part of itself says nothing new
    }
    seen.push(map.identity());
    let words = Words::of(map);
    let mut nullable = nullable || words.flag(Word::Nullable) || words.flag(Word::XNullable);
    let mut single = [None; 2];
    for (word, single) in [Word::OneOf, Word::AnyOf].into_iter().zip(&mut single) {
        let Some(list) = words.get(word).and_then(Node::as_list) else { continue };
        let mut some = list.iter().filter(|a| !is_null(**a));
        let first = some.next();
        let only = some.next().is_none();
        nullable |= list.iter().any(|a| is_null(*a));
        *single = words.child(&at, word).filter(|_| only && first.is_some());
    }
    if words.has(Word::Ref)
        && let Some(reference) = at.reference()
        && let Some(target) = doc.target(reference, at.place)
    {
        gather(doc, target, level + 1, nullable, seen, parts);
    }
    let list = words.child(&at, Word::AllOf);
    if let Some(list) = &list {
        super::apart::told(doc, list);
    }
    for part in list.iter().flat_map(At::items) {
        gather(doc, part, level + 1, nullable, seen, parts);
    }
    for one in single.into_iter().flatten().flat_map(|list| list.items()).filter(|a| !is_null(a.value)) {
        gather(doc, one, level + 1, nullable, seen, parts);
    }
    parts.push(Part { words, at, level, nullable });
}

/// The component's name; of a schema that only comments on one component, that one's.
fn name(parts: &[Part<'_>]) -> Option<String> {
    let component = |part: &Part<'_>| {
        // `#/components/schemas/X` at most, below a file of any kind.
        if part.at.place.depth() > 3 {
            return None;
        }
        let pointer = part.at.pointer();
        let (file, inside) = pointer.split_once('#')?;
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
        if part.words.has(Word::Properties) {
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
