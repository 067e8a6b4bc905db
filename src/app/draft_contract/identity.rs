//! Which fields identify a record: of the source, its key; of the target, what a search finds it by.

use crate::base::text::{singular, words};
use crate::model::{Operation, ParamIn, System, TypeSet};

/// The field that identifies a record of a list: the entity's own where the record has it, else by its name: `id`, then `uuid`,
/// then `invoice_id` of an invoice, then numbers and codes; of each the required ones first.
pub(super) fn key_of(system: &System, list: &Operation) -> Option<String> {
    let record = list.record?;
    let entity = list.entity.as_ref().and_then(|e| system.entities.get(e));
    let own = entity.and_then(|e| e.key.clone()).filter(|k| system.schemas.property(record, k).is_some());
    if own.is_some() {
        return own;
    }
    let required = &system.schemas.get(record).required;
    let entity: Vec<String> = list.entity.as_deref().map(words).unwrap_or_default();
    let rank = |name: &str| {
        let parts = words(name);
        let (last, rest) = parts.split_last()?;
        let own = rest.iter().all(|w| entity.contains(&singular(w)));
        Some(match last.as_str() {
            "id" | "uid" if rest.is_empty() => 0,
            "uuid" | "guid" | "gid" | "sid" | "oid" if own => 1,
            "id" | "key" if own => 2,
            "number" | "no" | "code" | "sku" | "slug" | "ref" | "reference" if own => 3,
            _ => return None,
        })
    };
    let single = |id| {
        let types = system.schemas.get(id).types;
        types.is_any() || types.has(TypeSet::STRING) || types.has(TypeSet::INTEGER)
    };
    let fields = system.schemas.properties(record).into_iter().filter(|(_, id)| single(*id));
    let ranked = fields.filter_map(|(name, _)| Some(((rank(name)?, !required.contains(name)), name)));
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, name)| name.to_owned())
}

/// Fields of the body that a query parameter of the search is named after, identifiers of the outside world first.
pub(super) fn natural_keys(system: &System, create: &Operation, find: &Operation) -> Vec<String> {
    let Some(body) = create.body.as_ref().and_then(|b| b.schema) else { return Vec::new() };
    let properties = system.schemas.properties(body);
    let mut hits: Vec<&str> = find
        .parameters
        .iter()
        .filter(|p| p.place == ParamIn::Query)
        .filter_map(|p| properties.keys().find(|name| *name == p.name))
        .collect();
    let rank = |f: &str| {
        let words = words(f);
        let has = |w: &str| words.iter().any(|x| x == w);
        if has("email") {
            0
        } else if has("external") || has("reference") || has("code") || has("sku") || has("number") {
            1
        } else if has("id") || has("key") {
            2
        } else {
            9
        }
    };
    hits.retain(|f| rank(f) < 9);
    hits.sort_by_key(|f| rank(f));
    hits.into_iter().map(str::to_owned).collect()
}
