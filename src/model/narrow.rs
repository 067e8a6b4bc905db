//! A schema with only the fields that somebody reads: records made from it are small, however large the graph of types is
//! that a description of GraphQL, say, hangs below each of them.

use std::collections::BTreeMap;

use super::{Additional, SchemaId, Schemas};

/// Below a field that is read as a whole, so many levels are kept.
pub const LEVELS: usize = 3;
/// Most schemas that are copied; what is left out then is open.
const MOST: usize = 4_000;

/// Which fields are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// All there is; else the named ones.
    whole: bool,
    named: BTreeMap<String, Self>,
}

impl Wanted {
    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        Self { whole: true, named: BTreeMap::new() }
    }

    /// These paths, as names of properties; items of lists are not told apart.
    #[must_use]
    pub fn paths(paths: impl IntoIterator<Item = Vec<String>>) -> Self {
        let mut root = Self::default();
        for path in paths {
            let mut at = &mut root;
            for name in path {
                at = at.named.entry(name).or_default();
            }
            at.whole = true;
        }
        root
    }
}

/// A copy of the schema with the wanted fields alone, in an arena of its own. What lies deeper than three levels below a
/// field that is wanted whole is open: any value fits.
#[must_use]
pub fn narrowed(schemas: &Schemas, id: SchemaId, wanted: &Wanted) -> (Schemas, SchemaId) {
    let mut out = Schemas::default();
    let root = copy(schemas, id, wanted, 0, &mut out);
    (out, root)
}

/// Properties are left out, so nothing is said of how many there are, and what they ask for.
fn uncounted(schema: &mut super::Schema) {
    // Written to only where there is something: most schemas have no facets.
    if schema.min_properties.is_some() || schema.max_properties.is_some() || !schema.needs.is_empty() {
        (schema.min_properties, schema.max_properties) = (None, None);
        schema.needs.clear();
    }
}

fn copy(from: &Schemas, id: SchemaId, wanted: &Wanted, depth: usize, out: &mut Schemas) -> SchemaId {
    let mut schema = from.get(id).clone();
    let below = if wanted.whole { depth + 1 } else { 0 };
    if out.len() >= MOST || below > LEVELS {
        schema.properties = super::Properties::default();
        schema.required = super::Names::default();
        schema.variants = Vec::new();
        schema.items = None;
        schema.additional = Additional::Any;
        uncounted(&mut schema);
        return out.push(schema);
    }
    let properties = std::mem::take(&mut schema.properties);
    for (name, property) in &properties {
        let inner = if wanted.whole { Some(wanted) } else { wanted.named.get(name) };
        if let Some(inner) = inner {
            let copied = copy(from, *property, inner, below, out);
            schema.properties.insert(name.clone(), copied);
        }
    }
    if !wanted.whole {
        uncounted(&mut schema);
        let required = std::mem::take(&mut schema.required);
        for name in required.iter().filter(|n| wanted.named.contains_key(*n)) {
            schema.required.insert(name.clone());
        }
    }
    schema.items = schema.items.map(|items| copy(from, items, wanted, below, out));
    schema.variants = schema.variants.iter().map(|v| copy(from, *v, wanted, below, out)).collect();
    if let Additional::Of(other) = schema.additional {
        schema.additional = Additional::Of(copy(from, other, &Wanted::all(), below.max(1), out));
    }
    out.push(schema)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::model::sample::sample;
    use crate::model::{Direction, Schema, TypeSet};

    #[test]
    fn a_graph_without_end_becomes_a_small_tree() {
        let mut schemas = Schemas::default();
        let text = schemas.push(Schema { types: TypeSet::STRING, ..Schema::default() });
        let person = schemas.push(Schema { types: TypeSet::OBJECT, ..Schema::default() });
        for name in ["friend", "parent", "child", "boss"] {
            schemas.get_mut(person).properties.insert(name.to_owned(), person);
            schemas.get_mut(person).required.insert(name.to_owned());
        }
        schemas.get_mut(person).properties.insert("name".to_owned(), text);
        schemas.get_mut(person).required.insert("name".to_owned());
        let read = |path: &str| path.split('.').map(str::to_owned).collect::<Vec<_>>();
        let (small, id) = narrowed(&schemas, person, &Wanted::paths([read("name"), read("friend.name")]));
        let record = sample(&small, id, &mut Rng::seeded(1), Direction::Response);
        assert_eq!(
            record.as_object().map(|o| o.keys().map(String::as_str).collect::<Vec<_>>()),
            Some(vec!["friend", "name"])
        );
        let (all, _) = narrowed(&schemas, person, &Wanted::all());
        assert!(all.len() <= MOST + 64, "{}", all.len());
    }
}
