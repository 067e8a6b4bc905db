//! The keywords of one schema, merged over its parts: what is stricter wins, what only describes is taken from the
//! part nearest to the schema.

use serde_json::{Number, Value};

use super::document::{At, Document};
use super::schemas::Part;
use super::words::Word;
use crate::base::text::quoted;
use crate::base::tree::Node;
use crate::model::{Facets, Schema, TypeSet, multiple};

/// Most properties of one schema that ask for others, and most that one asks for.
const MOST_NEEDS: usize = 64;

/// All keywords that refer to no other schema.
pub(super) fn merged(doc: &mut Document<'_>, parts: &[Part<'_>]) -> Schema {
    let mut schema = Schema::default();
    let mut facets = Facets::default();
    for part in parts {
        let (types, format) = types(doc, part);
        schema.types = intersection(schema.types, types);
        if let Some(format) = format {
            schema.format = Some(format);
        }
        values(part, &mut facets);
        bounds(part, &mut facets);
        needs(part, &mut facets);
        let required = part.words.get(Word::Required).into_iter().flat_map(Node::items);
        schema.required.extend(required.filter_map(Node::as_str).map(str::to_owned));
        schema.read_only |= part.words.flag(Word::ReadOnly);
        schema.write_only |= part.words.flag(Word::WriteOnly);
        schema.deprecated |= part.words.flag(Word::Deprecated);
        if let Some(pattern) = part.words.text(Word::Pattern).filter(|p| p.len() <= 2000) {
            facets.pattern = Some(pattern.to_owned());
        }
        let discriminator =
            part.words.get(Word::Discriminator).map(|d| d.get("propertyName").unwrap_or(d)).and_then(Node::as_str);
        if let Some(property) = discriminator {
            facets.discriminator = Some(quoted(property, 120));
        }
    }
    // Nearest first; of two at the same level the later one is the more particular.
    let mut near: Vec<&Part<'_>> = parts.iter().rev().collect();
    if near.len() > 1 {
        near.sort_by_key(|p| p.level);
    }
    let first = |word| near.iter().find_map(|p| p.words.get(word));
    schema.description = near
        .iter()
        .find_map(|p| p.words.text(Word::Description).filter(|d| !d.trim().is_empty()))
        .map(|d| quoted(d, 300))
        .unwrap_or_default();
    facets.default = first(Word::Default).map(|value| Box::new(value.to_value()));
    facets.example = first(Word::Example)
        .or_else(|| first(Word::Examples).and_then(|e| e.as_list().and_then(|list| list.first()).copied()))
        .map(|value| Box::new(value.to_value()));
    schema.facets = facets.into();
    schema
}

/// The types of one part, and the format it states or implies by a type's name.
fn types(doc: &mut Document<'_>, part: &Part<'_>) -> (TypeSet, Option<String>) {
    let mut format = part.words.text(Word::Format).map(|f| quoted(f, 60)).filter(|f| !f.is_empty());
    let mut types = TypeSet::ANY;
    let mut one = |name: &str| {
        if let Some(found) = TypeSet::named(name) {
            return found;
        }
        // A type of Swagger 2.
        if name == "file" {
            if format.is_none() {
                format = Some("binary".to_owned());
            }
            return TypeSet::STRING;
        }
        let (known, implied) = match name {
            "date" => (TypeSet::STRING, Some("date")),
            "datetime" | "date-time" => (TypeSet::STRING, Some("date-time")),
            "uuid" => (TypeSet::STRING, Some("uuid")),
            "int" | "long" => (TypeSet::INTEGER, None),
            "float" | "double" | "decimal" => (TypeSet::NUMBER, None),
            "bool" => (TypeSet::BOOLEAN, None),
            "str" | "text" | "enum" => (TypeSet::STRING, None),
            "map" | "dict" => (TypeSet::OBJECT, None),
            "list" => (TypeSet::ARRAY, None),
            _ => (TypeSet::ANY, None),
        };
        let message = format!("the type \"{}\" is unknown; read as {known}", quoted(name, 40));
        doc.warn("unknown-type", &part.at.pointer(), message, "use a type of JSON Schema");
        if format.is_none() {
            format = implied.map(str::to_owned);
        }
        known
    };
    match part.words.get(Word::Type) {
        Some(Node::Text(name)) => types = one(name),
        Some(Node::List(names)) => {
            for name in names.iter().filter_map(|n| n.as_str()) {
                types = types.with(one(name));
            }
        }
        _ => {}
    }
    if part.nullable && !types.is_any() {
        types = types.with(TypeSet::NULL);
    }
    (types, format)
}

/// What both allow; where that is nothing, the first.
fn intersection(a: TypeSet, b: TypeSet) -> TypeSet {
    if a.is_any() {
        return b;
    }
    if b.is_any() {
        return a;
    }
    let mut both = a.without(a.without(b));
    // An integer is a number.
    if (a.has(TypeSet::INTEGER) && b.has(TypeSet::NUMBER)) || (b.has(TypeSet::INTEGER) && a.has(TypeSet::NUMBER)) {
        both = both.with(TypeSet::INTEGER);
    }
    if both.is_any() { a } else { both }
}

fn values(part: &Part<'_>, facets: &mut Facets) {
    let here = match (part.words.get(Word::Const), part.words.get(Word::Enum)) {
        (Some(only), _) => vec![only.to_value()],
        (None, Some(Node::List(list))) if !list.is_empty() => list.iter().map(|n| n.to_value()).collect(),
        _ => return,
    };
    facets.values = Some(match facets.values.take() {
        None => here,
        Some(before) => {
            let both: Vec<Value> = before.iter().filter(|v| here.contains(v)).cloned().collect();
            if both.is_empty() { before } else { both }
        }
    });
}

/// The values of alternatives that are nothing but a constant each.
pub(super) fn constants(alternatives: &[At<'_>]) -> Option<Vec<Value>> {
    const BESIDE: [&str; 7] = ["const", "enum", "title", "description", "type", "deprecated", "example"];
    let mut out = Vec::new();
    for at in alternatives {
        let map = at.value.as_map()?;
        if map.keys().any(|k| !BESIDE.contains(&k) && !k.starts_with("x-")) {
            return None;
        }
        match (map.get("const"), map.get("enum")) {
            (Some(only), _) => out.push(only.to_value()),
            (None, Some(Node::List(list))) => out.extend(list.iter().map(|n| n.to_value())),
            _ => return None,
        }
    }
    Some(out)
}

fn bounds(part: &Part<'_>, facets: &mut Facets) {
    let count = |word| part.words.get(word).and_then(whole);
    let at_most = |now: &mut Option<u64>, new: Option<u64>| {
        if let Some(new) = new {
            *now = Some(now.map_or(new, |n| n.min(new)));
        }
    };
    let at_least = |now: &mut Option<u64>, new: Option<u64>| {
        if let Some(new) = new {
            *now = Some(now.map_or(new, |n| n.max(new)));
        }
    };
    at_least(&mut facets.min_length, count(Word::MinLength));
    at_most(&mut facets.max_length, count(Word::MaxLength));
    at_least(&mut facets.min_items, count(Word::MinItems));
    at_most(&mut facets.max_items, count(Word::MaxItems));
    facets.unique_items |= part.words.flag(Word::UniqueItems);
    at_least(&mut facets.min_properties, count(Word::MinProperties));
    at_most(&mut facets.max_properties, count(Word::MaxProperties));

    let number = |word| part.words.get(word).and_then(Node::as_number);
    // What is no number above zero says nothing.
    if let Some(new) = number(Word::MultipleOf).filter(|n| multiple::step(Some(n)).is_some()) {
        let both = multiple::step(facets.multiple_of.as_ref()).zip(multiple::step(Some(&new)));
        let both = both.and_then(|(a, b)| multiple::common(a, b)?.to_string().parse().ok());
        facets.multiple_of = Some(both.unwrap_or(new));
    }
    // 3.0 says `exclusiveMinimum: true` beside `minimum`, 3.1 says `exclusiveMinimum: 5`.
    for (bound, exclusive) in
        [(number(Word::Minimum), part.words.flag(Word::ExclusiveMinimum)), (number(Word::ExclusiveMinimum), true)]
    {
        if let Some(bound) = bound
            && tighter(
                &bound,
                exclusive,
                facets.minimum.as_ref(),
                facets.exclusive_minimum,
                std::cmp::Ordering::Greater,
            )
        {
            facets.minimum = Some(bound);
            facets.exclusive_minimum = exclusive;
        }
    }
    for (bound, exclusive) in
        [(number(Word::Maximum), part.words.flag(Word::ExclusiveMaximum)), (number(Word::ExclusiveMaximum), true)]
    {
        if let Some(bound) = bound
            && tighter(&bound, exclusive, facets.maximum.as_ref(), facets.exclusive_maximum, std::cmp::Ordering::Less)
        {
            facets.maximum = Some(bound);
            facets.exclusive_maximum = exclusive;
        }
    }
}

/// `dependentRequired`, and the lists of the older `dependencies`.
fn needs(part: &Part<'_>, facets: &mut Facets) {
    for word in [Word::DependentRequired, Word::Dependencies] {
        for (name, names) in part.words.get(word).and_then(Node::as_map).iter().flat_map(|map| map.iter()) {
            let Some(names) = names.as_list().filter(|names| !names.is_empty()) else { continue };
            let names = names.iter().filter_map(|n| n.as_str()).take(MOST_NEEDS).map(str::to_owned);
            let room = facets.needs.len() < MOST_NEEDS;
            if let Some((_, known)) = facets.needs.iter_mut().find(|(known, _)| known == name) {
                known.extend(names);
            } else if room {
                facets.needs.push((name.to_owned(), names.collect()));
            }
        }
    }
}

fn tighter(
    new: &Number,
    new_exclusive: bool,
    old: Option<&Number>,
    old_exclusive: bool,
    wanted: std::cmp::Ordering,
) -> bool {
    let Some(old) = old else { return true };
    match (new.as_f64(), old.as_f64()) {
        (Some(n), Some(o)) => {
            let order = n.total_cmp(&o);
            order == wanted || (order.is_eq() && new_exclusive && !old_exclusive)
        }
        _ => false,
    }
}

/// A count, also where it is written `100.0`.
fn whole(value: Node<'_>) -> Option<u64> {
    let n = value.as_number()?;
    n.as_u64().or_else(|| {
        let f = n.as_f64()?;
        // Counts beyond 2^53 say "no bound" in other words.
        (f.fract() == 0.0 && (0.0..9e15).contains(&f)).then_some(f as u64)
    })
}

/// Where no type is stated but the other keywords leave only one that makes sense.
pub(super) fn guess_type(schema: &mut Schema) {
    if !schema.types.is_any() {
        return;
    }
    if let Some(values) = &schema.values {
        schema.types = values.iter().map(TypeSet::of).fold(TypeSet::ANY, TypeSet::with);
    } else if !schema.properties.is_empty() {
        schema.types = TypeSet::OBJECT;
    } else if schema.items.is_some() {
        schema.types = TypeSet::ARRAY;
    }
}

#[cfg(test)]
mod tests {
    use crate::model::Schema;
    use crate::readers::read_bytes;

    /// Steps, twins and company of all schemas of a description.
    fn told(text: &str) -> String {
        let read = read_bytes(text.as_bytes(), "api");
        let system = read.system.unwrap_or_else(|| panic!("{:?}", read.findings));
        let of = |s: &Schema| {
            let step = s.multiple_of.as_ref().map(|n| format!("step {n}"));
            let unique = s.unique_items.then(|| "unique".to_owned());
            let count = s.min_properties.zip(s.max_properties).map(|(least, most)| format!("{least}..{most}"));
            let needs = s
                .needs
                .iter()
                .map(|(name, all)| format!("{name} needs {}", all.iter().cloned().collect::<Vec<_>>().join("+")));
            step.into_iter().chain(unique).chain(count).chain(needs).collect::<Vec<_>>()
        };
        let mut all: Vec<String> = system.schemas.iter().flat_map(of).collect();
        all.sort();
        all.dedup();
        all.join("; ")
    }

    #[test]
    fn steps_twins_and_company_are_read_in_every_dialect() {
        let price =
            "price: {type: number, multipleOf: 0.05, allOf: [{multipleOf: 0.02}]}, odd: {type: number, multipleOf: 0}";
        let fields = format!(
            "{{{price}, currency: {{type: string}}, tags: {{type: array, uniqueItems: true, items: {{type: string}}}}}}"
        );
        let schema = |needs: &str| {
            format!(
                "{{type: object, minProperties: 1, maxProperties: 9, {needs}: {{price: [currency, tags]}}, properties: {fields}}}"
            )
        };
        let head = "info: {title: T, version: '1'}\npaths:\n  /a:\n    post:\n      operationId: a\n      responses: {'200': {description: ok}}\n";
        let parameter = "      parameters: [{in: body, name: b, schema: {$ref: '#/definitions/A'}}]\n";
        let body = "      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}\n";
        let mut all = vec![
            format!("swagger: '2.0'\n{head}{parameter}definitions:\n  A: {}\n", schema("dependencies")),
            schema("dependencies").replacen(
                "{type",
                "{$schema: 'http://json-schema.org/draft-07/schema#', title: A, type",
                1,
            ),
        ];
        for version in ["3.0.3", "3.1.0"] {
            let component = schema("dependentRequired");
            all.push(format!("openapi: {version}\n{head}{body}components:\n  schemas:\n    A: {component}\n"));
        }
        for text in all {
            assert_eq!(told(&text), "1..9; price needs currency+tags; step 0.1; unique", "{text}");
        }
    }

    #[test]
    fn digits_after_the_point_of_a_column_are_a_step() {
        let sql = "CREATE TABLE t (id int PRIMARY KEY, a numeric(12, 2), b decimal(5), c numeric, d varchar(9), e numeric(8,3)[]);";
        assert_eq!(told(sql), "step 0.01; step 1");
    }
}
