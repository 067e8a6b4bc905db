//! What operations are about: `Operation::entity` and `System::entities`.

use std::collections::{BTreeMap, BTreeSet};

use super::nouns::{Named, named};
use super::path::{Segment, is_version, norm, noun, segments};
use super::{Detector, Hints, Look};
use crate::model::{Action, Entity, Operation, SchemaId, Schemas, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "entity", look: Look::Derive(run) };

fn run(system: &mut System, _: &Hints<'_>) {
    let mut named: Vec<Option<Named>> = system.operations.iter().map(|o| named(o, &system.schemas)).collect();
    by_answers(system, &mut named);
    if let Some((word, tenant)) = tenant(system) {
        // What other parents have, too, is told apart by its parents.
        let inside = |o: &Operation| root(&o.path).0 == word;
        let elsewhere: BTreeSet<String> = system
            .operations
            .iter()
            .zip(&named)
            .filter_map(|(o, n)| Some((o, n.as_ref().filter(|n| n.parent.is_some())?)))
            .filter(|(o, _)| !inside(o))
            .map(|(_, n)| n.noun.clone())
            .collect();
        for n in named.iter_mut().flatten() {
            if n.parent.as_deref() == Some(tenant.as_str()) && !elsewhere.contains(&n.noun) {
                n.parent = None;
            }
        }
    }
    // One noun below several parents and never on its own: `members` of lists and of segments are different things.
    // Where their schemas are named apart, those names are used, else the parents'.
    let mut parents: BTreeMap<&str, BTreeSet<Option<&str>>> = BTreeMap::new();
    let mut labels: BTreeMap<(&str, Option<&str>), &str> = BTreeMap::new();
    let mut of_noun: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for n in named.iter().flatten().filter(|n| n.counts) {
        parents.entry(&n.noun).or_default().insert(n.parent.as_deref());
        if let Some(label) = &n.label {
            of_noun.entry(&n.noun).or_default().insert(labels.entry((&n.noun, n.parent.as_deref())).or_insert(label));
        }
    }
    let label = |noun: &str, parent: Option<&str>| {
        let several = of_noun.get(noun).is_some_and(|all| all.len() > 1);
        labels.get(&(noun, parent)).copied().filter(|l| several && l.ends_with(noun))
    };
    let names: Vec<Option<String>> = named
        .iter()
        .map(|n| {
            let Named { noun, parent, .. } = n.as_ref()?;
            let several = parents.get(noun.as_str()).is_some_and(|p| p.len() > 1 && !p.contains(&None));
            Some(match (parent, label(noun, parent.as_deref())) {
                (Some(_), Some(label)) => label.to_owned(),
                (Some(parent), None) if several => format!("{parent}_{noun}"),
                _ => noun.clone(),
            })
        })
        .collect();
    for (operation, name) in system.operations.iter_mut().zip(names) {
        operation.entity = name;
    }
    // Those that the description itself states stay.
    let mut entities: BTreeMap<String, Entity> = std::mem::take(&mut system.entities);
    for operation in &system.operations {
        let Some(name) = &operation.entity else { continue };
        let entity = entities.entry(name.clone()).or_insert_with(|| Entity {
            name: name.clone(),
            schema: None,
            key: None,
            operations: BTreeMap::new(),
        });
        entity.operations.entry(operation.action).or_default().push(operation.id.clone());
    }
    let mut of: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in &system.operations {
        if let Some(name) = &operation.entity {
            of.entry(name).or_default().push(operation);
        }
    }
    for (name, operations) in of {
        let Some(entity) = entities.get_mut(name) else { continue };
        entity.schema = record(&system.schemas, &operations);
        // A key that the description states stays too.
        if entity.key.is_none() {
            entity.key = entity.schema.and_then(|schema| key(&system.schemas, name, &operations, schema));
        }
    }
    // A customer or a deleted customer is read as a customer.
    for operation in &mut system.operations {
        let one = operation.entity.as_ref().and_then(|name| entities.get(name)).and_then(|e| e.schema);
        if let (Some(read), Some(one)) = (operation.record, one)
            && system.schemas.get(read).variants.contains(&one)
        {
            operation.record = Some(one);
        }
    }
    system.entities = entities;
}

/// What most of a system stands below is nobody's parent, but whose system it is: `/accounts/{account}/…`. As the path has
/// it, and as a noun.
fn tenant(system: &System) -> Option<(String, String)> {
    let mut below: BTreeMap<&str, usize> = BTreeMap::new();
    for operation in &system.operations {
        if let (word, true) = root(&operation.path) {
            *below.entry(word).or_insert(0) += 1;
        }
    }
    let (word, count) = below.into_iter().max_by_key(|(_, count)| *count)?;
    let most = count >= 10 && count * 2 > system.operations.len();
    most.then(|| noun(word)).flatten().map(|noun| (word.to_owned(), noun))
}

/// The first word of a path, and whether something stands below one of what it names.
fn root(path: &str) -> (&str, bool) {
    let mut steps = path.split('/').filter(|s| !s.is_empty() && !is_version(s));
    let first = steps.next().unwrap_or_default();
    match first.split_once(['(', '{']) {
        Some((word, _)) => (word, !word.is_empty() && steps.next().is_some()),
        None => (first, steps.next().is_some_and(|s| s.starts_with('{')) && steps.next().is_some()),
    }
}

/// Where methods are called (`/conversations.info`), the word before the dot is a namespace; what is in it, the
/// answers name: a field that holds the record, or the records.
fn by_answers(system: &System, named: &mut [Option<Named>]) {
    let space = |o: &Operation| {
        let last = o.path.rsplit('/').next().unwrap_or_default();
        last.rsplit_once(['.', ':']).and_then(|(space, _)| noun(space.rsplit('.').next()?))
    };
    let mut told: BTreeMap<String, BTreeMap<String, u32>> = BTreeMap::new();
    for (operation, n) in system.operations.iter().zip(named.iter_mut()) {
        let Some(n) = n.as_mut().filter(|_| super::orders::called(&operation.path)) else { continue };
        let (Some(space), Some(label)) = (space(operation), held_in(operation, &system.schemas)) else { continue };
        if n.noun == space {
            *told.entry(space).or_default().entry(label).or_insert(0) += 1;
        } else if matches!(operation.action, Action::List | Action::Search) {
            n.noun = label;
        }
    }
    for (operation, n) in system.operations.iter().zip(named.iter_mut()) {
        let Some(n) = n.as_mut().filter(|_| super::orders::called(&operation.path)) else { continue };
        let best = told.get(&n.noun).and_then(|labels| labels.iter().max_by_key(|(_, count)| **count));
        // Once may be chance.
        if let Some((label, _)) = best.filter(|(_, count)| **count > 1) {
            n.noun.clone_from(label);
        }
    }
}

/// The name of the field that holds the record or the records of an answer, as a noun; none of an envelope.
fn held_in(operation: &Operation, schemas: &Schemas) -> Option<String> {
    let field = match &operation.items {
        Some(path) => path.last()?.clone(),
        None => {
            let body = operation.success()?.schema?;
            super::records::only_object(schemas, body).or_else(|| super::records::only_field(schemas, body))?.to_owned()
        }
    };
    (!super::records::is_envelope(&field)).then(|| noun(&field)).flatten()
}

/// The schema of one record: as it is read alone, else in a list, else as a write answers.
fn record(schemas: &Schemas, operations: &[&Operation]) -> Option<SchemaId> {
    let of = |action: Action| {
        let mut records = operations.iter().filter(|o| o.action == action).filter_map(|o| o.record);
        records.find(|r| !schemas.get(*r).properties.is_empty())
    };
    let either = || {
        let mut records = operations.iter().filter_map(|o| o.record);
        records.find(|r| !schemas.properties(*r).is_empty())
    };
    [Action::Get, Action::List, Action::Search, Action::Create, Action::Upsert, Action::Update]
        .into_iter()
        .find_map(of)
        .or_else(either)
}

/// The field whose value stands in the path of an operation on one record.
fn key(schemas: &Schemas, entity: &str, operations: &[&Operation], schema: SchemaId) -> Option<String> {
    let fields = schemas.properties(schema);
    let param = operations
        .iter()
        .filter(|o| matches!(o.action, Action::Get | Action::Update | Action::Upsert | Action::Delete))
        .find_map(|o| match segments(&o.path).pop()? {
            Segment::Param(name) => Some(name),
            Segment::Word(_) | Segment::Call(_) => None,
        });
    let named = |wanted: &str| fields.keys().find(|f| norm(f) == wanted).map(|f| (*f).to_owned());
    let noun = norm(entity);
    if let Some(param) = &param {
        let param = norm(param);
        if let Some(field) = named(&param) {
            return Some(field);
        }
        // `{customer_uuid}` and `{customerUuid}` name the field without the entity's name.
        if let Some(rest) = param.strip_prefix(noun.as_str()).filter(|r| !r.is_empty())
            && let Some(field) = named(rest)
        {
            return Some(field);
        }
    }
    let candidates = [
        "id",
        "uuid",
        "guid",
        "gid",
        "sid",
        "key",
        &format!("{noun}id"),
        &format!("{noun}key"),
        "number",
        "slug",
        "code",
    ]
    .map(str::to_owned);
    let found = candidates.iter().find_map(|c| named(c));
    // A name serves as a key only where the path says so.
    found.or_else(|| param.filter(|p| norm(p).ends_with("name")).and_then(|_| named("name")))
}

#[cfg(test)]
mod tests {

    fn entities_of(paths: &str) -> Vec<Option<String>> {
        let text = format!("openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\npaths: {{{paths}}}\n");
        super::super::system_of(&text).operations.iter().map(|o| o.entity.clone()).collect()
    }

    #[test]
    fn answers_name_what_is_in_a_namespace_of_methods() {
        let call = |path: &str, fields: &str| {
            format!(
                "{path}: {{post: {{responses: {{'200': {{description: ok, content: {{application/json: {{schema: {{type: object, properties: {{ok: {{type: boolean}}, {fields}}}}}}}}}}}}}}}}}"
            )
        };
        let room = "room: {type: object, properties: {id: {type: string}}}";
        let three =
            [call("/talks.info", room), call("/talks.create", room), call("/talks.close", "ok: {type: boolean}")];
        assert_eq!(entities_of(&three.join(", ")), [Some("room".into()), Some("room".into()), Some("room".to_owned())]);
        assert_eq!(entities_of(&call("/talks.info", room)), [Some("talk".to_owned())]);
    }

    #[test]
    fn what_all_stands_below_is_no_parent() {
        let get = |path: &str| format!("'/v1{path}': {{get: {{responses: {{}}}}}}");
        let below = |path: &str| get(&format!("/accounts/{{a}}{path}"));
        let mut paths: Vec<String> =
            ["b", "c", "d", "e", "f", "g"].iter().map(|w| below(&format!("/{w}oxes"))).collect();
        paths.extend([
            below("/brands/{b}"),
            below("/teams/{t}/brands"),
            below("/brands"),
            below("/guests"),
            get("/halls/{h}/guests"),
        ]);
        let named = |paths: &[String]| -> Vec<String> {
            entities_of(&paths.join(", ")).into_iter().flatten().skip(6).collect()
        };
        assert_eq!(named(&paths), ["brand", "brand", "brand", "account_guest", "hall_guest"]);
        // With half of the system elsewhere, an account is a parent as others are.
        paths.extend((0..12).map(|i| get(&format!("/other{i}"))));
        assert_eq!(named(&paths)[..3], ["account_brand", "team_brand", "account_brand"]);
    }

    #[test]
    fn children_are_of_their_parents_kind_and_statistics_are_not() {
        let get = |path: &str| format!("'{path}': {{get: {{responses: {{}}}}}}");
        assert_eq!(entities_of(&get("/blocks/{id}/children")), [Some("block".to_owned())]);
        assert_eq!(entities_of(&get("/stats/letters")), [Some("letter_stats".to_owned())]);
    }

    #[test]
    fn a_namespace_holds_what_its_answers_hold_beside_other_fields() {
        let call = |path: &str, fields: &str| {
            format!(
                "{path}: {{post: {{responses: {{'200': {{description: ok, content: {{application/json: {{schema: {{type: object, properties: {{{fields}}}}}}}}}}}}}}}}}"
            )
        };
        let told = "room: {type: string}, message: {type: object, properties: {id: {type: string}}}";
        let paths =
            [call("/talk.update", told), call("/talk.schedule", told), call("/talk.delete", "room: {type: string}")];
        assert_eq!(entities_of(&paths.join(", ")), vec![Some("message".to_owned()); 3]);
    }
}
