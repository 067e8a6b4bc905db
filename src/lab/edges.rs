//! Records that hold, between them, all that a mapping can go wrong in: every documented value, null and absence where they
//! are allowed, text at its full length and beyond what is cut, numbers that no double holds, days and zones that are rare.
//! The seed decides which record bears what, and not whether one does.
//!
//! What of a field's values finds no record is left out: a record takes a value only where it stays deliverable, and stays
//! who it is. A field with more values than there are records shows as many as there are.

use serde_json::{Number, Value};

use super::bench::{Bench, Identity};
use super::judge::{Expected, expectations};
use super::mock::dig;
use crate::base::rng::Rng;
use crate::model::{Direction, SchemaId, TypeSet, sample, validate};

/// Objects within objects that are looked into.
const DEEPEST: usize = 3;
/// The length of a text that has no bound of its own.
const LONG: usize = 300;
/// The longest text.
const LONGEST: usize = 2000;
/// How often a value is drawn to find a short, a long and a many-valued one.
const DRAWS: usize = 24;

/// 2^53 + 1: the first whole number that a double does not hold.
const INTEGERS: [&str; 9] = ["9007199254740993", "-50", "0", "-9007199254740993", "1", "-1005", "30", "100", "7"];
/// Keys that are one and the same for who reads numbers as doubles.
const KEYS: [&str; 2] = ["9007199254740993", "9007199254740992"];
/// Sums and products that binary fractions miss, and more digits than a double has.
const DECIMALS: [&str; 6] = ["0.10", "1.005", "0.30", "12345678901234567.89", "-0.01", "0"];
const INSTANTS: [&str; 4] =
    ["2028-02-29T23:59:59+02:00", "2026-03-04T05:06:07.089Z", "2026-12-31T20:30:00-05:00", "2026-06-30T23:30:00Z"];
/// A leap day, summer, and the hour that clocks of Europe show twice.
const LOCAL_TIMES: [&str; 3] = ["2028-02-29T23:30:00", "2026-07-15T00:30:00", "2026-10-25T02:30:00"];
const DAYS: [&str; 2] = ["2028-02-29", "2026-12-31"];
/// Seconds since 1970 of a leap day, and of a moment before 1970-01-02.
const EPOCHS: [&str; 2] = ["1835481599", "86399"];
/// What a key may end with; the more of it the better.
const SUFFIXES: [&str; 5] = ["/+%41 bé", "/+%41 b", "/%41", "/b", " b"];
/// Letters of one to four bytes, some of them with a mark of its own, in the first word and the last: names are split there.
const LETTERS: &str = "Zoë-Ame\u{301} 🦊 Ωe\u{301}";
/// What forms, URLs, markup and texts within texts write in another way, and space that is more than one.
const SIGNS: &str = "R&D = 100%  + \"x\" <y> 'z'; \\n #1?";

/// A field, by its path, with what its description says.
struct Place {
    path: Vec<String>,
    schema: SchemaId,
    required: bool,
}

/// A value at the edge.
#[derive(Clone)]
enum Edge {
    /// It stands there.
    Value(Value),
    /// What stands there, in upper case.
    Upper,
    /// What stands there, with space around.
    Padded,
    /// The field is left out.
    Gone,
}

/// Changes the records so that they hold every edge of every field that one of them can take.
pub(super) fn cover(bench: &Bench, records: &mut [Value], rng: &mut Rng) {
    if records.is_empty() {
        return;
    }
    number_keys(bench, records, rng);
    sharp_key(bench, records, rng);
    like_keys(bench, records, rng);
    plus_address(bench, records, rng);
    let twins = twins(bench, records, rng);
    // Parents come before their parts, so that no part is lost with its parent.
    for place in places(bench, records) {
        let mut free: Vec<bool> = (0..records.len()).map(|at| !twins.contains(&at)).collect();
        let start = usize::try_from(rng.below(records.len() as u64)).unwrap_or(0);
        for edge in edges(bench, &place, records) {
            let turn = (0..records.len()).map(|step| (start + step) % records.len());
            for at in turn {
                if !free.get(at).copied().unwrap_or(false) {
                    continue;
                }
                let Some(changed) = records.get(at).and_then(|r| with(bench, r, &place, &edge)) else { continue };
                if let (Some(record), Some(free)) = (records.get_mut(at), free.get_mut(at)) {
                    (*record, *free) = (changed, false);
                }
                break;
            }
        }
    }
}

/// What the description says of the source's key.
fn key_schema(bench: &Bench) -> Option<SchemaId> {
    let schemas = &bench.source.system.schemas;
    let record = bench.source.kinds.get(&bench.source_entity)?.record?;
    bench.plan.source.key.iter().try_fold(record, |at, name| schemas.property(at, name).map(|found| found.0))
}

/// Gives two neighbours keys that no double tells apart, where the description says that keys are whole numbers of 64 bits.
fn number_keys(bench: &Bench, records: &mut [Value], rng: &mut Rng) {
    let schemas = &bench.source.system.schemas;
    let path = &bench.plan.source.key;
    let Some(leaf) = key_schema(bench).filter(|leaf| schemas.get(*leaf).format.as_deref() == Some("int64")) else {
        return;
    };
    let start = usize::try_from(rng.below(records.len() as u64)).unwrap_or(0);
    let count = records.len();
    for (step, key) in KEYS.iter().filter_map(|k| k.parse::<Number>().ok()).map(Value::Number).enumerate() {
        let Some(record) = records.get_mut((start + step) % count) else { continue };
        let fits = validate(schemas, leaf, &key, Direction::Response).is_empty();
        let changed = put(record, path, Some(key)).filter(|_| fits);
        let deliverable = |r: &Value| fate(bench, r).is_some_and(|f| f.mapped.is_ok());
        if let Some(changed) = changed.filter(|changed| deliverable(record) && deliverable(changed)) {
            *record = changed;
        }
    }
}

/// Gives one record the address of its neighbour with a `+tag`, which is another address (RFC 5321 section 2.3.11), and which a
/// query that is not encoded turns into a space.
fn plus_address(bench: &Bench, records: &mut [Value], rng: &mut Rng) {
    let Identity::Field(_) = bench.identity else { return };
    let count = records.len();
    let start = usize::try_from(rng.below(count as u64)).unwrap_or(0);
    let pairs =
        (0..count).map(|step| ((start + step) % count, (start + step + 1) % count)).filter(|(one, two)| one != two);
    for (one, two) in pairs {
        let (Some(held), Some(other)) = (records.get(one), records.get(two)) else { continue };
        for name in held.as_object().into_iter().flat_map(|fields| fields.keys().cloned()).collect::<Vec<_>>() {
            let Some((local, domain)) = held.get(&name).and_then(Value::as_str).and_then(|t| t.split_once('@')) else {
                continue;
            };
            if local.contains('+') || domain.contains('@') {
                continue;
            }
            let tagged = Value::String(format!("{local}+tag@{domain}"));
            let Some(changed) = put(other, std::slice::from_ref(&name), Some(tagged)) else { continue };
            let fates = (fate(bench, held), fate(bench, other), fate(bench, &changed));
            let (Some(beside), Some(before), Some(after)) = fates else { continue };
            let told_apart = after.identity != before.identity && after.identity != beside.identity;
            if told_apart && [&beside, &before, &after].iter().all(|x| x.mapped.is_ok()) {
                if let Some(record) = records.get_mut(two) {
                    *record = changed;
                }
                return;
            }
        }
    }
}

/// Gives one record a key with signs in it that paths and queries write in another way. A system chooses the letters of its own
/// ids, so that these stay as they are; what people name things by, a number of an article or an order, may hold any of them.
fn sharp_key(bench: &Bench, records: &mut [Value], rng: &mut Rng) {
    let schemas = &bench.source.system.schemas;
    let Some(schema) = bench.source.kinds.get(&bench.source_entity).and_then(|k| k.record) else { return };
    let named_by_people = |name: &str| {
        let lower = name.to_ascii_lowercase();
        !(lower == "id" || lower == "uuid" || lower.ends_with("_id") || name.ends_with("Id") || name.ends_with("ID"))
    };
    let fields: Vec<(String, SchemaId)> = schemas
        .properties(schema)
        .into_iter()
        .filter(|(name, field)| named_by_people(name) && schemas.get(*field).format.is_none())
        .map(|(name, field)| (name.to_owned(), field))
        .collect();
    let count = records.len();
    let start = usize::try_from(rng.below(count as u64)).unwrap_or(0);
    for at in (0..count).map(|step| (start + step) % count) {
        let Some(record) = records.get(at) else { continue };
        let Some(before) = fate(bench, record).filter(|x| x.mapped.is_ok()) else { continue };
        let sharp = fields.iter().flat_map(|(name, field)| SUFFIXES.iter().map(move |suffix| (name, *field, *suffix)));
        let changed = sharp.into_iter().find_map(|(name, field, suffix)| {
            let value = Value::String(format!("{}{suffix}", record.get(name)?.as_str()?));
            let fits = validate(schemas, field, &value, Direction::Response).is_empty();
            let changed = put(record, std::slice::from_ref(name), Some(value)).filter(|_| fits)?;
            let after = fate(bench, &changed).filter(|x| x.mapped.is_ok())?;
            let told = after.identity.as_ref().is_some_and(|identity| identity.contains(suffix));
            (told && after.identity != before.identity).then_some(changed)
        });
        if let (Some(changed), Some(record)) = (changed, records.get_mut(at)) {
            *record = changed;
            return;
        }
    }
}

/// Gives two records of a program's source keys that are like the key of a third: one that differs by the case of its letters
/// alone, and a longer one that begins with it. Where the description has a form for keys, as far as it has room for them.
fn like_keys(bench: &Bench, records: &mut [Value], rng: &mut Rng) {
    const LENGTHS: [usize; 3] = [40, 32, 24];
    let path = &bench.plan.source.key;
    let schemas = &bench.source.system.schemas;
    let Some(leaf) = key_schema(bench) else { return };
    if bench.real.is_none() || bench.identity == Identity::Whole || schemas.get(leaf).format.is_some() {
        return;
    }
    let count = records.len();
    let start = usize::try_from(rng.below(count as u64)).unwrap_or(0);
    let Some(held) = records.get(start).and_then(|r| dig(r, path)).and_then(Value::as_str).map(str::to_owned) else {
        return;
    };
    let swapped: String =
        held.chars().map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }).collect();
    let tail = held.rsplit(['_', '-']).next().unwrap_or(&held);
    let longer =
        LENGTHS.iter().map(|length| held.chars().chain(tail.chars().cycle()).take(*length).collect::<String>());
    // A target that takes one record for each natural key, as people write it, takes no second one in other letters.
    let natural = bench.target.kinds.get(&bench.target_entity).and_then(|kind| kind.natural.as_ref());
    let named = |x: &Expected| natural.and_then(|n| Some(x.mapped.as_ref().ok()?.get(n)?.as_str()?.to_lowercase()));
    let mut place = start;
    for candidates in [vec![swapped], longer.filter(|key| key.len() > held.len()).collect()] {
        let fitting = candidates.into_iter().find_map(|key| {
            let at = (place + 1) % count;
            let key = Value::String(key);
            let before = fate(bench, records.get(at)?).filter(|x| x.mapped.is_ok())?;
            let fits = validate(schemas, leaf, &key, Direction::Response).is_empty();
            let changed = put(records.get(at)?, path, Some(key)).filter(|_| fits && at != start)?;
            let after = fate(bench, &changed).filter(|x| x.mapped.is_ok() && x.key != before.key)?;
            let taken = |r: &Value| {
                fate(bench, r).is_some_and(|other| {
                    let same_name = named(&other).is_some_and(|name| Some(name) == named(&after));
                    other.key == after.key || other.identity == after.identity || same_name
                })
            };
            let alone = records.iter().enumerate().all(|(n, r)| n == at || !taken(r));
            alone.then_some((at, changed))
        });
        if let Some((at, changed)) = fitting
            && let Some(record) = records.get_mut(at)
        {
            (*record, place) = (changed, at);
        }
    }
}

/// Makes one record of its neighbour in all but its key: two payments of one sum at one moment are two. Tells which two they are.
fn twins(bench: &Bench, records: &mut [Value], rng: &mut Rng) -> Vec<usize> {
    if bench.identity == Identity::Whole {
        return Vec::new();
    }
    let count = records.len();
    let start = usize::try_from(rng.below(count as u64)).unwrap_or(0);
    let mut pairs =
        (0..count).map(|step| ((start + step) % count, (start + step + 1) % count)).filter(|(one, two)| one != two);
    let found = pairs.find_map(|(one, two)| Some((one, two, twin(bench, records.get(one)?, records.get(two)?)?)));
    let Some((one, two, twin)) = found else { return Vec::new() };
    if let Some(record) = records.get_mut(two) {
        *record = twin;
    }
    vec![one, two]
}

/// The first record under the key, and the identity, of the other.
fn twin(bench: &Bench, held: &Value, other: &Value) -> Option<Value> {
    let key = &bench.plan.source.key;
    let mut twin = put(held, key, dig(other, key).cloned())?;
    let (first, second) = (fate(bench, held)?, fate(bench, other)?);
    if fate(bench, &twin)?.identity != second.identity {
        twin = held.as_object()?.keys().find_map(|name| {
            let own = put(&twin, std::slice::from_ref(name), other.get(name).cloned())?;
            (fate(bench, &own)?.identity == second.identity).then_some(own)
        })?;
    }
    let third = fate(bench, &twin)?;
    let (Ok(a), Ok(_), Ok(b)) = (&first.mapped, &second.mapped, &third.mapped) else { return None };
    // A target that is described to refuse a second record with the same value would refuse the twin.
    let natural = bench.target.kinds.get(&bench.target_entity).and_then(|kind| kind.natural.as_ref());
    let refused = natural.is_some_and(|name| a.get(name).is_some() && a.get(name) == b.get(name));
    (first.identity != third.identity && !refused).then_some(twin)
}

/// Every field of the source's records but its key and what orders its changes.
fn places(bench: &Bench, records: &[Value]) -> Vec<Place> {
    let Some(schema) = bench.source.kinds.get(&bench.source_entity).and_then(|k| k.record) else { return Vec::new() };
    let mut out = Vec::new();
    below(bench, schema, &[], records, &mut out);
    out
}

fn below(bench: &Bench, schema: SchemaId, at: &[String], records: &[Value], out: &mut Vec<Place>) {
    let schemas = &bench.source.system.schemas;
    let source = &bench.plan.source;
    for (name, id) in schemas.properties(schema) {
        let mut path = at.to_vec();
        path.push(name.to_owned());
        let kept = |other: &[String]| other.starts_with(&path);
        if kept(&source.key) || source.version().is_some_and(kept) || schemas.get(id).write_only {
            continue;
        }
        let required = schemas.property(schema, name).is_some_and(|(_, required)| required);
        out.push(Place { path: path.clone(), schema: id, required });
        let object = records.iter().any(|r| dig(r, &path).is_some_and(Value::is_object));
        if object && path.len() < DEEPEST {
            below(bench, id, &path, records, out);
        }
    }
}

/// The values at the edge of a field, what matters most first.
fn edges(bench: &Bench, place: &Place, records: &[Value]) -> Vec<Edge> {
    let schemas = &bench.source.system.schemas;
    let schema = schemas.get(place.schema);
    let mut out = Vec::new();
    if !place.required {
        out.push(Edge::Gone);
    }
    out.push(Edge::Value(Value::Null));
    if let Some(values) = &schema.values {
        out.extend(values.iter().cloned().map(Edge::Value));
        return out;
    }
    // What a field holds is told by what it holds: a description may leave its type open.
    let mut rng = Rng::seeded(place.path.len() as u64);
    let drawn: Vec<Value> =
        (0..DRAWS).map(|_| sample::sample(schemas, place.schema, &mut rng, Direction::Response)).collect();
    let held = records.iter().filter_map(|r| dig(r, &place.path)).chain(&drawn).find(|v| !v.is_null());
    let numbers = |texts: &[&str]| -> Vec<Value> {
        texts.iter().filter_map(|t| t.parse::<Number>().ok()).map(Value::Number).collect()
    };
    let texts = |all: &[&str]| -> Vec<Value> { all.iter().map(|t| Value::String((*t).to_owned())).collect() };
    let format = schema.format.as_deref().unwrap_or_default();
    if matches!(held, Some(Value::String(_))) {
        out.push(Edge::Upper);
        // An amount, or a key, in a form of its own has no space around it, though no schema can say so.
        if format.is_empty() || format == "email" {
            out.push(Edge::Padded);
        }
    }
    let values = match held {
        Some(Value::Bool(_)) => vec![Value::Bool(true), Value::Bool(false)],
        Some(Value::Number(_)) if format.contains("time") || format.contains("epoch") => numbers(&EPOCHS),
        Some(Value::Number(_)) => {
            let ends = schema.minimum.iter().chain(&schema.maximum).cloned().map(Value::Number);
            let fractions = if schema.types.has(TypeSet::NUMBER) { numbers(&DECIMALS) } else { Vec::new() };
            ends.chain(fractions).chain(numbers(&INTEGERS)).collect()
        }
        Some(Value::Array(_)) => {
            let list = |v: &&Value| v.as_array().is_some_and(|items| items.len() > 1 && items.first() != items.last());
            drawn.iter().find(list).cloned().into_iter().chain([Value::Array(Vec::new())]).collect()
        }
        Some(Value::String(text)) if schema.is_local_time() => {
            let spaced = text.contains(' ');
            let written = |t: &str| if spaced { t.replacen('T', " ", 1) } else { t.to_owned() };
            LOCAL_TIMES.iter().map(|t| Value::String(written(t))).collect()
        }
        Some(Value::String(_)) if format == "date-time" => texts(&INSTANTS),
        Some(Value::String(_)) if format == "date" => texts(&DAYS),
        Some(Value::String(text)) => {
            let mut all = in_letters(schema.max_length);
            if text.parse::<f64>().is_ok() {
                all.splice(0..0, texts(&DECIMALS));
            }
            if schema.pattern.is_some() {
                let length = |v: &&Value| v.as_str().map_or(0, |s| s.chars().count());
                all.extend(drawn.iter().max_by_key(length).into_iter().chain(drawn.iter().min_by_key(length)).cloned());
            }
            all
        }
        _ => Vec::new(),
    };
    out.extend(values.into_iter().map(Edge::Value));
    out
}

/// Texts of all kinds: as long as may be, in letters of four bytes (which are two units of UTF-16, so that a cut in the
/// middle of one shows), and of signs that are written in another way elsewhere.
fn in_letters(max_length: Option<u64>) -> Vec<Value> {
    let full = max_length.and_then(|n| usize::try_from(n).ok()).unwrap_or(LONG).min(LONGEST);
    let foxes = "🦊".repeat(full);
    let shifted = format!("a{}", "🦊".repeat(full.saturating_sub(1)));
    let plain = "abcdefghi ".repeat(full / 10 + 1).chars().take(full).collect::<String>();
    let all = [foxes, shifted, LETTERS.to_owned(), SIGNS.to_owned(), plain.trim_end().to_owned(), String::new()];
    all.into_iter().map(Value::String).collect()
}

/// The record with the edge in its place, where it stays deliverable and who it is.
fn with(bench: &Bench, record: &Value, place: &Place, edge: &Edge) -> Option<Value> {
    let held = dig(record, &place.path).and_then(Value::as_str);
    let value = match edge {
        Edge::Value(value) => Some(value.clone()),
        Edge::Upper => Some(Value::String(held?.to_uppercase())),
        // A program has its own idea of what space is.
        Edge::Padded if bench.real.is_some() => Some(Value::String(format!(" \t{} \n", held?))),
        Edge::Padded => Some(Value::String(format!("  {} ", held?))),
        Edge::Gone => None,
    };
    if value
        .as_ref()
        .is_some_and(|v| !validate(&bench.source.system.schemas, place.schema, v, Direction::Response).is_empty())
    {
        return None;
    }
    let changed = put(record, &place.path, value)?;
    if changed == *record {
        return Some(changed);
    }
    let (before, after) = (fate(bench, record)?, fate(bench, &changed)?);
    let (Ok(was), Ok(becomes)) = (&before.mapped, &after.mapped) else { return None };
    // A field that nobody reads may hold anything; how it is left out or empty is all that can trouble a reader.
    let plain = !matches!(edge, Edge::Value(Value::Number(_)));
    (after.identity == before.identity && (plain || was != becomes)).then_some(changed)
}

/// The record with this in its place, or without what is there.
fn put(record: &Value, path: &[String], value: Option<Value>) -> Option<Value> {
    let (name, parents) = path.split_last()?;
    let mut changed = record.clone();
    let mut at = &mut changed;
    for parent in parents {
        at = at.get_mut(parent)?;
    }
    let map = at.as_object_mut()?;
    match value {
        Some(value) => drop(map.insert(name.clone(), value)),
        None => drop(map.shift_remove(name)),
    }
    Some(changed)
}

fn fate(bench: &Bench, record: &Value) -> Option<Expected> {
    expectations(bench, std::slice::from_ref(record)).pop()
}

#[cfg(test)]
mod tests {
    use super::in_letters;

    #[test]
    fn a_text_at_its_full_length_is_cut_in_the_middle_of_a_letter_by_units_and_by_bytes() {
        for cut in [40_usize, 100, 120, 140] {
            let texts = in_letters(Some(200));
            let halved = |t: &str| {
                let units: Vec<u16> = t.encode_utf16().take(cut).collect();
                String::from_utf16(&units).is_err()
            };
            assert!(texts.iter().filter_map(|t| t.as_str()).any(halved), "{cut}");
            assert!(texts.iter().filter_map(|t| t.as_str()).any(|t| t.len() > cut && !t.is_char_boundary(cut - 1)));
            assert!(texts.iter().filter_map(|t| t.as_str()).all(|t| t.chars().count() <= 200));
        }
    }
}
