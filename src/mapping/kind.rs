//! What is known about a value before there is one: its types, whether it may be null or missing, its values, length,
//! format. Kinds flow from the source schema through the steps of a rule to the target schema.

use std::str::FromStr as _;

use rust_decimal::Decimal;
use serde_json::{Number, Value};

use super::measure::Measured;
use crate::model::multiple::{self, is_multiple};
use crate::model::{Schema, SchemaId, Schemas, TypeSet, pattern_length};

/// One end of a range of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// The end.
    pub at: Decimal,
    /// The end itself is not in the range.
    pub exclusive: bool,
}

impl Bound {
    fn stated(number: Option<&Number>, exclusive: bool) -> Option<Self> {
        let text = number?.to_string();
        let at = Decimal::from_str(&text).or_else(|_| Decimal::from_scientific(&text)).ok()?;
        Some(Self { at, exclusive })
    }
}

/// How sure it is that texts get as long as the most that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// As stated: they do, and where nothing is stated, nobody knows.
    #[default]
    Stated,
    /// A part of a text that gets as long: nearly always shorter.
    Part,
    /// Seen on generated records alone, and judged on them.
    Sampled,
}

/// What is known about a value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Kind {
    /// Its types, null excluded; none named: any.
    pub types: TypeSet,
    /// May be null.
    pub nullable: bool,
    /// May be missing.
    pub optional: bool,
    /// All values it can have, null excluded, where that is known.
    pub values: Option<Vec<Value>>,
    /// Fewest characters.
    pub min_length: u64,
    /// Most characters, where that is known.
    pub max_length: Option<u64>,
    /// How sure it is that a text gets as long as that.
    pub reach: Reach,
    /// Format of a string or number, where that is known.
    pub format: Option<String>,
    /// Kind of the items of a list.
    pub items: Option<Box<Self>>,
    /// Fewest items.
    pub min_items: u64,
    /// Most items, where that is known.
    pub max_items: Option<u64>,
    /// Lower end of a number, where that is known.
    pub minimum: Option<Bound>,
    /// Upper end of a number, where that is known.
    pub maximum: Option<Bound>,
    /// A number, or one written as a text, is a whole multiple of it, where that is known.
    pub step: Option<Decimal>,
    /// No two items of a list are equal.
    pub unique: bool,
    /// What it measures: a unit, the scale and currency of an amount, the zone or precision of a time; where nobody said, and
    /// in what a schema alone gives, nothing. The type checker adds it, who knows the field's name.
    pub measure: Option<Box<Measured>>,
    /// The schema it was read from, as long as no step has changed it.
    pub schema: Option<SchemaId>,
}

const DEEPEST: usize = 4;

/// Of two steps of which one fits into the other, the smaller: values of either are its multiples.
fn finer(a: Decimal, b: Decimal) -> Option<Decimal> {
    [(a, b), (b, a)]
        .into_iter()
        .find(|(large, small)| is_multiple(*large, *small) == Some(true))
        .map(|(_, small)| small)
}

impl Kind {
    /// A kind of these types and nothing else known.
    #[must_use]
    pub fn of(types: TypeSet) -> Self {
        Self { types, ..Self::default() }
    }

    /// This kind's nullability and presence around another.
    #[must_use]
    pub fn around(&self, inner: Self) -> Self {
        Self { nullable: self.nullable || inner.nullable, optional: self.optional || inner.optional, ..inner }
    }

    /// The kind of a value that is one of these, null and missing left out of account.
    #[must_use]
    pub fn either(kinds: &[Self]) -> Self {
        let Some((first, rest)) = kinds.split_first() else { return Self::default() };
        let mut out = Self { nullable: false, optional: false, schema: None, ..first.clone() };
        for kind in rest {
            let any = out.types.is_any() || kind.types.is_any();
            out.types = if any { TypeSet::ANY } else { out.types.with(kind.types) };
            out.values = match (out.values.take(), &kind.values) {
                (Some(mut all), Some(more)) => {
                    all.extend(more.iter().filter(|v| !all.contains(v)).cloned().collect::<Vec<_>>());
                    Some(all)
                }
                _ => None,
            };
            out.min_length = out.min_length.min(kind.min_length);
            out.max_length = out.max_length.zip(kind.max_length).map(|(a, b)| a.max(b));
            if out.reach != kind.reach {
                out.reach = Reach::Part;
            }
            out.min_items = out.min_items.min(kind.min_items);
            out.max_items = out.max_items.zip(kind.max_items).map(|(a, b)| a.max(b));
            out.minimum = out.minimum.zip(kind.minimum).map(|(a, b)| if a.at <= b.at { a } else { b });
            out.maximum = out.maximum.zip(kind.maximum).map(|(a, b)| if a.at >= b.at { a } else { b });
            out.step = out.counted().zip(kind.counted()).and_then(|(a, b)| finer(a, b));
            out.unique &= kind.unique;
            if out.format != kind.format {
                out.format = None;
            }
            if out.measure != kind.measure {
                out.measure = None;
            }
            out.items = match (out.items.take(), &kind.items) {
                (Some(a), Some(b)) if a == *b => Some(a),
                _ => None,
            };
        }
        out
    }

    /// The kind of values of a schema, variants taken together.
    #[must_use]
    pub fn from_schema(schemas: &Schemas, id: SchemaId) -> Self {
        Self::within(schemas, id, 0)
    }

    fn within(schemas: &Schemas, id: SchemaId, depth: usize) -> Self {
        let schema = schemas.get(id);
        let mut kind = Self::own(schema, id);
        if depth >= DEEPEST {
            return kind;
        }
        if let Some(items) = schema.items {
            kind.items = Some(Box::new(Self::within(schemas, items, depth + 1)));
        }
        if !schema.variants.is_empty() {
            let variants: Vec<Self> = schema.variants.iter().map(|v| Self::within(schemas, *v, depth + 1)).collect();
            kind.join_variants(&variants, schema);
        }
        kind
    }

    fn own(schema: &Schema, id: SchemaId) -> Self {
        let not_null = |v: &[Value]| v.iter().filter(|v| !v.is_null()).cloned().collect::<Vec<_>>();
        let mut kind = Self {
            types: schema.types.without(TypeSet::NULL),
            nullable: schema.nullable(),
            optional: false,
            values: schema.values.as_deref().map(not_null),
            min_length: schema.min_length.unwrap_or(0),
            max_length: schema.max_length,
            reach: Reach::Stated,
            format: schema.format.clone(),
            items: None,
            min_items: schema.min_items.unwrap_or(0),
            max_items: schema.max_items,
            minimum: Bound::stated(schema.minimum.as_ref(), schema.exclusive_minimum),
            maximum: Bound::stated(schema.maximum.as_ref(), schema.exclusive_maximum),
            step: multiple::step(schema.multiple_of.as_ref()),
            unique: schema.unique_items,
            measure: None,
            schema: Some(id),
        };
        if kind.types == TypeSet::NUMBER && kind.step.is_some_and(|step| step.is_integer()) {
            kind.types = TypeSet::INTEGER;
        }
        if kind.types.is_any() && !schema.types.is_any() {
            kind.values = Some(Vec::new()); // nothing but null
        }
        if schema.types.is_any() && !schema.properties.is_empty() {
            kind.types = TypeSet::OBJECT;
        }
        kind.measure();
        if let Some(pattern) = schema.pattern.as_deref().filter(|_| schema.values.is_none())
            && let Some((fewest, most)) = pattern_length(pattern)
        {
            kind.min_length = kind.min_length.max(fewest);
            kind.max_length = kind.max_length.into_iter().chain(most).min();
        }
        kind
    }

    /// The largest number it can be, where that is known.
    #[must_use]
    pub fn most(&self) -> Option<Decimal> {
        self.maximum.map(|m| m.at)
    }

    /// The step of a number: as stated, and 1 for what is an integer.
    #[must_use]
    pub fn counted(&self) -> Option<Decimal> {
        let whole = self.types == TypeSet::INTEGER;
        self.step.or_else(|| whole.then_some(Decimal::ONE))
    }

    fn join_variants(&mut self, variants: &[Self], schema: &Schema) {
        // A variant that is nothing but null makes the whole nullable and adds no type.
        let only_null = |v: &&Self| v.types.is_any() && v.values.as_ref().is_some_and(Vec::is_empty);
        if self.types.is_any() || schema.types.is_any() {
            self.nullable |= variants.iter().any(|v| v.nullable);
        }
        let typed: Vec<&Self> = variants.iter().filter(|v| !only_null(v)).collect();
        if self.types.is_any() && typed.iter().all(|v| !v.types.is_any()) {
            self.types = typed.iter().fold(TypeSet::ANY, |t, v| t.with(v.types));
        }
        if self.values.is_none() && !typed.is_empty() && typed.iter().all(|v| v.values.is_some()) {
            self.values = Some(typed.iter().flat_map(|v| v.values.clone().unwrap_or_default()).collect());
        }
        if self.max_length.is_none() {
            let texts: Vec<Option<u64>> =
                typed.iter().filter(|v| v.types.allows(TypeSet::STRING)).map(|v| v.max_length).collect();
            self.max_length = texts.iter().copied().collect::<Option<Vec<u64>>>().and_then(|l| l.into_iter().max());
        }
        if self.format.is_none()
            && let Some(first) = typed.first()
            && typed.iter().all(|v| v.format == first.format)
        {
            self.format.clone_from(&first.format);
        }
        if let [only] = typed.as_slice() {
            // Null and one thing: what is known of that thing is known of the whole.
            self.min_length = self.min_length.max(only.min_length);
            self.min_items = self.min_items.max(only.min_items);
            self.max_items = self.max_items.or(only.max_items);
            (self.minimum, self.maximum) = (self.minimum.or(only.minimum), self.maximum.or(only.maximum));
            self.step = self.step.or(only.step);
            self.unique |= only.unique;
        }
        if self.items.is_none() {
            self.items = typed.iter().find_map(|v| v.items.clone());
        }
    }

    /// Takes length from the values where they are known, else from the format where it fixes one.
    pub fn measure(&mut self) {
        if let Some(values) = &self.values {
            let lengths = || values.iter().filter_map(Value::as_str).map(|s| s.chars().count() as u64);
            if let (Some(low), Some(high)) = (lengths().min(), lengths().max()) {
                (self.min_length, self.max_length) = (low, Some(high));
            }
            return;
        }
        if self.max_length.is_none() {
            self.max_length = match self.format.as_deref() {
                Some("uuid") => Some(36),
                Some("date") => Some(10),
                _ => None,
            };
        }
        if self.min_length == 0 {
            self.min_length = match self.format.as_deref() {
                Some("uuid") => 36,
                Some("date") => 10,
                Some("date-time") => 20,
                Some("email") => 3,
                _ => 0,
            };
        }
    }

    /// Whether null fits.
    #[must_use]
    pub fn takes_null(&self) -> bool {
        self.nullable || (self.types.is_any() && self.values.is_none())
    }
}
