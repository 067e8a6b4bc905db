//! Tables from statements: made, changed, commented.

use std::collections::HashMap;

use indexmap::IndexMap;
use serde_json::{Number, Value};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::columns::{Column, Element, comment, element, is, word};
use super::statements::{self, Statement};
use super::types;
use crate::base::pointer;
use crate::base::text::quoted;
use crate::base::yaml::Span;
use crate::finding::{Finding, Location};
use crate::model::{Facets, Schema, SchemaId, Schemas, TypeSet};

/// Most tables read.
const MOST_TABLES: usize = 20_000;
/// Most columns of one table.
const MOST_COLUMNS: usize = 2_000;
/// Most findings of one kind.
const MOST_TOLD: usize = 25;

/// One table.
#[derive(Debug, Default)]
struct Table {
    columns: IndexMap<String, Column>,
    key: Vec<String>,
    description: String,
}

/// All tables, and the enumerations that the script makes.
#[derive(Debug, Default)]
pub(super) struct Tables {
    tables: IndexMap<String, Table>,
    types: HashMap<String, Vec<String>>,
}

/// Reads all statements; what cannot be read is a finding with its line.
pub(super) fn read(text: &str, origin: &str, findings: &mut Vec<Finding>) -> Tables {
    let mut out = Tables::default();
    let mut told = 0;
    for Statement { tokens, line, broken } in statements::all(text) {
        let before = out.tables.len();
        for part in tokens.split(|t| t.token == Token::SemiColon) {
            out.statement(part, line);
        }
        if let Some(because) = broken.filter(|_| told < MOST_TOLD) {
            told += 1;
            let span = Span { line: line.saturating_add(1), column: 1 };
            let read = if out.tables.len() > before { "is read only in part" } else { "is not read" };
            let message = format!("the statement {read}: {}", quoted(&because, 120));
            findings.push(
                Finding::warning("unreadable-statement", Location::at(origin, span), message)
                    .fix("correct the statement"),
            );
        }
    }
    out
}

/// The last part of a name (`public.orders`), and how many tokens it took.
fn name(tokens: &[TokenWithSpan]) -> Option<(String, usize)> {
    let mut last = None;
    let mut at = 0;
    loop {
        let bracket = usize::from(tokens.get(at).is_some_and(|t| t.token == Token::LBracket));
        let Some(found) = tokens.get(at + bracket).and_then(word) else { break };
        last = Some(quoted(found, 120));
        at += 1 + 2 * bracket;
        if tokens.get(at).is_none_or(|t| t.token != Token::Period) {
            break;
        }
        at += 1;
    }
    last.map(|name| (name, at))
}

impl Tables {
    fn statement(&mut self, tokens: &[TokenWithSpan], line: u32) {
        let find = |keyword: &str| tokens.iter().take(8).position(|t| is(Some(t), keyword));
        if is(tokens.first(), "create") {
            if let Some(at) = find("table") {
                self.create(tokens.get(at + 1..).unwrap_or_default(), line);
            } else if let (Some(at), Some(values)) = (find("type"), find("enum"))
                && let Some((name, _)) = name(tokens.get(at + 1..).unwrap_or_default())
            {
                let values = tokens.get(values..).unwrap_or_default().iter().filter_map(|t| match &t.token {
                    Token::SingleQuotedString(s) => Some(quoted(s, 200)),
                    _ => None,
                });
                self.types.insert(name.to_ascii_lowercase(), values.collect());
            }
        } else if is(tokens.first(), "alter") && is(tokens.get(1), "table") {
            self.alter(tokens.get(2..).unwrap_or_default(), line);
        } else if is(tokens.first(), "comment") && is(tokens.get(1), "on") {
            self.comment(tokens.get(2..).unwrap_or_default());
        }
    }

    fn create(&mut self, mut tokens: &[TokenWithSpan], line: u32) {
        if is(tokens.first(), "if") {
            tokens = tokens.get(3..).unwrap_or_default(); // IF NOT EXISTS
        }
        let Some((name, took)) = name(tokens) else { return };
        let rest = tokens.get(took..).unwrap_or_default();
        if rest.first().is_none_or(|t| t.token != Token::LParen) || self.tables.len() >= MOST_TABLES {
            return; // made from a query, or as a part of another table
        }
        let mut table = Table::default();
        let mut depth = 0_usize;
        let mut start = 1;
        let mut end = rest.len();
        for (i, token) in rest.iter().enumerate() {
            match token.token {
                Token::LParen => depth += 1,
                Token::RParen => depth = depth.saturating_sub(1),
                Token::Comma if depth == 1 => {
                    table.add(rest.get(start..i).unwrap_or_default(), line);
                    start = i + 1;
                }
                _ => {}
            }
            if depth == 0 {
                end = i;
                break;
            }
        }
        table.add(rest.get(start..end).unwrap_or_default(), line);
        table.description = rest.get(end..).and_then(comment).unwrap_or_default();
        self.tables.entry(name).or_insert(table);
    }

    fn alter(&mut self, mut tokens: &[TokenWithSpan], line: u32) {
        while ["only", "if", "exists"].iter().any(|k| is(tokens.first(), k)) {
            tokens = tokens.get(1..).unwrap_or_default();
        }
        let Some((name, took)) = name(tokens) else { return };
        let Some(table) = self.tables.get_mut(&name) else { return };
        let mut depth = 0_usize;
        let changes = tokens.get(took..).unwrap_or_default().split(|t| {
            match t.token {
                Token::LParen => depth += 1,
                Token::RParen => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && t.token == Token::Comma
        });
        for change in changes.collect::<Vec<_>>() {
            if !is(change.first(), "add") {
                continue;
            }
            let mut rest = change.get(1..).unwrap_or_default();
            while ["column", "if", "not", "exists"].iter().any(|k| is(rest.first(), k)) {
                rest = rest.get(1..).unwrap_or_default();
            }
            table.add(rest, line);
        }
    }

    fn comment(&mut self, tokens: &[TokenWithSpan]) {
        let Some(said) = tokens.iter().rev().find_map(|t| match &t.token {
            Token::SingleQuotedString(s) => Some(quoted(s, 300)),
            _ => None,
        }) else {
            return;
        };
        let path: Vec<&str> = tokens.iter().skip(1).take_while(|t| !is(Some(t), "is")).filter_map(word).collect();
        match (is(tokens.first(), "table"), is(tokens.first(), "column"), path.as_slice()) {
            (true, _, [.., table]) => {
                if let Some(table) = self.tables.get_mut(*table) {
                    table.description = said;
                }
            }
            (_, true, [.., table, column]) => {
                if let Some(column) = self.tables.get_mut(*table).and_then(|t| t.columns.get_mut(*column)) {
                    column.description = said;
                }
            }
            _ => {}
        }
    }

    /// The schemas of all tables; of each its name, its schema and the one column that is its key.
    pub(super) fn into_schemas(
        self,
        origin: &str,
        findings: &mut Vec<Finding>,
    ) -> (Schemas, Vec<(String, SchemaId, Option<String>)>) {
        let Self { tables, types: own } = self;
        let mut schemas = Schemas::default();
        let mut out = Vec::new();
        let mut told = 0;
        for (name, table) in tables.into_iter().filter(|(_, t)| !t.columns.is_empty()) {
            let at = pointer::join("#/tables", &name);
            let mut key = table.key;
            let mut schema = Schema {
                types: TypeSet::OBJECT,
                name: Some(name.clone()),
                description: table.description,
                pointer: at.clone(),
                ..Schema::default()
            };
            for (column_name, column) in table.columns {
                if column.key && !key.contains(&column_name) {
                    key.push(column_name.clone());
                }
                let required = column.required || key.contains(&column_name);
                if required {
                    schema.required.insert(column_name.clone());
                }
                let known = types::of(&column.of, column.zoned);
                let of_script = own.get(&column.of);
                if known.is_none() && of_script.is_none() && told < MOST_TOLD {
                    told += 1;
                    let span = Span { line: column.line, column: column.column };
                    let message = format!(
                        "the type {} of {name}.{column_name} is unknown; it is taken for \"anything\"",
                        quoted(&column.of, 60)
                    );
                    let fix = "add the type to the script, or tell what its values look like in the contract";
                    findings.push(Finding::note("unknown-type", Location::at(origin, span), message).fix(fix));
                }
                let pointer = pointer::join(&format!("{at}/columns"), &column_name);
                let id = schemas.push(leaf(column, known, of_script, required, pointer));
                schema.properties.insert(column_name, id);
            }
            let id = schemas.push(schema);
            let single = match key.as_slice() {
                [one] => Some(one.clone()),
                _ => None,
            };
            if key.len() > 1 {
                let message = format!("the key of {name} is made of several columns: {}", quoted(&key.join(", "), 120));
                findings.push(
                    Finding::note("composite-key", Location::pointer(origin, at), message)
                        .fix("match records by a field of their own"),
                );
            }
            out.push((name, id, single));
        }
        (schemas, out)
    }
}

fn leaf(
    column: Column,
    known: Option<(TypeSet, Option<&'static str>)>,
    of_script: Option<&Vec<String>>,
    required: bool,
    pointer: String,
) -> Schema {
    let (types, format) = known.unwrap_or((if of_script.is_some() { TypeSet::STRING } else { TypeSet::ANY }, None));
    let listed = of_script.cloned().unwrap_or(column.values);
    let mut values: Vec<Value> = listed.into_iter().map(Value::String).collect();
    if !required && !values.is_empty() {
        values.push(Value::Null);
    }
    let nullable = |types: TypeSet| if required || types.is_any() { types } else { types.with(TypeSet::NULL) };
    Schema {
        types: if column.list { nullable(TypeSet::ARRAY) } else { nullable(types) },
        format: format.filter(|_| !column.list).map(str::to_owned),
        read_only: column.made,
        description: column.description,
        pointer,
        facets: Facets {
            values: Some(values).filter(|v| !v.is_empty() && !column.list),
            max_length: column.length,
            multiple_of: column.scale.filter(|_| !column.list).and_then(unit),
            default: column.default.map(Box::new),
            ..Facets::default()
        }
        .into(),
        ..Schema::default()
    }
}

/// The number of which all with so many digits after the point are multiples: 0.01 for two.
fn unit(scale: u32) -> Option<Number> {
    let digits = usize::try_from(scale).ok().filter(|n| *n <= 20)?;
    if digits == 0 { Some(1.into()) } else { format!("0.{:0>digits$}", 1).parse().ok() }
}

impl Table {
    fn add(&mut self, tokens: &[TokenWithSpan], line: u32) {
        match element(tokens, line) {
            Element::Column(column) if self.columns.len() < MOST_COLUMNS => {
                self.columns.entry(column.name.clone()).or_insert(*column);
            }
            Element::Key(of) if self.key.is_empty() => self.key = of,
            _ => {}
        }
    }
}
