//! SQL DDL as a source of entities: each table is one. Statements are read one by one and by their tokens alone, so that a
//! fault, a dialect's own clause or the data of a dump costs one statement and not the rest, and nesting costs no stack.
//! Pointers are of one form: `#/tables/orders/columns/total`.

mod columns;
mod statements;
mod tables;
mod types;

use std::collections::BTreeMap;

use super::entity;
use super::facts::Hints;
use super::{Draft, Form, Reader, Source};
use crate::base::text::quoted;
use crate::finding::{Finding, Location};
use crate::model::System;

/// The reader of this format.
pub(super) const READER: Reader = Reader { format: "sql", form: Form::Text { sniff: statements::sniff, read } };

fn read<'d>(text: &'d str, source: &Source) -> Draft<'d> {
    let mut findings = Vec::new();
    let read = tables::read(text, &source.origin, &mut findings);
    let (schemas, keyed) = read.into_schemas(&source.origin, &mut findings);
    let mut entities = BTreeMap::new();
    for (name, id, key) in keyed {
        if let Some(found) = entity::of(&name, id, &schemas, key.clone()) {
            // A key is what the table declares; a column that is called like one is none.
            let found = crate::model::Entity { key, ..found };
            entities.entry(found.name.clone()).or_insert(found);
        }
    }
    let at = Location::pointer(&source.origin, "#/tables");
    if entities.is_empty() {
        let message = "no table with columns could be read";
        findings.push(Finding::warning("no-entity", at, message).fix("pass the CREATE TABLE statements"));
    } else {
        let message = "tables say what records look like, and not how to reach them";
        findings.push(
            Finding::note("no-operation", at, message)
                .fix("pass a description of the API too, or write the operations down"),
        );
    }
    let file = source.origin.rsplit('/').next().unwrap_or("");
    let system = System {
        title: quoted(file.split('.').next().unwrap_or(file), 120),
        format: READER.format,
        format_version: "DDL".to_owned(),
        api_version: String::new(),
        origin: source.origin.clone(),
        digest: source.digest.clone(),
        servers: Vec::new(),
        schemes: BTreeMap::new(),
        operations: Vec::new(),
        events: Vec::new(),
        entities,
        schemas,
        facts: Vec::new(),
        remarks: Vec::new(),
    };
    Draft { system: Some(system), hints: Hints::default(), findings }
}
