//! Which operations of the target lead back: read one record, delete it, write former values, list all. No flow names them;
//! they are found beside those it names, by the shape of their paths.

use serde_json::Value;

use super::planner::Side;
use super::{Call, WritePlan};
use crate::base::yaml::Spanned;
use crate::contract::Paginate;
use crate::model::{Action, Method, Operation, Pagination, SchemaId};

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

/// `/contacts/{id}` and `/contacts/{contact_id}` are one path.
fn shape(path: &str) -> Vec<&str> {
    path.trim_end_matches('/')
        .split('/')
        .map(|s| if s.starts_with('{') && s.ends_with('}') { "{}" } else { s })
        .collect()
}

/// The path of one record below that of many.
fn below(path: &str) -> Vec<&str> {
    let mut shape = shape(path);
    shape.push("{}");
    shape
}

/// Looks for the ways back of what is written by these operations.
pub(super) fn plan(side: &Side<'_>, write: &WritePlan, key: String, params: &[(Spanned<String>, Value)]) -> BackPlan {
    let (many, one): (Option<&Call>, Option<&Call>) = match write {
        WritePlan::Upsert { create, update, .. } => (Some(create), Some(update)),
        WritePlan::Put { put, .. } => (None, Some(put)),
        WritePlan::Bulk { write, .. } => (Some(write), None),
        WritePlan::Create { create, .. } => (Some(create), None),
    };
    let all = &side.system.operations;
    let at_one = match (one, many) {
        (Some(call), _) => shape(&call.path),
        (None, Some(call)) => below(&call.path),
        (None, None) => Vec::new(),
    };
    // Records that are written in bulk, or by an action, lie beside the list of their entity.
    let named = many.or(one).and_then(|call| side.system.operation(&call.id));
    let entity = named.and_then(|o| o.entity.as_deref());
    let listing = |o: &&Operation| o.action == Action::List && o.method == Method::Get && o.items.is_some();
    let above = at_one.split_last().map(|(_, above)| above.to_vec()).unwrap_or_default();
    let listed = all.iter().filter(listing).find(|o| shape(&o.path) == above);
    let listed =
        listed.or_else(|| all.iter().filter(listing).find(|o| entity.is_some() && o.entity.as_deref() == entity));
    let exact = |method: Method| all.iter().find(|o| o.method == method && shape(&o.path) == at_one);
    let beside = |method: Method| {
        let at_one = below(&listed?.path);
        all.iter().find(|o| o.method == method && shape(&o.path) == at_one)
    };
    let keyed = |method: Method| {
        let found = exact(method).or_else(|| if one.is_none() { beside(method) } else { None })?;
        side.call(found, params, true).ok()
    };
    let list = listed.and_then(|o| {
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
        get: keyed(Method::Get),
        delete: keyed(Method::Delete),
        list,
        writable: body.map(|schema| writable(side, schema)).unwrap_or_default(),
    }
}

fn writable(side: &Side<'_>, schema: SchemaId) -> Vec<String> {
    let schemas = &side.system.schemas;
    let fields = schemas.properties(schema).into_iter().filter(|(_, id)| !schemas.get(*id).read_only);
    fields.map(|(name, _)| name.to_owned()).collect()
}
