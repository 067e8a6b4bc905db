//! Schemas in an arena: a reference is an index, so cycles cost nothing.

use std::cell::Cell;

use indexmap::IndexMap;
use serde_json::{Number, Value};

use super::{Fields, Names, Properties};

/// Index of a schema in [`Schemas`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct SchemaId(pub u32);

thread_local! {
    /// The highest index read back from bytes since [`SchemaId::highest`] was last asked.
    static HIGHEST: Cell<Option<u32>> = const { Cell::new(None) };
}

impl SchemaId {
    /// The highest index that this thread has read back from bytes since it last asked: whoever reads a system compares
    /// it with the schemas that came, since an index is looked up without asking whether there is such a schema.
    pub(crate) fn highest() -> Option<u32> {
        HIGHEST.take()
    }
}

impl<'de> serde::Deserialize<'de> for SchemaId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = u32::deserialize(deserializer)?;
        HIGHEST.set(HIGHEST.get().max(Some(id)));
        Ok(Self(id))
    }
}

/// A set of JSON types; empty means any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct TypeSet(u8);

impl TypeSet {
    /// Any type.
    pub const ANY: Self = Self(0);
    /// `null`
    pub const NULL: Self = Self(1);
    /// `boolean`
    pub const BOOLEAN: Self = Self(2);
    /// `integer`
    pub const INTEGER: Self = Self(4);
    /// `number` (integers included)
    pub const NUMBER: Self = Self(8);
    /// `string`
    pub const STRING: Self = Self(16);
    /// `array`
    pub const ARRAY: Self = Self(32);
    /// `object`
    pub const OBJECT: Self = Self(64);

    const NAMES: [(Self, &'static str); 7] = [
        (Self::NULL, "null"),
        (Self::BOOLEAN, "boolean"),
        (Self::INTEGER, "integer"),
        (Self::NUMBER, "number"),
        (Self::STRING, "string"),
        (Self::ARRAY, "array"),
        (Self::OBJECT, "object"),
    ];

    /// The set of one type named as JSON Schema names it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, n)| *n == name).map(|(t, _)| *t)
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set without the other's types.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// No type is named: any is allowed.
    #[must_use]
    pub const fn is_any(self) -> bool {
        self.0 == 0
    }

    /// Names a type of `other`.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The type of a value; a number without fraction and exponent is an integer.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(n) if is_integer(n) => Self::INTEGER,
            Value::Number(_) => Self::NUMBER,
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }

    /// Allows values of type `one`.
    #[must_use]
    pub const fn allows(self, one: Self) -> bool {
        self.is_any() || self.has(one) || (one.0 == Self::INTEGER.0 && self.has(Self::NUMBER))
    }
}

/// Whether a JSON number is an integer by value (`1`, `1.0`, `1e2`).
#[must_use]
pub(super) fn is_integer(n: &Number) -> bool {
    let text = n.as_str();
    match (text.find(['e', 'E']), text.split_once('.')) {
        (None, None) => true,
        // Digit by digit: a double of 17 digits has no fraction left.
        (None, Some((_, fraction))) => fraction.bytes().all(|b| b == b'0'),
        _ => n.as_f64().is_some_and(|f| f.is_finite() && f.fract() == 0.0),
    }
}

impl std::fmt::Display for TypeSet {
    /// `string or null`; `anything`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_any() {
            return f.write_str("anything");
        }
        let names: Vec<&str> = Self::NAMES
            .iter()
            .filter(|(t, _)| self.has(*t) && *t != Self::NULL)
            .map(|(_, n)| *n)
            .chain(self.has(Self::NULL).then_some("null"))
            .collect();
        f.write_str(&names.join(" or "))
    }
}

/// What an object may hold beside its named properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum Additional {
    /// Anything (the default of JSON Schema).
    #[default]
    Any,
    /// Nothing.
    No,
    /// Values of this schema: a map.
    Of(SchemaId),
}

/// One schema, `allOf` merged in and `$ref` resolved; `oneOf` and `anyOf` are [`Schema::variants`].
///
/// Large descriptions have hundreds of thousands of them, most with a type, a name and a sentence. What few have is kept
/// apart as [`Facets`] and read as if it stood here: `schema.max_length`.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Schema {
    /// Allowed types; `nullable` is in it as [`TypeSet::NULL`].
    pub types: TypeSet,
    /// Only in answers.
    pub read_only: bool,
    /// Only in requests.
    pub write_only: bool,
    /// Marked deprecated.
    pub deprecated: bool,
    /// `date-time`, `email`, `decimal`, `int64` …, as written.
    pub format: Option<String>,
    /// Schema of the items of an array.
    pub items: Option<SchemaId>,
    /// Named properties, in the order written.
    pub properties: Properties,
    /// Properties that must be present.
    pub required: Names,
    /// Other properties.
    pub additional: Additional,
    /// Alternatives, of which one (`oneOf`) or some (`anyOf`) hold.
    pub variants: Vec<SchemaId>,
    /// What few schemas say; nothing says the same as no facet.
    pub facets: Option<Box<Facets>>,
    /// Component name, where it has one.
    pub name: Option<String>,
    /// Cleaned, at most 300 characters.
    pub description: String,
    /// Where it was read.
    pub pointer: String,
}

/// Bounds, values and samples: what few schemas say.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Facets {
    /// The only values allowed (`enum`, or `const` as a list of one); null kept as a value.
    #[serde(with = "crate::base::exact::option")]
    pub values: Option<Vec<Value>>,
    /// In characters.
    pub min_length: Option<u64>,
    /// In characters.
    pub max_length: Option<u64>,
    /// ECMA 262 pattern, unanchored.
    pub pattern: Option<String>,
    /// Inclusive.
    #[serde(with = "crate::base::exact::option")]
    pub minimum: Option<Number>,
    /// Inclusive.
    #[serde(with = "crate::base::exact::option")]
    pub maximum: Option<Number>,
    /// `minimum` itself is not allowed.
    pub exclusive_minimum: bool,
    /// `maximum` itself is not allowed.
    pub exclusive_maximum: bool,
    /// Fewest items.
    pub min_items: Option<u64>,
    /// Most items.
    pub max_items: Option<u64>,
    /// No two items are equal.
    pub unique_items: bool,
    /// Numbers are whole multiples of it; above zero.
    #[serde(with = "crate::base::exact::option")]
    pub multiple_of: Option<Number>,
    /// Fewest properties.
    pub min_properties: Option<u64>,
    /// Most properties.
    pub max_properties: Option<u64>,
    /// Properties with what must be there beside each, in the order written.
    pub needs: Vec<(String, Names)>,
    /// The property that tells the variants apart.
    pub discriminator: Option<String>,
    /// Used where the value is absent.
    #[serde(with = "crate::base::exact::option")]
    pub default: Option<Box<Value>>,
    /// An example, as written; never trusted to fit.
    #[serde(with = "crate::base::exact::option")]
    pub example: Option<Box<Value>>,
}

impl Facets {
    const NONE: Self = Self {
        values: None,
        min_length: None,
        max_length: None,
        pattern: None,
        minimum: None,
        maximum: None,
        exclusive_minimum: false,
        exclusive_maximum: false,
        min_items: None,
        max_items: None,
        unique_items: false,
        multiple_of: None,
        min_properties: None,
        max_properties: None,
        needs: Vec::new(),
        discriminator: None,
        default: None,
        example: None,
    };
}

impl From<Facets> for Option<Box<Facets>> {
    fn from(facets: Facets) -> Self {
        (facets != Facets::NONE).then(|| Box::new(facets))
    }
}

impl std::ops::Deref for Schema {
    type Target = Facets;

    fn deref(&self) -> &Facets {
        static NONE: Facets = Facets::NONE;
        self.facets.as_deref().unwrap_or(&NONE)
    }
}

impl std::ops::DerefMut for Schema {
    /// Makes room for them; to read, borrow the schema shared.
    fn deref_mut(&mut self) -> &mut Facets {
        self.facets.get_or_insert_default()
    }
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        // Taken apart, so that a field added later is compared too.
        let Self {
            types,
            read_only,
            write_only,
            deprecated,
            format,
            items,
            properties,
            required,
            additional,
            variants,
            facets: _,
            name,
            description,
            pointer,
        } = self;
        **self == **other
            && (types, read_only, write_only, deprecated, format, items)
                == (&other.types, &other.read_only, &other.write_only, &other.deprecated, &other.format, &other.items)
            && (properties, required, additional) == (&other.properties, &other.required, &other.additional)
            && (variants, name, description, pointer)
                == (&other.variants, &other.name, &other.description, &other.pointer)
    }
}

impl Schema {
    /// A text that is a date and a time without a zone, under the names that descriptions have for it.
    #[must_use]
    pub fn is_local_time(&self) -> bool {
        matches!(self.format.as_deref(), Some("date-time-local" | "local-date-time" | "datetime-local"))
    }

    /// A text that is a date and a time, with or without a zone.
    #[must_use]
    pub fn is_time(&self) -> bool {
        self.is_local_time() || self.format.as_deref() == Some("date-time")
    }

    /// Puts another index in the place of each that leads to another schema.
    pub fn rewire(&mut self, to: impl Fn(SchemaId) -> SchemaId) {
        let additional = if let Additional::Of(id) = &mut self.additional { Some(id) } else { None };
        let all = self.items.iter_mut().chain(self.properties.values_mut()).chain(additional).chain(&mut self.variants);
        all.for_each(|id| *id = to(*id));
    }

    /// May be null.
    #[must_use]
    pub fn nullable(&self) -> bool {
        self.types.has(TypeSet::NULL)
            || (self.types.is_any() && self.values.as_ref().is_some_and(|v| v.contains(&Value::Null)))
    }
}

/// All schemas of one system.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[expect(clippy::vec_box, reason = "a list of large things is copied whenever it grows")]
pub struct Schemas(Vec<Box<Schema>>);

impl Schemas {
    /// Adds one and tells its index.
    pub fn push(&mut self, schema: Schema) -> SchemaId {
        let id = SchemaId(u32::try_from(self.0.len()).expect("fewer than 2^32 schemas fit in memory"));
        self.0.push(Box::new(schema));
        id
    }

    /// Adds those of another for which `keep` says so, each led to where what it refers to has gone.
    pub fn take_over(&mut self, other: Self, keep: impl Fn(SchemaId) -> bool, to: impl Fn(SchemaId) -> SchemaId) {
        for (at, mut schema) in (0..).zip(other.0) {
            if keep(SchemaId(at)) {
                schema.rewire(&to);
                self.0.push(schema);
            }
        }
    }

    /// The schema at an index that [`Schemas::push`] gave.
    #[must_use]
    pub fn get(&self, id: SchemaId) -> &Schema {
        &self.0[id.0 as usize]
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, id: SchemaId) -> &mut Schema {
        &mut self.0[id.0 as usize]
    }

    /// All of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Schema> {
        self.0.iter().map(|schema| &**schema)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The property `name` of a schema or of its variants (the first that has it), and whether it must be present
    /// in every value.
    #[must_use]
    pub fn property(&self, id: SchemaId, name: &str) -> Option<(SchemaId, bool)> {
        self.property_within(id, name, 0)
    }

    fn property_within(&self, id: SchemaId, name: &str, depth: usize) -> Option<(SchemaId, bool)> {
        if depth > 8 {
            return None; // variants that refer to themselves
        }
        let schema = self.get(id);
        if let Some(found) = schema.properties.get(name) {
            return Some((*found, schema.required.contains(name)));
        }
        let mut hits = schema.variants.iter().map(|v| self.property_within(*v, name, depth + 1));
        let all_required =
            schema.variants.iter().all(|v| self.property_within(*v, name, depth + 1).is_some_and(|(_, r)| r));
        if let Some((found, _)) = hits.find_map(|h| h) {
            return Some((found, all_required));
        }
        if let Additional::Of(values) = schema.additional { Some((values, false)) } else { None }
    }

    /// All named properties of a schema and of its variants, in order, each once.
    #[must_use]
    pub fn properties(&self, id: SchemaId) -> Fields<'_> {
        let schema = self.get(id);
        if schema.variants.is_empty() {
            return Fields::own(&schema.properties);
        }
        let mut out = IndexMap::new();
        self.collect(id, &mut out, 0);
        Fields::merged(out)
    }

    fn collect<'s>(&'s self, id: SchemaId, out: &mut IndexMap<&'s str, SchemaId>, depth: usize) {
        if depth > 8 {
            return;
        }
        let schema = self.get(id);
        for (name, property) in &schema.properties {
            out.entry(name.as_str()).or_insert(*property);
        }
        for variant in &schema.variants {
            self.collect(*variant, out, depth + 1);
        }
    }
}
