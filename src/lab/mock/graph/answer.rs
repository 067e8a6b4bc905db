//! Requests held against the schema, and answers cut down to what was selected.

use serde_json::{Map, Value};

use super::Arguments;
use super::parse::{Argument, Asked, Selection};
use crate::base::rng::Rng;
use crate::model::{Direction, Operation, SchemaId, Schemas, sample};

/// The values of the arguments, where the request is valid against the schema.
///
/// # Errors
/// What is wrong with it, in words as servers write them.
pub(super) fn arguments(schemas: &Schemas, op: &Operation, asked: &Asked) -> Result<Arguments, String> {
    let Some(field) = &op.root_field else { return Err("This is no field of a root type.".to_owned()) };
    let mut out = Map::new();
    for (name, argument) in &asked.field.arguments {
        let Some(wanted) = field.arguments.get(name) else {
            return Err(format!("Unknown argument \"{name}\" on field \"{}\".", field.name));
        };
        let value = match argument {
            Argument::Constant(value) => Some(value.clone()),
            Argument::Variable(variable) => {
                let Some((written, default)) = asked.declared.get(variable) else {
                    return Err(format!("Variable \"${variable}\" is not defined."));
                };
                // A stricter type fits (GraphQL, section 5.8.5).
                if written != wanted && written.strip_suffix('!') != Some(wanted) {
                    return Err(format!(
                        "Variable \"${variable}\" of type \"{written}\" used in position expecting type \"{wanted}\"."
                    ));
                }
                asked.variables.get(variable).or(default.as_ref()).cloned()
            }
        };
        if let Some(value) = value {
            out.insert(name.clone(), value);
        }
    }
    for declared in asked.declared.keys() {
        let used = asked.field.arguments.iter().any(|(_, a)| *a == Argument::Variable(declared.clone()));
        if !used {
            return Err(format!("Variable \"${declared}\" is never used."));
        }
    }
    let missing = op.parameters.iter().find(|p| p.required && out.get(&p.name).is_none_or(Value::is_null));
    if let Some(missing) = missing {
        return Err(format!("Argument \"{}\" is required, but it was not provided.", missing.name));
    }
    fits(schemas, field.answer, &asked.field.below)?;
    Ok(out)
}

/// The schema of one value: what is inside of lists.
fn one(schemas: &Schemas, mut id: SchemaId) -> SchemaId {
    while let Some(items) = schemas.get(id).items {
        id = items;
    }
    id
}

/// Every selected field is there, objects are selected from, and nothing else is.
fn fits(schemas: &Schemas, id: SchemaId, below: &[Selection]) -> Result<(), String> {
    let id = one(schemas, id);
    let schema = schemas.get(id);
    let name = schema.name.as_deref().unwrap_or("this type");
    let composite = !schema.properties.is_empty() || !schema.variants.is_empty();
    if composite && below.is_empty() {
        return Err(format!("A field of type \"{name}\" must have a selection of subfields."));
    }
    if !composite && !below.is_empty() {
        return Err(format!("A field must not have a selection, since type \"{name}\" has no subfields."));
    }
    for selection in below {
        match selection {
            Selection::Field(field) if field.name == "__typename" => {}
            Selection::Field(field) => {
                let Some(property) = schema.properties.get(&field.name) else {
                    return Err(format!("Cannot query field \"{}\" on type \"{name}\".", field.name));
                };
                fits(schemas, *property, &field.below)?;
            }
            Selection::Of(on, inner) => {
                let narrowed = on.as_deref().map_or(Some(id), |on| narrowed(schemas, id, on));
                let narrowed = narrowed.ok_or_else(|| {
                    format!("Fragment cannot be spread here as objects of type \"{name}\" can never be of that type.")
                })?;
                fits(schemas, narrowed, inner)?;
            }
        }
    }
    Ok(())
}

fn narrowed(schemas: &Schemas, id: SchemaId, on: &str) -> Option<SchemaId> {
    let called = |id: &SchemaId| schemas.get(*id).name.as_deref() == Some(on);
    if called(&id) { Some(id) } else { schemas.get(id).variants.iter().copied().find(called) }
}

/// What was selected of a value.
pub(super) fn select(schemas: &Schemas, id: SchemaId, value: &Value, below: &[Selection]) -> Value {
    match value {
        Value::Array(items) => {
            let item = schemas.get(id).items.unwrap_or(id);
            Value::Array(items.iter().map(|v| select(schemas, item, v, below)).collect())
        }
        Value::Object(map) if !below.is_empty() => {
            let mut out = Map::new();
            fill(schemas, one(schemas, id), map, below, &mut out);
            Value::Object(out)
        }
        other => other.clone(),
    }
}

fn fill(schemas: &Schemas, id: SchemaId, map: &Map<String, Value>, below: &[Selection], out: &mut Map<String, Value>) {
    let of = map.get("__typename").and_then(Value::as_str).or(schemas.get(id).name.as_deref());
    for selection in below {
        match selection {
            Selection::Field(field) if field.name == "__typename" => {
                out.insert(field.key().to_owned(), of.map_or(Value::Null, |name| Value::String(name.to_owned())));
            }
            Selection::Field(field) => {
                let Some((property, _)) = schemas.property(id, &field.name) else { continue };
                let value = match map.get(&field.name) {
                    Some(value) => select(schemas, property, value, &field.below),
                    None if schemas.get(property).nullable() => Value::Null,
                    // What the mock keeps no value for is made up; it is the same each time.
                    None => {
                        let made = sample::sample(schemas, property, &mut Rng::seeded(0), Direction::Response);
                        select(schemas, property, &made, &field.below)
                    }
                };
                out.insert(field.key().to_owned(), value);
            }
            Selection::Of(on, inner) => {
                // An interface names no type that a value could have; its fields are there in all of them.
                let is = on.as_deref().is_none_or(|on| of == Some(on) || schemas.get(id).name.as_deref() == Some(on));
                if is {
                    let narrowed = on.as_deref().and_then(|on| narrowed(schemas, id, on)).unwrap_or(id);
                    fill(schemas, narrowed, map, inner, out);
                }
            }
        }
    }
}
