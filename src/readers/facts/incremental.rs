//! How changed records alone can be read: `Operation::incremental`.

use super::path::norm;
use super::{Detector, Hints, Look};
use crate::base::text::words;
use crate::model::{Action, Basis, Incremental, Operation, ParamIn, Parameter, SchemaId, Schemas, System, TypeSet};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "incremental", look: Look::Derive(run) };

fn run(system: &mut System, hints: &Hints<'_>) {
    let schemas = &system.schemas;
    for (i, operation) in system.operations.iter_mut().enumerate() {
        if matches!(operation.action, Action::List | Action::Search) {
            operation.incremental = incremental(schemas, operation, i, hints);
        }
    }
}

const FROM: [&str; 10] = ["since", "after", "gte", "gt", "min", "from", "start", "begin", "ge", "newer"];
const UNTIL: [&str; 12] = ["until", "before", "lte", "lt", "max", "to", "end", "le", "older", "id", "order", "sort"];
const CHANGE: [&str; 7] = ["updated", "modified", "changed", "update", "modification", "change", "lastmodified"];
const BIRTH: [&str; 5] = ["created", "create", "creation", "added", "received"];
const FILLER: [&str; 10] = ["date", "time", "at", "on", "or", "datetime", "timestamp", "utc", "last", "filter"];

/// What a parameter's name says: its rank (change before birth before a bare `since`), and the words of its field.
fn meaning(name: &str, from: bool) -> Option<(u8, Vec<String>)> {
    let parts = words(name);
    let has = |set: &[&str]| parts.iter().any(|w| set.contains(&w.as_str()));
    if has(&UNTIL) || !(from || has(&FROM)) {
        return None;
    }
    let field: Vec<String> = parts.iter().filter(|w| !FROM.contains(&w.as_str())).cloned().collect();
    if has(&CHANGE) {
        Some((3, field))
    } else if has(&BIRTH) {
        Some((2, field))
    } else if matches!(norm(name).as_str(), "since" | "changedsince" | "sincedate" | "sincetime" | "sincetimestamp") {
        Some((1, Vec::new()))
    } else {
        None
    }
}

/// Whether a bound leaves out itself as far as its name tells, as `gt` and `after` do, but not `on_or_after`: an inclusive one
/// misses nothing, so it goes before.
fn exclusive(name: &str) -> bool {
    let parts = words(name);
    let has = |w: &str| parts.iter().any(|p| p == w);
    has("gt") || ((has("after") || has("newer")) && !has("or"))
}

fn incremental(schemas: &Schemas, operation: &Operation, index: usize, hints: &Hints<'_>) -> Option<Incremental> {
    let mut best: Option<(u8, String, Vec<String>, usize)> = None;
    for (at, parameter) in operation.parameters.iter().enumerate().filter(|(_, p)| p.place == ParamIn::Query) {
        // An object parameter holds the bound as a property: `created` with `gte` is sent as `created[gte]`.
        let bound = parameter.schema.and_then(|s| {
            let properties = schemas.properties(s);
            ["gte", "gt", "since", "after", "from"].iter().find(|b| properties.contains_key(b)).copied()
        });
        let Some((rank, field)) = meaning(&parameter.name, bound.is_some()) else { continue };
        if !timely(schemas, parameter.schema) && bound.is_none() {
            continue;
        }
        let name = bound.map_or_else(|| parameter.name.clone(), |b| format!("{}[{b}]", parameter.name));
        let weight = rank * 2 + u8::from(!exclusive(&name));
        if best.as_ref().is_none_or(|(w, ..)| weight > *w) {
            best = Some((weight, name, field, at));
        }
    }
    for (at, parameter) in operation.parameters.iter().enumerate().filter(|(_, p)| p.place == ParamIn::Variable) {
        for (name, schema) in below(schemas, parameter) {
            let Some((rank, field)) = meaning(&name, false) else { continue };
            if !timely(schemas, Some(schema)) {
                continue;
            }
            let weight = rank * 2 + u8::from(!exclusive(&name));
            if best.as_ref().is_none_or(|(w, ..)| weight > *w) {
                best = Some((weight, name, field, at));
            }
        }
    }
    let of_body = best.is_none().then(|| in_body(schemas, operation)).flatten();
    let (param, words, text, pointer) = match (best, &of_body) {
        (Some((_, param, words, at)), _) => {
            let parameter = operation.parameters.get(at)?;
            (param, words, hints.parameter(index, &parameter.name), parameter.pointer.clone())
        }
        (None, Some((param, words, schema))) => {
            let schema = schemas.get(*schema);
            (param.clone(), words.clone(), &*schema.description, schema.pointer.clone())
        }
        (None, None) => return None,
    };
    let timed = |(name, id): (_, SchemaId)| timely(schemas, Some(id)).then_some(name);
    let fields: Vec<&str> =
        operation.record.map(|r| schemas.properties(r).into_iter().filter_map(timed).collect()).unwrap_or_default();
    let quoted = fields.iter().find(|f| text.contains(&format!("`{f}`")));
    let field = quoted.copied().or_else(|| field_like(&fields, &words));
    let basis = if quoted.is_some() || text.to_lowercase().contains("since") || text.to_lowercase().contains("after") {
        Basis::Stated { pointer }
    } else {
        let record = operation.record.map(|r| schemas.get(r).pointer.clone());
        let from = std::iter::once(pointer).chain(record).collect();
        Basis::Inferred { rule: "incremental-param-name", from }
    };
    Some(Incremental { param, field: field.map(str::to_owned), basis })
}

/// The field of a search's body that bounds changes from below, with the words of the field that it bounds.
fn in_body(schemas: &Schemas, operation: &Operation) -> Option<(String, Vec<String>, SchemaId)> {
    let bounds = operation.body_fields(schemas).into_iter().filter_map(|name| {
        let schema = operation.body_field(schemas, &name).filter(|s| timely(schemas, Some(*s)))?;
        let (rank, words) = meaning(&name, false)?;
        Some((rank * 2 + u8::from(!exclusive(&name)), name, words, schema))
    });
    // Of equals the first.
    let best = bounds.reduce(|best, one| if one.0 > best.0 { one } else { best })?;
    Some((best.1, best.2, best.3))
}

/// Deepest that filters nest: `filter.updatedAt.gte`.
const DEEPEST: usize = 3;
/// Most names looked at below one argument.
const MOST: usize = 2000;

/// An argument and, of an input object, everything below it by dotted name, nearest first.
fn below(schemas: &Schemas, parameter: &Parameter) -> Vec<(String, SchemaId)> {
    let mut out: Vec<(String, SchemaId)> = Vec::new();
    let mut level: Vec<(String, SchemaId)> =
        parameter.schema.map(|s| (parameter.name.clone(), s)).into_iter().collect();
    for _ in 0..DEEPEST {
        let mut next = Vec::new();
        for (name, schema) in &level {
            for (inner, id) in schemas.properties(*schema) {
                if out.len() + level.len() + next.len() < MOST {
                    next.push((format!("{name}.{inner}"), id));
                }
            }
        }
        out.append(&mut level);
        level = next;
    }
    out.append(&mut level);
    out.retain(|(_, id)| schemas.properties(*id).is_empty());
    out
}

/// May hold a point in time.
fn timely(schemas: &Schemas, schema: Option<crate::model::SchemaId>) -> bool {
    schema.is_none_or(|s| {
        let types = schemas.get(s).types;
        types.is_any() || types.has(TypeSet::STRING) || types.has(TypeSet::INTEGER) || types.has(TypeSet::NUMBER)
    })
}

/// The record's field that the words mean: `updated` is `updated_at`, `last_changed` is itself.
fn field_like<'f>(fields: &[&'f str], wanted: &[String]) -> Option<&'f str> {
    let exact = wanted.concat();
    if !exact.is_empty()
        && let Some(found) = fields.iter().find(|f| norm(f) == exact)
    {
        return Some(found);
    }
    let core = |parts: Vec<String>| -> Vec<String> {
        let kept: Vec<String> = parts
            .into_iter()
            .filter(|w| !FILLER.contains(&w.as_str()))
            .map(|w| match w.as_str() {
                w if CHANGE.contains(&w) => "changed".to_owned(),
                w if BIRTH.contains(&w) => "created".to_owned(),
                _ => w,
            })
            .collect();
        kept
    };
    let wanted = if wanted.is_empty() { vec!["changed".to_owned()] } else { core(wanted.to_vec()) };
    // "changed" is folded from several words; the field's own words are folded the same way.
    fields.iter().find(|f| core(words(f)) == wanted).copied()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_search_that_is_a_post_is_bounded_by_a_field_of_its_body() {
        const API: &str = "
openapi: 3.0.3
info: {title: T, version: '1'}
paths:
  /things/search:
    post:
      requestBody: {content: {application/json: {schema: {type: object, properties: {FIELDS}}}}}
      responses: {'200': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Page'}}}}}
components:
  schemas:
    Page: {type: object, properties: {things: {type: array, items: {$ref: '#/components/schemas/Thing'}}}}
    Thing: {type: object, properties: {id: {type: string}, updated_at: {type: string, format: date-time}}}
";
        let of = |fields: &str| {
            let text = API.replace("FIELDS", fields);
            let system = super::super::system_of(&text);
            let found = system.operations[0].incremental.clone()?;
            Some((found.param, found.field))
        };
        let bound = "filter: {type: object, properties: {updated_since: {type: string, format: date-time}, status: {type: string}}}";
        assert_eq!(of(bound), Some(("filter.updated_since".to_owned(), Some("updated_at".to_owned()))));
        assert_eq!(of("updated_before: {type: string}, status: {type: string}"), None);
    }

    use super::exclusive;

    #[test]
    fn a_bound_that_leaves_itself_out_is_told_from_one_that_does_not() {
        for name in ["updated[gt]", "updated_after", "created.after", "newer_than"] {
            assert!(exclusive(name), "{name}");
        }
        for name in ["updated[gte]", "updated_since", "created.on_or_after", "from", "min_updated"] {
            assert!(!exclusive(name), "{name}");
        }
    }
}
