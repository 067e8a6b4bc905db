//! What a description says of an operation that takes many records in one request.

use super::{Operation, SchemaId, Schemas, TypeSet};
use crate::base::text::words;

/// Many records in one request, one result for each in the answer. Paths are property names from the root; empty for a
/// bare array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bulk {
    /// Where the records lie in the request.
    pub records: Vec<String>,
    /// Schema of one of them.
    pub record: SchemaId,
    /// The most records that one request takes, where it is stated.
    pub most: Option<u64>,
    /// Where the results lie in the answer.
    pub results: Vec<String>,
    /// Schema of one of them.
    pub result: SchemaId,
    /// A record that is there already is updated: the description says so in the operation's id, path or summary.
    pub upserts: bool,
}

/// Most values that a request for many records has beside them.
const MOST_OPTIONS: usize = 5;

impl Operation {
    /// What it says of many records at once; nothing where request or answer hold no list of objects, or where one record
    /// goes in and comes back, or one is answered with its key: what lies in its list belongs to it.
    #[must_use]
    pub fn bulk(&self, schemas: &Schemas) -> Option<Bulk> {
        if self.safe() {
            return None;
        }
        let (sent, answered) = (self.body.as_ref()?.schema?, self.success()?.schema?);
        let (records, list, record) = list_of(schemas, sent)?;
        let (results, _, result) = list_of(schemas, answered)?;
        // Complaints are not told of each record.
        let complains = |path: &[String]| {
            path.last().is_some_and(|name| {
                words(name)
                    .last()
                    .is_some_and(|w| matches!(w.as_str(), "error" | "errors" | "warning" | "warnings" | "links"))
            })
        };
        if complains(&results) || complains(&records) {
            return None;
        }
        // What has many values of its own beside the list is one record that holds a list; a request for many has a few options.
        let own = schemas.properties(sent).values().filter(|id| objects(schemas, *id).is_none()).count();
        if !records.is_empty() && own > MOST_OPTIONS {
            return None;
        }
        // Beside the key that one record was given, lists are its own.
        let keyed = || ["id", "_id", "uuid", "gid", "sid"].iter().any(|k| schemas.property(answered, k).is_some());
        if !records.is_empty() && (sent == answered || (!results.is_empty() && keyed())) {
            return None;
        }
        Some(Bulk { records, record, most: schemas.get(list).max_items, results, result, upserts: self.says_upsert() })
    }

    fn says_upsert(&self) -> bool {
        const SAYS: [&str; 8] = [
            "create or update",
            "creates or updates",
            "create or replace",
            "creates or replaces",
            "add or update",
            "insert or update",
            "set ",
            "sets ",
        ];
        let summary = self.summary.to_lowercase();
        let named = |text: &str| words(text).iter().any(|w| w == "upsert" || w == "merge");
        named(&self.id) || named(&self.path) || named(&summary) || SAYS.iter().any(|s| summary.starts_with(s))
    }
}

/// The one list of objects in a body: its path, its schema, that of its items. Two lists are none: nobody can tell which.
fn list_of(schemas: &Schemas, body: SchemaId) -> Option<(Vec<String>, SchemaId, SchemaId)> {
    if let Some(item) = objects(schemas, body) {
        return Some((Vec::new(), body, item));
    }
    let mut lists = schemas
        .properties(body)
        .into_iter()
        .filter_map(|(name, id)| Some((vec![name.to_owned()], id, objects(schemas, id)?)));
    let only = lists.next()?;
    lists.next().is_none().then_some(only)
}

fn objects(schemas: &Schemas, id: SchemaId) -> Option<SchemaId> {
    let schema = schemas.get(id);
    let item = schema.items.filter(|_| schema.types.has(TypeSet::ARRAY) || schema.types.is_any())?;
    (!schemas.properties(item).is_empty()).then_some(item)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Schema;

    #[test]
    fn a_list_is_found_where_there_is_one_only() {
        let mut s = Schemas::default();
        let text = s.push(Schema { types: TypeSet::STRING, ..Schema::default() });
        let record = s.push(Schema {
            types: TypeSet::OBJECT,
            properties: [("sku".to_owned(), text)].into_iter().collect(),
            ..Schema::default()
        });
        let list = s.push(Schema { types: TypeSet::ARRAY, items: Some(record), ..Schema::default() });
        let texts = s.push(Schema { types: TypeSet::ARRAY, items: Some(text), ..Schema::default() });
        let mut body = |fields: &[(&str, SchemaId)]| {
            let properties = fields.iter().map(|(n, id)| ((*n).to_owned(), *id)).collect();
            s.push(Schema { types: TypeSet::OBJECT, properties, ..Schema::default() })
        };
        let one = body(&[("dry_run", text), ("offers", list), ("tags", texts)]);
        let two = body(&[("offers", list), ("gone", list)]);
        let none = body(&[("tags", texts)]);
        assert_eq!(list_of(&s, one), Some((vec!["offers".to_owned()], list, record)));
        assert_eq!(list_of(&s, list), Some((Vec::new(), list, record)));
        assert_eq!(list_of(&s, two), None);
        assert_eq!(list_of(&s, none), None);
    }
}
