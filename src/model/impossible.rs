//! Schemas that no value fits: what a description asks for and rules out at once.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::multiple::{align, common, decimal, step};
use super::{Additional, Direction, Schema, SchemaId, Schemas, TypeSet, pattern, validate};
use crate::base::pointer;
use crate::base::text::{plural, quoted};

/// Most schemas that are looked at for one; of a larger net of them nothing is said.
const MOST: usize = 50_000;
/// Most rounds through them; a chain that takes more is given up, and nothing is said of it.
const ROUNDS: usize = 64;

/// Why no value fits a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impossible {
    /// Where the schema that contradicts itself stands in the description.
    pub pointer: String,
    /// What it asks for and what rules that out, as a sentence about "it".
    pub because: String,
    /// Where in a value of the schema asked about it is met, as a JSON pointer; empty for that schema itself.
    pub at: String,
}

impl std::fmt::Display for Impossible {
    /// `no value fits #/components/schemas/Age: its minimum 10 is above its maximum 5 (met at /age)`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no value fits {}: {}", quoted(&self.pointer, 200), self.because)?;
        if self.at.is_empty() { Ok(()) } else { write!(f, " (met at {})", quoted(&self.at, 120)) }
    }
}

/// Why no value fits the schema in this direction, where that can be proven from the description alone; nothing where one
/// fits or where it is not known. Judged by what [`validate`] holds values to, so that what is said here is never wrong by it:
/// bounds, lengths, counts, steps, values, patterns, formats of one length, required properties, alternatives, and schemas that
/// need themselves without end.
#[must_use]
pub fn impossible(schemas: &Schemas, id: SchemaId, direction: Direction) -> Option<Impossible> {
    let net = Net::of(schemas, id, direction)?;
    net.never(id).then(|| net.cause(id))
}

/// All schemas that are reached from one and that no value fits.
pub(super) fn without_value(schemas: &Schemas, id: SchemaId, direction: Direction) -> BTreeSet<SchemaId> {
    let Some(net) = Net::of(schemas, id, direction) else { return BTreeSet::new() };
    net.known.keys().copied().filter(|id| net.never(*id)).collect()
}

/// What a schema says by itself, whatever those say that it leads to.
enum Own {
    /// A value fits.
    Fits,
    /// None does.
    Never(String),
    /// It depends on others.
    Open,
}

/// Why a schema has no value: in words, and the step to another one that has none where that is why.
struct Why {
    because: String,
    leads: Option<(String, SchemaId)>,
}

impl Why {
    const fn own(because: String) -> Self {
        Self { because, leads: None }
    }
}

/// A schema and all that it leads to.
struct Net<'s> {
    schemas: &'s Schemas,
    direction: Direction,
    known: BTreeMap<SchemaId, Own>,
    possible: BTreeSet<SchemaId>,
}

impl<'s> Net<'s> {
    /// Finds out which have a value: the least set that holds those with one of their own and those whose needs are in it.
    /// Schemas that need themselves never come into it.
    fn of(schemas: &'s Schemas, root: SchemaId, direction: Direction) -> Option<Self> {
        let mut order = vec![root];
        let mut seen = BTreeSet::from([root]);
        let mut next = 0;
        while let Some(id) = order.get(next).copied() {
            next += 1;
            let schema = schemas.get(id);
            let rest = if let Additional::Of(id) = schema.additional { Some(id) } else { None };
            let all = schema.properties.values().chain(&schema.variants).copied().chain(schema.items).chain(rest);
            order.extend(all.filter(|id| seen.insert(*id)));
            if order.len() > MOST {
                return None;
            }
        }
        let known = order.iter().map(|id| (*id, own(schemas, *id, direction))).collect();
        let mut net = Self { schemas, direction, known, possible: BTreeSet::new() };
        // What lies deepest first: most are settled in the first round.
        for _ in 0..ROUNDS {
            let before = net.possible.len();
            for id in order.iter().rev() {
                if !net.possible.contains(id) && net.judge(*id).is_none() {
                    net.possible.insert(*id);
                }
            }
            if net.possible.len() == before {
                return Some(net);
            }
        }
        None
    }

    fn never(&self, id: SchemaId) -> bool {
        !self.possible.contains(&id)
    }

    /// Why the schema has no value by what is known so far; nothing where it has one.
    fn judge(&self, id: SchemaId) -> Option<Why> {
        match self.known.get(&id) {
            Some(Own::Fits) | None => return None,
            Some(Own::Never(because)) => return Some(Why::own(because.clone())),
            Some(Own::Open) => {}
        }
        let schema = self.schemas.get(id);
        if let Some(first) = schema.variants.first() {
            let meets = |v: &SchemaId| overlap(schema.types, self.schemas.get(*v));
            if !schema.variants.iter().any(|v| meets(v) && !self.never(*v)) {
                let all = plural(schema.variants.len() as u64, "alternative");
                let lost = schema.variants.iter().find(|v| meets(v));
                return Some(match lost {
                    Some(lost) => {
                        Why { because: format!("none of its {all} has a value"), leads: Some((String::new(), *lost)) }
                    }
                    None => Why::own(format!(
                        "none of its {all} is {}, the first is {}",
                        schema.types,
                        self.schemas.get(*first).types
                    )),
                });
            }
        }
        if schema.types.is_any() {
            return None;
        }
        let mut why = None;
        for one in KINDS.into_iter().filter(|t| schema.types.has(*t)) {
            let found = match one {
                TypeSet::ARRAY => self.array(schema),
                TypeSet::OBJECT => self.object(id, schema),
                _ => scalar(schema, one).map(Why::own),
            };
            why = Some(found?);
        }
        why
    }

    fn array(&self, schema: &Schema) -> Option<Why> {
        if let Some(because) = scalar(schema, TypeSet::ARRAY) {
            return Some(Why::own(because));
        }
        let least = schema.min_items.unwrap_or(0);
        let item = schema.items.filter(|_| least > 0)?;
        if self.never(item) {
            let because = format!("it holds {} at least, and no item has a value", plural(least, "item"));
            return Some(Why { because, leads: Some(("0".to_owned(), item)) });
        }
        let choice = self.schemas.get(item).values.as_ref().filter(|_| schema.unique_items)?.len() as u64;
        (choice < least).then(|| {
            Why::own(format!(
                "it holds {least} different items at least, and there are {} for them",
                plural(choice, "value")
            ))
        })
    }

    fn object(&self, id: SchemaId, schema: &Schema) -> Option<Why> {
        if let Some(because) = scalar(schema, TypeSet::OBJECT) {
            return Some(Why::own(because));
        }
        let exempt = |name: &str| {
            schema.properties.get(name).is_some_and(|p| {
                let p = self.schemas.get(*p);
                match self.direction {
                    Direction::Request => p.read_only,
                    Direction::Response => p.write_only,
                }
            })
        };
        let required = || schema.required.iter().filter(|name| !exempt(name));
        // Alternatives may know more properties than the schema itself does.
        let closed = schema.additional == Additional::No && schema.variants.is_empty();
        if let Some(most) = schema.max_properties.filter(|most| (required().count() as u64) > *most) {
            let count = plural(required().count() as u64, "property");
            return Some(Why::own(format!("it requires {count}, and its maxProperties is {most}")));
        }
        if let Some(least) = schema.min_properties.filter(|least| closed && (schema.properties.len() as u64) < *least) {
            let count = plural(schema.properties.len() as u64, "property");
            return Some(Why::own(format!("its minProperties is {least}, and it knows {count} and allows no others")));
        }
        let asked = |name: &String| {
            let name = name.clone();
            schema.needs.iter().filter(move |(by, _)| *by == name).flat_map(|(_, all)| all.iter())
        };
        for name in required().chain(required().flat_map(asked)) {
            let shown = quoted(name, 80);
            let leads = match (schema.properties.get(name), schema.additional) {
                (Some(own), _) => *own,
                (None, Additional::Of(other)) => other,
                (None, _) if closed => {
                    return Some(Why::own(format!(
                        "it requires \"{shown}\", which is none of its properties, and allows no others"
                    )));
                }
                (None, _) => continue,
            };
            if self.never(leads) {
                let because = if leads == id {
                    format!("it requires \"{shown}\", which is itself, without end")
                } else {
                    format!("it requires \"{shown}\", which has no value")
                };
                return Some(Why { because, leads: Some((name.clone(), leads)) });
            }
        }
        None
    }

    /// The schema at the bottom of it.
    fn cause(&self, id: SchemaId) -> Impossible {
        let (mut id, mut at, mut been) = (id, String::new(), BTreeSet::new());
        loop {
            let here = || self.schemas.get(id).pointer.clone();
            let Some(why) = self.judge(id) else {
                // Not reached: what leads here was judged by the same knowledge.
                return Impossible { pointer: here(), because: "it has no value".to_owned(), at };
            };
            let Some((name, next)) = why.leads else { return Impossible { pointer: here(), because: why.because, at } };
            if !been.insert(id) || next == id {
                let because = if next == id { why.because } else { "it requires itself, without end".to_owned() };
                return Impossible { pointer: here(), because, at };
            }
            if !name.is_empty() {
                pointer::push(&mut at, &name);
            }
            id = next;
        }
    }
}

const KINDS: [TypeSet; 6] =
    [TypeSet::OBJECT, TypeSet::ARRAY, TypeSet::STRING, TypeSet::INTEGER, TypeSet::NUMBER, TypeSet::BOOLEAN];

/// A value of the one may be of the other's type.
fn overlap(types: TypeSet, other: &Schema) -> bool {
    let both = |a: TypeSet, b: TypeSet| a.has(TypeSet::INTEGER) && b.has(TypeSet::NUMBER);
    types.is_any()
        || other.types.is_any()
        || types.has(other.types)
        || both(types, other.types)
        || both(other.types, types)
        || (types.has(TypeSet::NULL) && other.nullable())
}

fn own(schemas: &Schemas, id: SchemaId, direction: Direction) -> Own {
    let schema = schemas.get(id);
    if schema.nullable() {
        return Own::Fits;
    }
    let Some(values) = &schema.values else { return Own::Open };
    let mut first = None;
    for value in values {
        let mut broken = validate(schemas, id, value, direction).into_iter();
        let Some(violation) = broken.next() else { return Own::Fits };
        first = first.or(Some((value, violation)));
    }
    Own::Never(match first {
        None => "it allows no value at all".to_owned(),
        Some((value, violation)) => {
            let (value, because) = (quoted(&value.to_string(), 60), violation.without_value());
            if values.len() == 1 {
                format!("its one value {value} is ruled out by the rest of it: it {because}")
            } else {
                format!("its {} values are ruled out by the rest of it: the first, {value}, {because}", values.len())
            }
        }
    })
}

/// Why there is no value of this type, as far as the schema says so without others.
fn scalar(schema: &Schema, one: TypeSet) -> Option<String> {
    let above = |least: Option<u64>, most: Option<u64>, what: &str| {
        let (least, most) = least.zip(most).filter(|(least, most)| least > most)?;
        Some(format!("its min{what} {least} is above its max{what} {most}"))
    };
    match one {
        TypeSet::STRING => above(schema.min_length, schema.max_length, "Length").or_else(|| length(schema)),
        TypeSet::ARRAY => above(schema.min_items, schema.max_items, "Items"),
        TypeSet::OBJECT => above(schema.min_properties, schema.max_properties, "Properties"),
        TypeSet::INTEGER | TypeSet::NUMBER => number(schema, one == TypeSet::INTEGER),
        _ => None,
    }
}

/// Lengths that a pattern or a format rules out.
fn length(schema: &Schema) -> Option<String> {
    let outside = |fewest: u64, most: Option<u64>, what: &str| {
        let wanted = |n: u64| plural(n, "character");
        if let Some(max) = schema.max_length.filter(|max| fewest > *max) {
            return Some(format!("{what} has {} at least, and its maxLength is {max}", wanted(fewest)));
        }
        let (most, min) = most.zip(schema.min_length).filter(|(most, min)| most < min)?;
        Some(format!("{what} has {} at most, and its minLength is {min}", wanted(most)))
    };
    if let Some(text) = schema.pattern.as_deref() {
        let shown = quoted(text, 60);
        if pattern::never(text) {
            return Some(format!("nothing matches its pattern {shown}"));
        }
        let what = format!("what matches its pattern {shown}");
        if let Some(because) = pattern::pattern_length(text).and_then(|(fewest, most)| outside(fewest, most, &what)) {
            return Some(because);
        }
    }
    match schema.format.as_deref() {
        Some("uuid") => outside(36, Some(36), "a uuid"),
        Some("date") => outside(10, Some(10), "a date"),
        Some("email") => outside(3, None, "an email"),
        _ => None,
    }
}

fn number(schema: &Schema, whole: bool) -> Option<String> {
    let (low, high) = (schema.minimum.as_ref().and_then(decimal), schema.maximum.as_ref().and_then(decimal));
    let step = match (step(schema.multiple_of.as_ref()), whole) {
        (Some(step), true) => common(step, Decimal::ONE),
        (None, true) => Some(Decimal::ONE),
        (step, false) => step,
    };
    let (low, high) = low.zip(high)?;
    let (exclusive_low, exclusive_high) = (schema.exclusive_minimum, schema.exclusive_maximum);
    let named = |what: &str, n: Decimal, exclusive: bool| {
        if exclusive { format!("its exclusive {what} {n}") } else { format!("its {what} {n}") }
    };
    let (from, to) = (named("minimum", low, exclusive_low), named("maximum", high, exclusive_high));
    if low > high {
        return Some(format!("{from} is above {to}"));
    }
    if low == high && (exclusive_low || exclusive_high) {
        return Some(format!("{from} and {to} leave nothing between them"));
    }
    let step = step?;
    let mut first = align(low, step, true)?;
    if exclusive_low && first == low {
        first = first.checked_add(step)?;
    }
    let none = first > high || (exclusive_high && first == high);
    let what = if step == Decimal::ONE { "integer".to_owned() } else { format!("multiple of {step}") };
    none.then(|| format!("no {what} lies between {from} and {to}"))
}
