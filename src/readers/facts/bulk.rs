//! `bulk`: operations that take many records in one request and answer with one result for each. A flow that writes many
//! needs a tenth of the requests by one of them, if each record's fate is told.

use serde_json::json;

use super::{Detector, Hints, Look};
use crate::model::{Action, Fact, Operation, SchemaId, Schemas, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "bulk", look: Look::Observe(run) };

/// Most told of one system.
const MOST: usize = 12;

fn run(system: &System, _: &Hints<'_>, found: &mut Vec<Fact>) {
    let lists = system.operations.iter().filter(|o| may(&system.schemas, o)).filter_map(|o| {
        let bulk = o.bulk(&system.schemas)?;
        let value = json!({"operation": o.id, "entity": o.entity, "action": o.action.as_str(), "most": bulk.most});
        let body = o.body.as_ref()?.pointer.clone();
        let from = vec![body, o.success()?.pointer.clone()];
        Some(Fact::inferred("bulk", value, "a-list-in-and-a-list-out", from, 0.60))
    });
    found.extend(lists.take(MOST));
}

/// A look that costs nothing, before the one that lists properties: thousands of writes are none.
fn may(schemas: &Schemas, operation: &Operation) -> bool {
    let lists = |id: SchemaId| {
        let schema = schemas.get(id);
        schema.items.is_some()
            || !schema.variants.is_empty()
            || schema.properties.values().any(|p| schemas.get(*p).items.is_some())
    };
    // The list that a search takes is its filter.
    if matches!(operation.action, Action::Search | Action::List | Action::Get) {
        return false;
    }
    let body = operation.body.as_ref().and_then(|b| b.schema);
    body.is_some_and(lists) && operation.success().and_then(|r| r.schema).is_some_and(lists)
}

#[cfg(test)]
mod tests {
    use super::super::values_of;
    use serde_json::json;

    #[test]
    fn a_list_in_and_a_list_out_is_bulk_and_one_record_is_not() {
        let text = |body: &str| {
            format!(
                "openapi: 3.1.0\ninfo: {{title: T, version: '1'}}\npaths:\n  /things/batch: {{post: {{operationId: addThings, requestBody: {{content: {{application/json: {{schema: \
             {body}}}}}}}, responses: {{'200': {{description: ok, content: {{application/json: {{schema: {{type: array, items: {{$ref: '#/components/schemas/T'}}}}}}}}}}}}}}}}\n\
             components: {{schemas: {{T: {{type: object, properties: {{id: {{type: string}}}}}}}}}}\n"
            )
        };
        let many = text("{type: array, maxItems: 50, items: {$ref: '#/components/schemas/T'}}");
        let found = values_of(&many, "bulk");
        assert_eq!(found.len(), 1);
        assert_eq!((&found[0]["operation"], &found[0]["most"]), (&json!("addThings"), &json!(50)));
        assert!(values_of(&text("{$ref: '#/components/schemas/T'}"), "bulk").is_empty());
        // A book goes in and comes back; its chapters are no records.
        let book = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {/books: {post: {operationId: addBook, requestBody: {content: \
                    {application/json: {schema: {$ref: '#/components/schemas/B'}}}}, responses: {'201': {description: ok, content: \
                    {application/json: {schema: {$ref: '#/components/schemas/B'}}}}}}}}\ncomponents: {schemas: {B: {type: object, \
                    properties: {id: {type: string}, chapters: {type: array, items: {type: object, properties: {title: {type: string}}}}}}}}\n";
        assert!(values_of(book, "bulk").is_empty());
        // What a search takes in a list is its filter.
        let search = many.replace("/things/batch", "/things/query").replace("addThings", "queryThings");
        assert!(values_of(&search, "bulk").is_empty());
        // One that was given a key is one, whatever lists it has; complaints are no results.
        let answer = |fields: &str| {
            format!(
                "openapi: 3.1.0\ninfo: {{title: T, version: '1'}}\npaths: {{/carts: {{post: {{operationId: addCart, requestBody: {{content: \
                     {{application/json: {{schema: {{type: object, properties: {{lines: {{type: array, items: {{$ref: '#/components/schemas/L'}}}}}}}}}}}}}}, responses: \
                     {{'201': {{description: ok, content: {{application/json: {{schema: {{type: object, properties: {{{fields}: {{type: array, items: {{$ref: \
                     '#/components/schemas/L'}}}}}}}}}}}}}}}}}}}}}}\ncomponents: {{schemas: {{L: {{type: object, properties: {{sku: {{type: string}}}}}}}}}}\n"
            )
        };
        assert_eq!(values_of(&answer("lines"), "bulk").len(), 1);
        assert!(values_of(&answer("id: {type: string}, lines"), "bulk").is_empty());
        assert!(values_of(&answer("errors"), "bulk").is_empty());
    }

    #[test]
    fn a_record_with_a_list_is_not_many_records() {
        let account = "{type: object, properties: {code: {type: string}, name: {type: string}, kind: {type: string}, tax: {type: string}, \
             bank: {type: string}, note: {type: string}, lines: &list {type: array, items: {type: object, properties: {of: {type: string}}}}}}";
        let many = "{type: object, properties: {dry_run: {type: boolean}, lines: *list}}";
        let complaints = "{type: object, properties: {validationErrors: *list}}";
        let bulk = |sent: &str, answered: &str| {
            let text = format!(
                "openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\nx-list: {account}\npaths: {{/a: {{post: {{requestBody: {{content: {{application/json: {{schema: {sent}}}}}}}, \
                 responses: {{'200': {{description: ok, content: {{application/json: {{schema: {answered}}}}}}}}}}}}}}}\n"
            );
            !super::super::values_of(&text, "bulk").is_empty()
        };
        assert!(bulk(many, "{type: object, properties: {results: *list}}"));
        assert!(!bulk(&account.replace("&list ", ""), "{type: object, properties: {results: *list}}"), "one account");
        assert!(!bulk(many, complaints), "complaints");
    }
}
