//! GraphQL requests: one document for a list, with the fields that the flow needs and no others, and variables for what
//! changes from page to page (GraphQL over HTTP, section 5).

use std::collections::BTreeMap;

use bytes::Bytes;
use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::body::{put, typed};
use crate::model::{Operation, RootField, SchemaId, Schemas, TypeSet};

/// How deep objects may nest in one that is read as a whole.
const DEEPEST: usize = 1;
/// Most fields of one request.
const MOST_FIELDS: usize = 2_000;

/// A request in the language of GraphQL.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The document; it holds one operation.
    pub document: String,
    /// Name of that operation.
    pub name: String,
    /// Values of variables that are the same in every request.
    pub fixed: Map<String, Value>,
    /// What variables hold that are no texts, by dotted name.
    pub kinds: BTreeMap<String, TypeSet>,
}

impl Query {
    /// The body of a request with these variables, by dotted name, beside the fixed ones.
    pub(super) fn body<'v>(&self, set: impl IntoIterator<Item = (&'v str, String)>) -> Bytes {
        let mut variables = Value::Object(self.fixed.clone());
        for (name, text) in set {
            let value = match self.kinds.get(name) {
                Some(types) => typed(*types, text),
                None => Value::String(text),
            };
            put(&mut variables, name, value);
        }
        let body = json!({"query": self.document, "variables": variables, "operationName": self.name});
        // A Value always serialises: its keys are text.
        Bytes::from(serde_json::to_vec(&body).unwrap_or_default())
    }
}

/// What a list is to be asked for.
pub(super) struct Wants<'w> {
    /// The operation.
    pub operation: &'w Operation,
    /// The field that it is.
    pub field: &'w RootField,
    /// Paths from the root of the answer to what pages, e.g. `data.customers.pageInfo.endCursor`.
    pub around: Vec<Vec<String>>,
    /// Path of the records in the answer, and of the record in each.
    pub items: Vec<String>,
    /// Fields of the record.
    pub fields: Vec<Vec<String>>,
    /// Variables that the connector fills, by dotted name.
    pub variables: Vec<String>,
    /// Variables with fixed values, by dotted name.
    pub fixed: Vec<(String, Value)>,
}

/// Writes the request.
///
/// # Errors
/// The path that the schema does not have, or that takes too many fields.
pub(super) fn write(schemas: &Schemas, wants: &Wants<'_>) -> Result<Query, String> {
    let mut tree = Tree::default();
    let place = wants.field.place();
    let below = |path: &[String]| path.strip_prefix(place.as_slice()).map(<[String]>::to_vec);
    for path in &wants.around {
        tree.add(&below(path).ok_or_else(|| path.join("."))?);
    }
    let items = below(&wants.items).ok_or_else(|| wants.items.join("."))?;
    for field in &wants.fields {
        tree.add(&[items.as_slice(), field.as_slice()].concat());
    }
    let mut out = Writer { schemas, left: MOST_FIELDS, text: String::new() };
    out.selection(wants.field.answer, &tree, 1, "")?;

    let mut kinds = BTreeMap::new();
    let mut used: Vec<&str> = Vec::new();
    for name in wants.variables.iter().chain(wants.fixed.iter().map(|(n, _)| n)) {
        let top = name.split('.').next().unwrap_or(name);
        if !used.contains(&top) {
            used.push(top);
        }
        if let Some(schema) = wants.operation.argument(schemas, name) {
            kinds.insert(name.clone(), schemas.get(schema).types.without(TypeSet::NULL));
        }
    }
    let known = |name: &&str| wants.field.arguments.contains_key(*name);
    let used: Vec<&str> = used.into_iter().filter(known).collect();
    let type_of = |name: &str| wants.field.arguments.get(name).map(String::as_str).unwrap_or_default();
    let declared: Vec<String> = used.iter().map(|n| format!("${n}: {}", type_of(n))).collect();
    let passed: Vec<String> = used.iter().map(|n| format!("{n}: ${n}")).collect();
    let list = |all: Vec<String>| if all.is_empty() { String::new() } else { format!("({})", all.join(", ")) };
    let (root, name) = (wants.field.root.as_str(), &wants.field.name);
    let document = format!("{root} {name}{} {{\n  {name}{}{}\n}}", list(declared), list(passed), out.text);
    let mut fixed = Value::Object(Map::new());
    for (name, value) in &wants.fixed {
        put(&mut fixed, name, value.clone());
    }
    let Value::Object(fixed) = fixed else { return Err(String::new()) };
    Ok(Query { document, name: name.clone(), fixed, kinds })
}

/// Fields to ask for; one without any below it is asked for as a whole.
#[derive(Debug, Default)]
struct Tree(IndexMap<String, Self>);

impl Tree {
    fn add(&mut self, path: &[String]) {
        let mut at = self;
        for name in path {
            at = at.0.entry(name.clone()).or_default();
        }
    }
}

struct Writer<'s> {
    schemas: &'s Schemas,
    left: usize,
    text: String,
}

impl Writer<'_> {
    /// The schema of one value: what is inside of lists.
    fn one(&self, mut id: SchemaId) -> SchemaId {
        // Lists of lists end: the reader bounds them.
        while let Some(items) = self.schemas.get(id).items {
            id = items;
        }
        id
    }

    fn line(&mut self, depth: usize, text: &str, path: &str) -> Result<(), String> {
        self.left = self.left.checked_sub(1).ok_or_else(|| path.to_owned())?;
        self.text.push('\n');
        self.text.push_str(&"  ".repeat(depth + 1));
        self.text.push_str(text);
        Ok(())
    }

    /// ` { … }` with the fields of a tree; nothing for a scalar.
    fn selection(&mut self, schema: SchemaId, tree: &Tree, depth: usize, path: &str) -> Result<(), String> {
        let id = self.one(schema);
        let all;
        let tree = if tree.0.is_empty() {
            all = self.whole(id, 0, path)?;
            &all
        } else {
            tree
        };
        if tree.0.is_empty() {
            return Ok(());
        }
        self.text.push_str(" {");
        // Fields that only some of the types have stand in a fragment for each.
        let mut apart: IndexMap<SchemaId, Tree> = IndexMap::new();
        for (name, below) in &tree.0 {
            let here = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            if name == "__typename" {
                self.line(depth, name, &here)?;
            } else if let Some(property) = self.schemas.get(id).properties.get(name).copied() {
                self.line(depth, name, &here)?;
                self.selection(property, below, depth + 1, &here)?;
            } else {
                let having: Vec<SchemaId> = self
                    .schemas
                    .get(id)
                    .variants
                    .iter()
                    .copied()
                    .filter(|v| self.schemas.property(*v, name).is_some())
                    .collect();
                if having.is_empty() {
                    return Err(here);
                }
                for variant in having {
                    apart.entry(variant).or_default().0.insert(name.clone(), below.copied());
                }
            }
        }
        for (variant, fields) in apart {
            let name = self.schemas.get(variant).name.clone().unwrap_or_default();
            self.line(depth, &format!("... on {name}"), path)?;
            self.selection(variant, &fields, depth + 1, path)?;
        }
        self.text.push('\n');
        self.text.push_str(&"  ".repeat(depth));
        self.text.push('}');
        Ok(())
    }

    /// Everything of an object: its scalars, and those of objects in it. An object that has no end cannot be asked for as
    /// a whole, and a part of it would pass for the whole.
    fn whole(&self, id: SchemaId, depth: usize, path: &str) -> Result<Tree, String> {
        let mut tree = Tree::default();
        for (name, property) in self.schemas.properties(id) {
            let inner = self.one(property);
            if self.schemas.properties(inner).is_empty() {
                tree.0.insert(name.to_owned(), Tree::default());
            } else if depth < DEEPEST {
                tree.0.insert(name.to_owned(), self.whole(inner, depth + 1, &format!("{path}.{name}"))?);
            } else {
                return Err(format!("{path}.{name}"));
            }
        }
        Ok(tree)
    }
}

impl Tree {
    fn copied(&self) -> Self {
        Self(self.0.iter().map(|(name, below)| (name.clone(), below.copied())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Action, Method, Root, Schema};

    /// A list of things, each with an owner, who has an address, which may have one inside.
    fn written(fields: &[&str], endless: bool) -> Result<String, String> {
        let mut s = Schemas::default();
        let text = s.push(Schema { types: TypeSet::STRING, ..Schema::default() });
        let object = |s: &mut Schemas, name: &str, fields: &[(&str, SchemaId)]| {
            let properties = fields.iter().map(|(n, id)| ((*n).to_owned(), *id)).collect();
            s.push(Schema { types: TypeSet::OBJECT, name: Some(name.to_owned()), properties, ..Schema::default() })
        };
        let address = object(&mut s, "Address", &[("city", text)]);
        if endless {
            s.get_mut(address).properties.insert("near".to_owned(), address);
        }
        let owner = object(&mut s, "Owner", &[("name", text), ("address", address)]);
        let firm = object(&mut s, "Firm", &[("tax", text)]);
        let party = s.push(Schema { variants: vec![owner, firm], ..Schema::default() });
        let thing = object(&mut s, "Thing", &[("id", text), ("owner", owner), ("payer", party)]);
        let list = s.push(Schema { types: TypeSet::ARRAY, items: Some(thing), ..Schema::default() });
        let field =
            RootField { root: Root::Query, name: "things".to_owned(), arguments: IndexMap::new(), answer: list };
        let operation = Operation {
            id: "things".to_owned(),
            method: Method::Post,
            path: "/".to_owned(),
            summary: String::new(),
            deprecated: false,
            parameters: Vec::new(),
            body: None,
            responses: Vec::new(),
            security: Vec::new(),
            pointer: "#".to_owned(),
            entity: None,
            action: Action::List,
            items: None,
            inside: Vec::new(),
            record: None,
            pagination: None,
            incremental: None,
            feed: None,
            idempotency: None,
            rate_limit: None,
            root_field: Some(field.clone()),
        };
        let wants = Wants {
            operation: &operation,
            field: &field,
            around: Vec::new(),
            items: field.place(),
            fields: fields.iter().map(|f| f.split('.').map(str::to_owned).collect()).collect(),
            variables: Vec::new(),
            fixed: Vec::new(),
        };
        let document = write(&s, &wants)?.document;
        Ok(document.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn only_what_is_needed_is_asked_for() {
        for (fields, document) in [
            (&["id", "owner.address.city"][..], "query things { things { id owner { address { city } } } }"),
            (&["owner"], "query things { things { owner { name address { city } } } }"),
            (
                &["payer.name", "payer.tax", "payer.__typename"],
                "query things { things { payer { __typename ... on Owner { name } ... on Firm { tax } } } }",
            ),
        ] {
            assert_eq!(written(fields, false).as_deref(), Ok(document));
        }
    }

    #[test]
    fn what_cannot_be_asked_for_is_named() {
        assert_eq!(written(&["owner.age"], false), Err("owner.age".to_owned()));
        assert_eq!(written(&["owner"], true), Err("owner.address.near".to_owned()), "an object without end");
    }

    #[test]
    fn variables_are_typed_and_nested() {
        let query = Query {
            document: "query q { q }".to_owned(),
            name: "q".to_owned(),
            fixed: json!({"filter": {"status": "OPEN"}}).as_object().cloned().unwrap_or_default(),
            kinds: [("first".to_owned(), TypeSet::INTEGER), ("filter.updatedAt.gte".to_owned(), TypeSet::STRING)]
                .into(),
        };
        let body = query.body([("first", "50".to_owned()), ("filter.updatedAt.gte", "2026".to_owned())]);
        let sent: Value = serde_json::from_slice(&body).unwrap_or_default();
        assert_eq!(sent["variables"], json!({"filter": {"status": "OPEN", "updatedAt": {"gte": "2026"}}, "first": 50}));
        assert_eq!(sent["operationName"], "q");
    }
}
