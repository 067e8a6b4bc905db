//! `sensitive_field`: which fields of an entity are about people, payments or health, or open something: one fact for each
//! entity and kind. No description says so by itself, hence always inferred.

use std::collections::{BTreeMap, HashSet};

use serde_json::json;

use super::sensitive::{Around, Kind};
use super::{Detector, Hints, Look};
use crate::model::{Fact, SchemaId, System, TypeSet};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "sensitive_field", look: Look::Observe(run) };

/// Most facts told of one system, and most fields named in one.
const MOST: usize = 120;
const NAMED: usize = 12;
/// Most pointers that one fact rests on.
const FROM: usize = 3;

/// The fields of one entity and one kind.
#[derive(Default)]
struct Group {
    fields: Vec<String>,
    count: usize,
    /// What they are: `email`, `card` …, each with how many.
    of: BTreeMap<&'static str, usize>,
    from: Vec<String>,
    /// A format said so: nobody gives a field one that it does not have.
    by_format: bool,
}

fn run(system: &System, _: &Hints<'_>, found: &mut Vec<Fact>) {
    // A record that lies within many is told where it is a record itself, else once.
    let own: HashSet<SchemaId> = system.entities.values().filter_map(|e| e.schema).collect();
    let mut seen = HashSet::new();
    let mut groups: BTreeMap<(&str, Kind), Group> = BTreeMap::new();
    for entity in system.entities.values() {
        let Some(record) = entity.schema.filter(|id| seen.insert(*id)) else { continue };
        let around = Around::new(&system.schemas, &entity.name, record);
        look(system, &entity.name, "", &around, &mut groups);
        for (name, field) in around.fields() {
            let schema = system.schemas.get(field);
            let inner = schema.items.unwrap_or(field);
            let record = system.schemas.get(inner);
            let object = record.types.has(TypeSet::OBJECT) || !record.variants.is_empty();
            // "The customer, or its id": the record is one of the variants then.
            let known = record.variants.iter().any(|v| own.contains(v) || !seen.insert(*v));
            if object && !known && !own.contains(&inner) && seen.insert(inner) {
                let mark = if schema.items.is_some() { "[]." } else { "." };
                look(
                    system,
                    &entity.name,
                    &format!("{name}{mark}"),
                    &Around::new(&system.schemas, name, inner),
                    &mut groups,
                );
            }
        }
        if groups.len() >= MOST {
            break;
        }
    }
    let facts: Vec<Fact> =
        groups.into_iter().take(MOST).map(|((entity, kind), group)| fact(entity, kind, group)).collect();
    found.extend(facts);
}

fn look<'s>(
    system: &'s System,
    entity: &'s str,
    prefix: &str,
    around: &Around<'s>,
    groups: &mut BTreeMap<(&'s str, Kind), Group>,
) {
    for (name, field) in around.fields() {
        let Some(told) = around.judge(name, field) else { continue };
        let group = groups.entry((entity, told.kind)).or_default();
        group.count += 1;
        *group.of.entry(told.of).or_default() += 1;
        group.by_format |= told.by == "format";
        if group.fields.len() < NAMED {
            group.fields.push(format!("{prefix}{name}"));
        }
        if group.from.len() < FROM {
            group.from.push(system.schemas.get(field).pointer.clone());
        }
    }
}

fn fact(entity: &str, kind: Kind, group: Group) -> Fact {
    let Group { fields, count, of, from, by_format } = group;
    let value = json!({"entity": entity, "kind": kind.as_str(), "fields": fields, "count": count, "of": of});
    let (rule, sure) =
        if by_format { ("format-of-sensitive-fields", 0.68) } else { ("names-of-sensitive-fields", 0.60) };
    Fact::inferred("sensitive_field", value, rule, from, sure)
}

#[cfg(test)]
mod tests {
    use super::super::values_of;
    use serde_json::json;

    #[test]
    fn fields_are_told_once_for_each_entity_and_kind() {
        let text = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths:\n\
            \x20 /users/{id}: {get: {responses: {'200': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/User'}}}}}}}\n\
            \x20 /teams/{id}: {get: {responses: {'200': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Team'}}}}}}}\n\
            components:\n  schemas:\n    User: {type: object, properties: {id: {type: string}, email: {type: string}, password: {type: string}, \
            home: {$ref: '#/components/schemas/Address'}}}\n    Team: {type: object, properties: {id: {type: string}, lead: {$ref: '#/components/schemas/User'}, \
            seat: {$ref: '#/components/schemas/Address'}}}\n    Address: {type: object, properties: {street: {type: string}, city: {type: string}}}\n";
        assert_eq!(
            values_of(text, "sensitive_field"),
            [
                json!({"entity": "team", "kind": "personal", "fields": ["seat.street"], "count": 1, "of": {"address": 1}}),
                json!({"entity": "user", "kind": "personal", "fields": ["email"], "count": 1, "of": {"email": 1}}),
                json!({"entity": "user", "kind": "secret", "fields": ["password"], "count": 1, "of": {"secret": 1}}),
            ]
        );
    }
}
