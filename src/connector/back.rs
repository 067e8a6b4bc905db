//! The operations of the target that lead back ([`crate::model::Back`]), as the runtime calls them.

use serde_json::Value;

use super::planner::Side;
use super::{Call, WritePlan};
use crate::base::yaml::Spanned;
use crate::contract::Paginate;
use crate::model::{Operation, Pagination, SchemaId};

/// The ways back of a target. Each is nothing where the description has no such operation.
#[derive(Debug, Clone, Default)]
pub struct BackPlan {
    /// Field of the target's record that is its key.
    pub key: String,
    /// Reads one record; its last placeholder takes the key.
    pub get: Option<Call>,
    /// Deletes one.
    pub delete: Option<Call>,
    /// Lists all.
    pub list: Option<ListPlan>,
    /// Fields at the top of a record that a write may hold, where the description tells them.
    pub writable: Vec<String>,
}

/// A list of the target's records.
#[derive(Debug, Clone)]
pub struct ListPlan {
    /// The operation.
    pub call: Call,
    /// Path of the records in the answer; empty for a bare array.
    pub items: Vec<String>,
    /// Path of the record in each of these items; mostly empty.
    pub inside: Vec<String>,
    /// How it is paged; nothing: one page.
    pub pagination: Option<Pagination>,
}

/// Looks for the ways back of what is written by these operations.
pub(super) fn plan(side: &Side<'_>, write: &WritePlan, key: String, params: &[(Spanned<String>, Value)]) -> BackPlan {
    let (many, one): (Option<&Call>, Option<&Call>) = match write {
        WritePlan::Upsert { create, update, .. } => (Some(create), Some(update)),
        WritePlan::Put { put, .. } => (None, Some(put)),
        WritePlan::Bulk { write, .. } => (Some(write), None),
        WritePlan::Create { create, .. } => (Some(create), None),
    };
    let named = |call: Option<&Call>| call.and_then(|call| side.system.operation(&call.id));
    let back = side.system.back(named(many), named(one));
    let keyed = |found: Option<&Operation>| side.call(found?, params, true).ok();
    let list = back.list.and_then(|o| {
        Some(ListPlan {
            call: side.call(o, params, false).ok()?,
            items: o.items.clone()?,
            inside: o.inside.clone(),
            pagination: super::planner::pages(side, o, &Paginate::Auto).ok()?,
        })
    });
    let body = one.or(many).and_then(|call| side.system.operation(&call.id)?.body.as_ref()?.schema);
    BackPlan {
        key,
        get: keyed(back.get),
        delete: keyed(back.delete),
        list,
        writable: body.map(|schema| writable(side, schema)).unwrap_or_default(),
    }
}

fn writable(side: &Side<'_>, schema: SchemaId) -> Vec<String> {
    let schemas = &side.system.schemas;
    let fields = schemas.properties(schema).into_iter().filter(|(_, id)| !schemas.get(*id).read_only);
    fields.map(|(name, _)| name.to_owned()).collect()
}
