//! Seeded values that fit a schema: records for mock systems, and for the proof that a mapping's output is valid.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::str::FromStr as _;

use rust_decimal::Decimal;
use serde_json::{Map, Number, Value};

use super::distinct::identity;
use super::impossible::without_value;
use super::multiple::{align, common, decimal as bound, step};
use super::text::{text, word};
use super::{Additional, Direction, Schema, SchemaId, Schemas, TypeSet, validate};
use crate::base::rng::Rng;

/// Below this depth only what is required is made.
const SPARSE: usize = 4;
/// Below this depth nothing is made: the schema requires itself without end.
const DEEPEST: usize = 16;

/// How often a value is drawn before it is asked what stands in the way.
const TRIES: usize = 12;

/// Most values made in one sample: where every type leads to all others, required fields would go on without end.
const MOST_VALUES: u32 = 20_000;

/// A value that fits the schema: type, enum, format, length, pattern, bounds, required and optional properties,
/// variants. Read-only properties stay out of requests, write-only ones out of responses. The same generator state
/// gives the same value. What no value fits is left out where it may be; a schema that contradicts itself gets the nearest
/// thing to a value ([`super::impossible`] tells why there is none).
#[must_use]
pub fn sample(schemas: &Schemas, id: SchemaId, rng: &mut Rng, direction: Direction) -> Value {
    let mut sampler = Sampler { schemas, direction, left: Cell::new(MOST_VALUES), never: BTreeSet::new() };
    let mut best: Option<(usize, Value)> = None;
    // Variants and patterns with length bounds are met by trying: nearly always the first draw fits.
    for round in 0..2 * TRIES {
        if round == TRIES {
            // What was drawn may lack nothing but the sense to leave out what no value fits.
            sampler.never = without_value(schemas, id, direction);
            if sampler.never.is_empty() || sampler.never.contains(&id) {
                break;
            }
        }
        let value = sampler.value(id, "", 0, rng);
        let violations = validate(schemas, id, &value, direction).len();
        if violations == 0 {
            return value;
        }
        if best.as_ref().is_none_or(|(n, _)| violations < *n) {
            best = Some((violations, value));
        }
        if sampler.left.get() == 0 {
            break;
        }
    }
    best.map_or(Value::Null, |(_, v)| v)
}

struct Sampler<'s> {
    schemas: &'s Schemas,
    direction: Direction,
    /// Values that may still be made; with none left, objects deep down stay empty.
    left: Cell<u32>,
    /// Schemas that no value fits, where it was found out.
    never: BTreeSet<SchemaId>,
}

impl Sampler<'_> {
    fn value(&self, id: SchemaId, name: &str, depth: usize, rng: &mut Rng) -> Value {
        let schema = self.schemas.get(id);
        if let Some(values) = &schema.values {
            let fitting: Vec<&Value> = values.iter().filter(|v| schema.types.allows(TypeSet::of(v))).collect();
            if let Some(value) = rng.pick(&fitting) {
                return (*value).clone();
            }
        }
        if schema.nullable() && (depth >= SPARSE || rng.one_in(8)) {
            return Value::Null;
        }
        let spent = self.left.get() == 0;
        self.left.set(self.left.get().saturating_sub(1));
        if depth >= DEEPEST || (spent && depth > 1 && schema.types.has(TypeSet::OBJECT.with(TypeSet::ARRAY))) {
            return nothing(schema.types);
        }
        match self.kind(schema, rng) {
            TypeSet::OBJECT => self.object(id, depth, rng),
            TypeSet::ARRAY => self.array(schema, name, depth, rng),
            TypeSet::BOOLEAN => Value::Bool(rng.one_in(2)),
            TypeSet::INTEGER => integer(schema, rng),
            TypeSet::NUMBER => decimal(schema, rng),
            TypeSet::NULL => Value::Null,
            TypeSet::STRING => Value::String(text(schema, name, rng)),
            _ => self.variant(schema, name, depth, rng),
        }
    }

    /// The one type to make; `ANY` where the variants decide.
    fn kind(&self, schema: &Schema, rng: &mut Rng) -> TypeSet {
        const ORDER: [TypeSet; 6] =
            [TypeSet::OBJECT, TypeSet::ARRAY, TypeSet::STRING, TypeSet::INTEGER, TypeSet::NUMBER, TypeSet::BOOLEAN];
        if !schema.types.is_any() {
            let allowed: Vec<TypeSet> = ORDER.into_iter().filter(|t| schema.types.has(*t)).collect();
            if !schema.variants.is_empty() && allowed != [TypeSet::OBJECT] {
                return TypeSet::ANY;
            }
            return rng.pick(&allowed).copied().unwrap_or(TypeSet::NULL);
        }
        if !schema.properties.is_empty() || !schema.required.is_empty() {
            TypeSet::OBJECT
        } else if !schema.variants.is_empty() {
            TypeSet::ANY
        } else if schema.items.is_some() {
            TypeSet::ARRAY
        } else if matches!(schema.additional, Additional::Of(_)) {
            TypeSet::OBJECT
        } else if schema.minimum.is_some() || schema.maximum.is_some() {
            TypeSet::INTEGER
        } else {
            TypeSet::STRING
        }
    }

    fn variant(&self, schema: &Schema, name: &str, depth: usize, rng: &mut Rng) -> Value {
        // Deep down the first variant that ends: cycles go through the others.
        let variants = self.variants(schema);
        let chosen = if depth >= SPARSE {
            variants.iter().find(|v| self.schemas.get(**v).properties.is_empty()).or(variants.first())
        } else {
            rng.pick(&variants)
        };
        match chosen {
            Some(v) => self.value(*v, name, depth + 1, rng),
            None => Value::String(text(schema, name, rng)),
        }
    }

    /// No value fits it, by what is known: `false`, or found out.
    fn lost(&self, id: SchemaId, schema: &Schema) -> bool {
        self.never.contains(&id) || schema.values.as_ref().is_some_and(Vec::is_empty)
    }

    /// Alternatives that may have a value.
    fn variants<'s>(&self, schema: &'s Schema) -> Cow<'s, [SchemaId]> {
        if self.never.is_empty() {
            return Cow::Borrowed(&schema.variants);
        }
        Cow::Owned(schema.variants.iter().copied().filter(|v| !self.never.contains(v)).collect())
    }

    fn object(&self, id: SchemaId, depth: usize, rng: &mut Rng) -> Value {
        let mut map = Map::new();
        self.fill(id, depth, rng, &mut map);
        self.complete(id, depth, rng, &mut map);
        Value::Object(map)
    }

    fn fill(&self, id: SchemaId, depth: usize, rng: &mut Rng, map: &mut Map<String, Value>) {
        let schema = self.schemas.get(id);
        for (name, property) in &schema.properties {
            let p = self.schemas.get(*property);
            let hidden = match self.direction {
                Direction::Request => p.read_only,
                Direction::Response => p.write_only,
            };
            let required = schema.required.contains(name);
            let full = schema.max_properties.is_some_and(|most| map.len() as u64 >= most);
            if hidden
                || (full && !required)
                || map.contains_key(name)
                || (!required && self.lost(*property, p))
                || (!required && (depth >= SPARSE || rng.one_in(4)))
            {
                continue;
            }
            map.insert(name.clone(), self.value(*property, name, depth + 1, rng));
        }
        for name in schema.required.iter().filter(|n| !schema.properties.contains_key(n)) {
            // A variant may know more about it, and fills it in below.
            let known = schema.variants.iter().any(|v| self.schemas.property(*v, name).is_some());
            if !known && !map.contains_key(name) {
                let value = match schema.additional {
                    Additional::Of(other) => self.value(other, name, depth + 1, rng),
                    Additional::Any | Additional::No => Value::String(word(rng, 6)),
                };
                map.insert(name.clone(), value);
            }
        }
        if let Additional::Of(other) = schema.additional
            && depth < SPARSE
            && !self.never.contains(&other)
        {
            let room = schema.max_properties.map_or(u64::MAX, |most| most.saturating_sub(map.len() as u64));
            for _ in 0..rng.below(3).min(room) {
                map.insert(word(rng, 6), self.value(other, "", depth + 1, rng));
            }
        }
        if depth < DEEPEST
            && let Some(variant) = rng.pick(&self.variants(schema))
        {
            self.fill(*variant, depth + 1, rng, map);
        }
    }

    /// Properties that are asked for by others or by number.
    fn complete(&self, id: SchemaId, depth: usize, rng: &mut Rng, map: &mut Map<String, Value>) {
        let schema = self.schemas.get(id);
        if depth >= DEEPEST || (schema.needs.is_empty() && schema.min_properties.is_none()) {
            return;
        }
        let hidden = |p: &Schema| match self.direction {
            Direction::Request => p.read_only,
            Direction::Response => p.write_only,
        };
        let own = |name: &str| self.schemas.property(id, name).filter(|(p, _)| !hidden(self.schemas.get(*p)));
        // One that is added may ask for more: as often as there are such properties, at most.
        for _ in 0..schema.needs.len() {
            for (_, needed) in schema.needs.iter().filter(|(name, _)| map.contains_key(name)).collect::<Vec<_>>() {
                for name in needed.iter().filter(|n| !map.contains_key(*n)).collect::<Vec<_>>() {
                    let value = match own(name) {
                        Some((property, _)) => self.value(property, name, depth + 1, rng),
                        None => Value::String(word(rng, 6)),
                    };
                    map.insert(name.clone(), value);
                }
            }
        }
        let least = usize::try_from(schema.min_properties.unwrap_or(0).min(64)).unwrap_or(0);
        for (name, property) in &schema.properties {
            let p = self.schemas.get(*property);
            if map.len() < least && !map.contains_key(name) && !hidden(p) && !self.lost(*property, p) {
                map.insert(name.clone(), self.value(*property, name, depth + 1, rng));
            }
        }
        for _ in map.len()..least {
            let value = match schema.additional {
                Additional::Of(other) => self.value(other, "", depth + 1, rng),
                Additional::Any => Value::String(word(rng, 6)),
                Additional::No => break,
            };
            map.insert(word(rng, 8), value);
        }
    }

    fn array(&self, schema: &Schema, name: &str, depth: usize, rng: &mut Rng) -> Value {
        let least = schema.min_items.unwrap_or(0);
        let spare = depth >= SPARSE || schema.items.is_some_and(|item| self.never.contains(&item));
        let most = schema.max_items.unwrap_or(u64::MAX).min(if spare { least } else { least + 3 });
        let count = rng.between(least, most.max(least)).min(1000);
        let singular = crate::base::text::singular(name);
        let mut one = || match schema.items {
            Some(item) => self.value(item, &singular, depth + 1, rng),
            None => Value::String(word(rng, 5)),
        };
        if !schema.unique_items {
            return Value::Array((0..count).map(|_| one()).collect());
        }
        // Few values to choose from repeat: tried some times over, and the list is shorter where that does not help.
        let (mut seen, mut items) = (BTreeSet::new(), Vec::new());
        for _ in 0..count.saturating_mul(8) {
            let item = one();
            if items.len() as u64 >= count {
                break;
            }
            if seen.insert(identity(&item)) {
                items.push(item);
            }
        }
        Value::Array(items)
    }
}

fn nothing(types: TypeSet) -> Value {
    if types.has(TypeSet::OBJECT) {
        Value::Object(Map::new())
    } else if types.has(TypeSet::ARRAY) {
        Value::Array(Vec::new())
    } else {
        Value::Null
    }
}

/// A multiple of the step between two ends, which are in the range themselves where `open` does not say otherwise.
fn stepped(step: Decimal, ends: (Decimal, Decimal), open: (bool, bool), rng: &mut Rng) -> Option<Value> {
    let mut low = align(ends.0, step, true)?;
    let mut high = align(ends.1, step, false)?;
    if open.0 && low == ends.0 {
        low = low.checked_add(step)?;
    }
    if open.1 && high == ends.1 {
        high = high.checked_sub(step)?;
    }
    let steps = u64::from_str(&high.checked_sub(low)?.checked_div(step)?.trunc().to_string()).ok()?;
    let drawn = Decimal::from(rng.between(0, steps)).checked_mul(step)?.checked_add(low)?;
    serde_json::from_str(&drawn.normalize().to_string()).ok()
}

/// The ends of the range that a schema states; where it states none, `span` wide and at zero.
fn ends(schema: &Schema, span: Decimal) -> Option<(Decimal, Decimal)> {
    let (low, high) = (schema.minimum.as_ref().and_then(bound), schema.maximum.as_ref().and_then(bound));
    let low = match (low, high) {
        (Some(low), _) => low,
        (None, Some(high)) => high.checked_sub(span)?.min(Decimal::ZERO),
        (None, None) => Decimal::ZERO,
    };
    Some((low, high.or_else(|| low.checked_add(span))?))
}

/// The same for a schema that states a step.
fn in_steps(schema: &Schema, step: Decimal, rng: &mut Rng) -> Option<Value> {
    let span = step.checked_mul(Decimal::from(1000))?.max(Decimal::from(1000));
    stepped(step, ends(schema, span)?, (schema.exclusive_minimum, schema.exclusive_maximum), rng)
}

fn integer(schema: &Schema, rng: &mut Rng) -> Value {
    let whole = step(schema.multiple_of.as_ref()).and_then(|step| common(step, Decimal::ONE));
    if let Some(value) = whole.and_then(|step| in_steps(schema, step, rng)) {
        return value;
    }
    let (low, high) = (schema.minimum.as_ref().and_then(bound), schema.maximum.as_ref().and_then(bound));
    let whole = |d: Decimal| i64::from_str(&d.to_string()).ok();
    let low = low.and_then(|d| {
        let c = whole(d.ceil())?;
        Some(if schema.exclusive_minimum && Decimal::from(c) == d { c.saturating_add(1) } else { c })
    });
    let high = high.and_then(|d| {
        let f = whole(d.floor())?;
        Some(if schema.exclusive_maximum && Decimal::from(f) == d { f.saturating_sub(1) } else { f })
    });
    // Times are of our days, so that a sampled record makes sense when it is shown.
    let (usual_low, span) = match schema.format.as_deref() {
        Some("unix-time" | "unixtime" | "timestamp") => (1_760_000_000, 60_000_000),
        _ => (0, 100_000),
    };
    let low = low.unwrap_or_else(|| high.map_or(usual_low, |h| h.saturating_sub(span).min(usual_low)));
    let high = high.unwrap_or_else(|| low.saturating_add(span)).max(low);
    let width = high.abs_diff(low).min(i64::MAX as u64 - 1);
    let drawn = i64::try_from(rng.below(width + 1)).unwrap_or(0);
    Value::Number(Number::from(low.saturating_add(drawn)))
}

fn decimal(schema: &Schema, rng: &mut Rng) -> Value {
    if let Some(value) = step(schema.multiple_of.as_ref()).and_then(|step| in_steps(schema, step, rng)) {
        return value;
    }
    let (low, high) = (schema.minimum.as_ref().and_then(bound), schema.maximum.as_ref().and_then(bound));
    let low = low.unwrap_or_else(|| high.map_or(Decimal::ZERO, |h| (h - Decimal::from(1000)).min(Decimal::ZERO)));
    let high = high.unwrap_or_else(|| low + Decimal::from(1000)).max(low);
    // Steps of a hundredth of the width, or of a cent where there is room: never on a bound that is excluded.
    let steps = 100_000_u64;
    let step = rng.between(u64::from(schema.exclusive_minimum), steps - u64::from(schema.exclusive_maximum));
    let exact = low + (high - low) * Decimal::from(step) / Decimal::from(steps);
    let cents = exact.round_dp(2);
    let inside = |d: Decimal| {
        (d > low || (d == low && !schema.exclusive_minimum)) && (d < high || (d == high && !schema.exclusive_maximum))
    };
    let shown = if inside(cents) { cents } else { exact };
    serde_json::from_str(&shown.normalize().to_string()).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Facets;
    use serde_json::json;

    fn string(schema: Schema) -> Schema {
        Schema { types: TypeSet::STRING, ..schema }
    }

    /// A contact with every kind of field, and a friend who is a contact: a cycle.
    fn contact(s: &mut Schemas) -> SchemaId {
        let n = |v: &str| serde_json::from_str::<Number>(v).expect("a number");
        let fields = [
            (
                "id",
                Schema {
                    read_only: true,
                    facets: Facets { max_length: Some(8), ..Facets::default() }.into(),
                    ..string(Schema::default())
                },
            ),
            (
                "email",
                string(Schema {
                    format: Some("email".into()),
                    facets: Facets { max_length: Some(254), ..Facets::default() }.into(),
                    ..Schema::default()
                }),
            ),
            (
                "name",
                string(Schema {
                    facets: Facets { min_length: Some(30), max_length: Some(40), ..Facets::default() }.into(),
                    ..Schema::default()
                }),
            ),
            (
                "amount",
                string(Schema {
                    facets: Facets { pattern: Some(r"^-?\d+(\.\d{1,3})?$".into()), ..Facets::default() }.into(),
                    ..Schema::default()
                }),
            ),
            (
                "code",
                string(Schema {
                    facets: Facets { pattern: Some("^[A-Z]{3}$".into()), max_length: Some(3), ..Facets::default() }
                        .into(),
                    ..Schema::default()
                }),
            ),
            (
                "stage",
                string(Schema {
                    facets: Facets { values: Some(vec![json!("lead"), json!("customer")]), ..Facets::default() }.into(),
                    ..Schema::default()
                }),
            ),
            (
                "age",
                Schema {
                    types: TypeSet::INTEGER.with(TypeSet::NULL),
                    facets: Facets {
                        minimum: Some(n("3")),
                        maximum: Some(n("5")),
                        exclusive_maximum: true,
                        ..Facets::default()
                    }
                    .into(),
                    ..Schema::default()
                },
            ),
            (
                "rate",
                Schema {
                    types: TypeSet::NUMBER,
                    facets: Facets {
                        minimum: Some(n("0")),
                        maximum: Some(n("0.001")),
                        exclusive_minimum: true,
                        exclusive_maximum: true,
                        ..Facets::default()
                    }
                    .into(),
                    ..Schema::default()
                },
            ),
            ("at", string(Schema { format: Some("date-time".into()), ..Schema::default() })),
            ("day", string(Schema { format: Some("date".into()), ..Schema::default() })),
            ("ref", string(Schema { format: Some("uuid".into()), ..Schema::default() })),
            (
                "price",
                Schema {
                    types: TypeSet::NUMBER,
                    facets: Facets {
                        multiple_of: Some(n("0.25")),
                        minimum: Some(n("0")),
                        exclusive_minimum: true,
                        maximum: Some(n("1")),
                        exclusive_maximum: true,
                        ..Facets::default()
                    }
                    .into(),
                    ..Schema::default()
                },
            ),
            (
                "dozen",
                Schema {
                    types: TypeSet::INTEGER,
                    facets: Facets { multiple_of: Some(n("2.4")), ..Facets::default() }.into(),
                    ..Schema::default()
                },
            ),
            ("any", Schema::default()),
        ];
        let mut contact = Schema { types: TypeSet::OBJECT, additional: Additional::No, ..Schema::default() };
        for (name, field) in fields {
            contact.required.insert(name.to_owned());
            contact.properties.insert(name.to_owned(), s.push(field));
        }
        let id = s.push(contact);
        let friends = s.push(Schema {
            types: TypeSet::ARRAY,
            items: Some(id),
            facets: Facets { max_items: Some(2), ..Facets::default() }.into(),
            ..Schema::default()
        });
        let word = s.push(string(Schema {
            facets: Facets { values: Some(vec![json!("a"), json!("b"), json!("c")]), ..Facets::default() }.into(),
            ..Schema::default()
        }));
        let labels = s.push(Schema {
            types: TypeSet::ARRAY,
            items: Some(word),
            facets: Facets { unique_items: true, min_items: Some(2), ..Facets::default() }.into(),
            ..Schema::default()
        });
        let map = s.push(Schema {
            types: TypeSet::OBJECT,
            additional: Additional::Of(word),
            facets: Facets {
                min_properties: Some(3),
                max_properties: Some(4),
                needs: vec![("x".to_owned(), ["y".to_owned()].into())],
                ..Facets::default()
            }
            .into(),
            required: ["x".to_owned()].into(),
            ..Schema::default()
        });
        for (name, field) in [("labels", labels), ("map", map)] {
            s.get_mut(id).properties.insert(name.to_owned(), field);
            s.get_mut(id).required.insert(name.to_owned());
        }
        let other = s.push(string(Schema::default()));
        let either = s.push(Schema { variants: vec![other, id], ..Schema::default() });
        for (name, field) in [("friends", friends), ("either", either)] {
            s.get_mut(id).properties.insert(name.to_owned(), field);
        }
        s.get_mut(id).required.insert("friends".to_owned());
        id
    }

    #[test]
    fn a_sample_fits_its_schema_both_ways() {
        let mut s = Schemas::default();
        let id = contact(&mut s);
        for seed in 0..200 {
            for direction in [Direction::Request, Direction::Response] {
                let value = sample(&s, id, &mut Rng::seeded(seed), direction);
                let found = validate(&s, id, &value, direction);
                assert!(found.is_empty(), "seed {seed}: {}\n{value}", found.first().expect("one"));
                assert_eq!(value.get("id").is_none(), direction == Direction::Request);
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_value() {
        let mut s = Schemas::default();
        let id = contact(&mut s);
        let draw = |seed| sample(&s, id, &mut Rng::seeded(seed), Direction::Response).to_string();
        assert_eq!(draw(5), draw(5));
        assert_ne!(draw(5), draw(6));
    }

    #[test]
    fn a_schema_that_requires_itself_ends() {
        let mut s = Schemas::default();
        let id = s.push(Schema { types: TypeSet::OBJECT, ..Schema::default() });
        s.get_mut(id).properties.insert("next".to_owned(), id);
        s.get_mut(id).required.insert("next".to_owned());
        assert!(sample(&s, id, &mut Rng::seeded(1), Direction::Request).is_object());
    }

    #[test]
    fn variants_beside_properties_are_met_together() {
        let mut s = Schemas::default();
        let text = s.push(string(Schema::default()));
        let variant = s.push(Schema {
            properties: [("b".to_owned(), text)].into_iter().collect(),
            required: ["b".to_owned()].into(),
            ..Schema::default()
        });
        let id = s.push(Schema {
            types: TypeSet::OBJECT,
            properties: [("a".to_owned(), text)].into_iter().collect(),
            required: ["a".to_owned()].into(),
            variants: vec![variant],
            ..Schema::default()
        });
        let value = sample(&s, id, &mut Rng::seeded(1), Direction::Request);
        assert_eq!(validate(&s, id, &value, Direction::Request), []);
        assert!(value.get("b").is_some());
    }
}
