//! A graph of types cut down to what one flow can read, so that a record of the lab has an end: every scalar of the
//! record itself, and of what lies in it, the paths that the mapping reads.

use crate::connector::Plan;
use crate::model::{SchemaId, Schemas, System};

/// The system with a smaller schema for the records of the plan's source. What requests are held against, the types of
/// the answers, stays whole.
pub(super) fn narrowed(system: &System, plan: &Plan) -> System {
    let mut system = system.clone();
    let list = plan.source.list.as_ref();
    let listed = list.and_then(|list| system.operations.iter().find(|o| o.id == list.id));
    let Some(entity) = listed.and_then(|o| system.entities.get_mut(o.entity.as_deref()?)) else { return system };
    let Some(record) = listed.and_then(|o| o.record) else { return system };
    let mut paths: Vec<Vec<String>> = plan.mapping.reads().collect();
    paths.push(plan.source.key.clone());
    paths.extend(plan.source.incremental.as_ref().map(|(field, _)| field.clone()));
    let paths: Vec<&[String]> = paths.iter().map(Vec::as_slice).collect();
    entity.schema = Some(cut(&mut system.schemas, record, &paths, 0));
    system
}

/// Deepest that an object is kept of which nothing in particular is read.
const DEEPEST: usize = 1;

fn cut(schemas: &mut Schemas, id: SchemaId, paths: &[&[String]], depth: usize) -> SchemaId {
    let mut schema = schemas.get(id).clone();
    if let Some(items) = schema.items {
        schema.items = Some(cut(schemas, items, paths, depth));
        return schemas.push(schema);
    }
    let names: Vec<(String, SchemaId)> = schema.properties.iter().map(|(n, id)| (n.clone(), *id)).collect();
    for (name, property) in names {
        let below: Vec<&[String]> =
            paths.iter().filter_map(|p| p.split_first().filter(|(first, _)| **first == name)).map(|(_, r)| r).collect();
        if is_scalar(schemas, property) {
            continue;
        }
        // Read as a whole: kept as deep as requests ask for it.
        let whole = below.iter().any(|rest| rest.is_empty()) || (depth > 0 && paths.is_empty() && depth <= DEEPEST);
        if below.is_empty() && !whole {
            schema.properties.remove(&name);
            schema.required.remove(&name);
            continue;
        }
        let below: Vec<&[String]> = below.into_iter().filter(|rest| !rest.is_empty()).collect();
        let kept = cut(schemas, property, &below, depth + 1);
        schema.properties.insert(name, kept);
    }
    schema.variants = schema.variants.iter().map(|v| cut(schemas, *v, paths, depth)).collect();
    schemas.push(schema)
}

/// Has no fields, also within lists.
fn is_scalar(schemas: &Schemas, mut id: SchemaId) -> bool {
    while let Some(items) = schemas.get(id).items {
        id = items;
    }
    let schema = schemas.get(id);
    schema.properties.is_empty() && schema.variants.is_empty()
}
