//! Looks everything up that a flow needs, so that the runtime asks nobody while it runs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::address;
use super::body::{put, scalar, typed, writable};
use super::query::{self, Wants};
use super::{
    AuthPlan, Call, DeletePlan, DeletesPlan, FeedPlan, FilePlan, FixedParam, Plan, PlanError, Query, Search,
    SourcePlan, Takes, TargetPlan, WritePlan, back, hook, plan_auth,
};
use crate::base::address::parse as absolute;
use crate::base::text::{did_you_mean, quoted};
use crate::base::yaml::Spanned;
use crate::contract::{Contract, Deletes, FeedClause, Flow, Paginate, Rate, Write};
use crate::mapping::Mapping;
use crate::model::{Basis, CursorFrom, Operation, PageStyle, Pagination, ParamIn, RootField, System, TypeSet};

/// Plans a flow. `base_urls` overrides, by system, what contract and description say (in this order of strength:
/// override, contract, the description's first absolute server).
///
/// # Errors
/// What is missing and where to set it.
pub fn plan(
    contract: &Contract,
    flow: &str,
    systems: &BTreeMap<String, Arc<System>>,
    mapping: Mapping,
    base_urls: &BTreeMap<String, String>,
) -> Result<Plan, PlanError> {
    let Some(clause) = contract.flows.get(flow) else {
        let hint = did_you_mean(flow, contract.flows.keys().map(String::as_str));
        return Err(PlanError::NoFlow { flow: flow.to_owned(), hint });
    };
    let side = |name| Side::new(flow, name, contract, systems, base_urls, true);
    // Nothing is sent to a source that only sends.
    let called = clause.source.operation.is_some();
    let from = Side::new(flow, &clause.source.system, contract, systems, base_urls, called)?;
    Ok(Plan {
        integration: contract.name.value.clone(),
        flow: clause.name.clone(),
        every_ms: clause.source.every_ms,
        source: source(&from, clause, &mapping, systems, &contract.dir)?,
        target: target(&side(&clause.target.system)?, clause)?,
        mapping,
        takes: takes(clause, systems),
        delivery: clause.delivery.clone(),
    })
}

/// What the operation that creates takes of one record.
fn takes(clause: &Flow, systems: &BTreeMap<String, Arc<System>>) -> Option<Takes> {
    let system = systems.get(&clause.target.system.value)?;
    let bulk = matches!(clause.target.write, Write::Bulk { .. });
    let named = clause.target.write.operations().into_iter().find(|(role, _)| !["find", "update"].contains(role))?.1;
    let operation = system.operation(named)?;
    let schema = if bulk {
        operation.bulk(&system.schemas).map(|b| b.record)
    } else {
        operation.body.as_ref().and_then(|b| b.schema)
    };
    schema.map(|schema| Takes { system: Arc::clone(system), schema })
}

/// Records in one bulk request where the contract does not say.
const BATCH: u64 = 100;

/// One system of a flow.
pub(super) struct Side<'c> {
    name: &'c str,
    /// As its description says.
    pub(super) system: &'c System,
    base_url: String,
    auth: AuthPlan,
}

impl<'c> Side<'c> {
    fn new(
        flow: &str,
        name: &'c str,
        contract: &'c Contract,
        systems: &'c BTreeMap<String, Arc<System>>,
        base_urls: &BTreeMap<String, String>,
        called: bool,
    ) -> Result<Self, PlanError> {
        let missing = || PlanError::NoSystem { flow: flow.to_owned(), system: name.to_owned() };
        let declared = contract.systems.get(name).ok_or_else(missing)?;
        let system = systems.get(name).ok_or_else(missing)?;
        if !called {
            return Ok(Self { name, system, base_url: String::new(), auth: AuthPlan::None });
        }
        let over = base_urls.get(name).map(String::as_str);
        let server = system.servers.iter().map(|s| s.url.as_str()).find(|url| address::origin(url).is_some());
        let chosen = over.or(declared.base_url.as_ref().map(|u| u.value.as_str())).or(server);
        let Some(chosen) = chosen else { return Err(PlanError::NoBaseUrl { system: name.to_owned() }) };
        // Kept as it was read: what is judged, shown and sent to is one text.
        let parsed = absolute(chosen).filter(|url| url.query().is_none() && url.fragment().is_none());
        let Some(parsed) = parsed else {
            return Err(PlanError::BadBaseUrl { system: name.to_owned(), url: quoted(chosen, 200) });
        };
        let base_url = parsed.as_str().trim_end_matches('/').to_owned();
        let auth = plan_auth::authenticate(name, system, declared, &base_url, server)?;
        Ok(Self { name, system, base_url, auth })
    }

    fn operation(&self, name: &str) -> Result<&'c Operation, PlanError> {
        self.system.operation(name).ok_or_else(|| PlanError::NoOperation {
            system: self.name.to_owned(),
            operation: name.to_owned(),
            hint: did_you_mean(name, self.system.operation_names()),
        })
    }

    /// The call of an operation with the contract's fixed parameters; `keyed`: its last placeholder is filled with
    /// the key of a record.
    pub(super) fn call(
        &self,
        operation: &Operation,
        params: &[(Spanned<String>, Value)],
        keyed: bool,
    ) -> Result<Call, PlanError> {
        if !operation.path.starts_with('/') {
            return Err(PlanError::PathWithoutSlash {
                system: self.name.to_owned(),
                operation: operation.id.clone(),
                path: quoted(&operation.path, 120),
            });
        }
        let in_path: Vec<&str> = address::placeholders(&operation.path).collect();
        let fixed: Vec<FixedParam> = params
            .iter()
            .filter_map(|(name, value)| {
                let place = match operation.parameter(name).map(|p| p.place) {
                    Some(place) => place,
                    None if in_path.contains(&name.as_str()) => ParamIn::Path,
                    None => return None,
                };
                Some(FixedParam {
                    name: name.value.clone(),
                    place,
                    value: scalar(value).unwrap_or_else(|| value.to_string()),
                })
            })
            .collect();
        let key = if keyed { in_path.last().copied() } else { None };
        if keyed && key.is_none() {
            return Err(PlanError::NoKeyInPath { system: self.name.to_owned(), operation: operation.id.clone() });
        }
        let open = in_path
            .iter()
            .find(|name| Some(**name) != key && !fixed.iter().any(|p| p.place == ParamIn::Path && p.name == **name));
        if let Some(name) = open {
            return Err(PlanError::PathParam {
                system: self.name.to_owned(),
                operation: operation.id.clone(),
                name: (*name).to_owned(),
            });
        }
        Ok(Call {
            id: operation.id.clone(),
            method: operation.method,
            path: operation.path.clone(),
            content_type: operation
                .body
                .as_ref()
                .map_or_else(|| "application/json".to_owned(), |b| b.content_type.clone()),
            params: fixed,
            answers_json: operation.success().is_some_and(|r| r.schema.is_some() && r.content_type.contains("json")),
            query: None,
            search: None,
            answers_later: operation.success().is_some_and(|r| r.status == "202"),
        })
    }

    fn write(
        &self,
        operation: &Operation,
        params: &[(Spanned<String>, Value)],
        keyed: bool,
    ) -> Result<Call, PlanError> {
        let call = self.call(operation, params, keyed)?;
        if writable(&call.content_type) {
            return Ok(call);
        }
        Err(self.media_type(operation, call.content_type))
    }

    /// The call of an operation that reads a list, which may be a search that is a POST: then the body takes what it has fields
    /// for, and `filled`, the parameters that the connector fills, go there unless they are parameters of the query.
    fn list(
        &self,
        operation: &Operation,
        params: &[(Spanned<String>, Value)],
        keyed: bool,
        filled: &[(&str, TypeSet)],
    ) -> Result<Call, PlanError> {
        let call = self.call(operation, params, keyed)?;
        if !operation.asks_in_body() {
            return Ok(call);
        }
        if !writable(&call.content_type) {
            return Err(self.media_type(operation, call.content_type));
        }
        let schemas = &self.system.schemas;
        let types =
            |name: &str| operation.body_field(schemas, name).map(|s| schemas.get(s).types.without(TypeSet::NULL));
        let mut fixed = Value::Object(serde_json::Map::new());
        for (name, value) in params.iter().filter(|(name, _)| operation.parameter(name).is_none()) {
            let free = operation.body_is_free(schemas).then_some(TypeSet::ANY);
            if types(name).or(free).is_some_and(TypeSet::is_any) {
                put(&mut fixed, name, value.clone());
            } else if let Some(types) = types(name) {
                put(&mut fixed, name, scalar(value).map_or_else(|| value.clone(), |text| typed(types, text)));
            }
        }
        let mut fields = BTreeMap::new();
        for (name, usual) in filled.iter().filter(|(name, _)| operation.parameter(name).is_none()) {
            let free = operation.body_is_free(schemas).then_some(*usual);
            let stated = types(name).map(|t| if t.is_any() { *usual } else { t });
            let Some(types) = stated.or(free) else {
                let known = operation.body_fields(schemas);
                let known =
                    operation.parameters.iter().map(|p| p.name.as_str()).chain(known.iter().map(String::as_str));
                return Err(PlanError::NoParam {
                    system: self.name.to_owned(),
                    name: (*name).to_owned(),
                    hint: did_you_mean(name, known),
                });
            };
            if !types.has(TypeSet::STRING.with(TypeSet::INTEGER).with(TypeSet::NUMBER)) {
                return Err(PlanError::BodyField {
                    system: self.name.to_owned(),
                    operation: operation.id.clone(),
                    name: (*name).to_owned(),
                });
            }
            fields.insert((*name).to_owned(), types);
        }
        Ok(Call { search: Some(Search { fixed, fields }), ..call })
    }

    fn media_type(&self, operation: &Operation, content_type: String) -> PlanError {
        PlanError::MediaType { system: self.name.to_owned(), operation: operation.id.clone(), content_type }
    }

    /// Every fixed parameter is known to at least one of the operations.
    fn params_known(&self, params: &[(Spanned<String>, Value)], operations: &[&Operation]) -> Result<(), PlanError> {
        for (name, _) in params {
            let known = operations.iter().any(|o| {
                o.parameter(name).is_some()
                    || o.argument(&self.system.schemas, name).is_some()
                    || o.body_is_free(&self.system.schemas)
                    || address::placeholders(&o.path).any(|p| p == name.as_str())
            });
            if !known {
                let all = operations.iter().flat_map(|o| o.parameters.iter().map(|p| p.name.as_str()));
                return Err(PlanError::NoParam {
                    system: self.name.to_owned(),
                    name: name.value.clone(),
                    hint: did_you_mean(name, all),
                });
            }
        }
        Ok(())
    }
}

fn source(
    side: &Side<'_>,
    flow: &Flow,
    mapping: &Mapping,
    systems: &BTreeMap<String, Arc<System>>,
    dir: &Path,
) -> Result<SourcePlan, PlanError> {
    let clause = &flow.source;
    let webhook = clause.webhook.as_ref().map(|w| hook::plan(side.name, side.system, w)).transpose()?;
    let Some(name) = &clause.operation else {
        return Ok(SourcePlan {
            system: side.name.to_owned(),
            base_url: side.base_url.clone(),
            auth: side.auth.clone(),
            list: None,
            file: None,
            webhook,
            key: path(&clause.key),
            items: Vec::new(),
            inside: Vec::new(),
            pagination: None,
            limit: None,
            incremental: None,
            feed: None,
            overlap_ms: 0,
            rate: None,
            deletes: deletes(side, flow)?,
        });
    };
    let operation = side.operation(name)?;
    side.params_known(&clause.params, &[operation])?;
    let pagination = pages(side, operation, &clause.paginate)?;
    let explicit = match &clause.paginate {
        Paginate::Explicit(pages) => Some(pages),
        Paginate::Auto => None,
    };
    let items = explicit.and_then(|e| e.items.as_ref()).map(|i| path(i)).or_else(|| operation.items.clone());
    let Some(items) = items else {
        return Err(PlanError::NoItems { system: side.name.to_owned(), operation: operation.id.clone() });
    };
    let inside = if explicit.is_some_and(|e| e.items.is_some()) { Vec::new() } else { operation.inside.clone() };
    let mut filled = page_fields(pagination.as_ref());
    filled.extend(clause.incremental.iter().map(|i| (i.param.as_str(), TypeSet::STRING)));
    filled.extend(clause.feed.iter().filter_map(|f| Some((f.param.as_ref()?.as_str(), TypeSet::STRING))));
    let mut list = side.list(operation, &clause.params, false, &filled)?;
    let mut limit = explicit.and_then(|e| e.limit).or_else(|| pagination.as_ref().and_then(page_size));
    if clause.feed.is_some() && operation.root_field.is_some() {
        let because = "a list of GraphQL is followed by source.incremental, or read whole; take source.feed out";
        return Err(PlanError::Feed { flow: flow.name.clone(), because: because.to_owned() });
    }
    if let (Some(FeedClause { param: None, .. }), Some(p)) = (&clause.feed, &pagination)
        && !p.style.follows_links()
    {
        let because = format!(
            "without param the token is a link, and the pages of {} do not follow links: a second page would be one of the whole list; set source.feed.param, or paginate by link",
            operation.id
        );
        return Err(PlanError::Feed { flow: flow.name.clone(), because });
    }
    if let Some(field) = &operation.root_field {
        let query = asked(
            side,
            operation,
            field,
            flow,
            mapping,
            pagination.as_ref(),
            &[items.clone(), inside.clone()].concat(),
        );
        list.query = Some(query?);
        // A connection is asked for a number of records; without one, many servers refuse.
        limit = limit.or_else(|| pagination.as_ref()?.limit_param.as_ref().map(|_| GRAPHQL_PAGE));
    }
    Ok(SourcePlan {
        system: side.name.to_owned(),
        base_url: side.base_url.clone(),
        auth: side.auth.clone(),
        list: Some(list),
        file: clause.file.as_ref().map(|file| FilePlan {
            path: dir.join(&file.value),
            record: operation.record.and_then(|schema| {
                let system = Arc::clone(systems.get(side.name)?);
                Some(Takes { system, schema })
            }),
        }),
        webhook,
        key: path(&clause.key),
        items,
        inside,
        limit,
        pagination,
        incremental: clause.incremental.as_ref().map(|i| (path(&i.field), i.param.value.clone())),
        feed: clause.feed.as_ref().map(|f| FeedPlan {
            token: token_at(side.system, operation, &f.token),
            param: f.param.as_ref().map(|p| p.value.clone()),
        }),
        overlap_ms: clause.incremental.as_ref().and_then(|i| i.overlap_ms).unwrap_or(0),
        rate: operation.rate_limit.as_ref().map(|r| Rate { requests: r.requests, window_ms: r.window_ms }),
        deletes: deletes(side, flow)?,
    })
}

/// Path of a token in the answer. Names of fields may have dots in them, as `@odata.deltaLink` does: one that the description has
/// at the root is meant as it is written.
fn token_at(system: &System, operation: &Operation, told: &str) -> Vec<String> {
    let answer = operation.success().and_then(|r| r.schema);
    match answer.and_then(|schema| system.schemas.property(schema, told)) {
        Some(_) => vec![told.to_owned()],
        None => path(told),
    }
}

/// How deletions are known; a flag that the contract does not name is looked for in the description.
fn deletes(side: &Side<'_>, flow: &Flow) -> Result<DeletesPlan, PlanError> {
    let no = |because: &str| PlanError::Deletes { flow: flow.name.clone(), because: because.to_owned() };
    let clause = &flow.source;
    let carried = clause.deletes != Deletes::Ignore;
    if carried && flow.target.delete.is_none() {
        return Err(no("no operation deletes; set target.delete"));
    }
    match &clause.deletes {
        Deletes::Ignore => Ok(DeletesPlan::Ignore),
        Deletes::Sweep { .. } if clause.operation.is_none() => {
            Err(no("a sweep compares with a whole list, and only a webhook brings records; set source.operation"))
        }
        Deletes::Sweep { .. } if clause.incremental.is_some() => {
            Err(no("a sweep compares with a whole list, and source.incremental reads changes alone; leave it out"))
        }
        Deletes::Sweep { .. } if clause.feed.is_some() => {
            Err(no("a sweep compares with a whole list, and source.feed reads changes alone; write deletes: tombstone"))
        }
        Deletes::Sweep { max_share } => Ok(DeletesPlan::Sweep { max_share: *max_share }),
        Deletes::Tombstone { field, is, max_share } => {
            let is = is.as_ref().map(|is| is.value.clone());
            let found = match field {
                Some(field) => Some(path(field)),
                None => {
                    let record = clause.operation.as_ref().and_then(|name| side.system.operation(name)?.record);
                    let record = record.or_else(|| side.system.event(&clause.webhook.as_ref()?.event)?.payload);
                    record.and_then(|record| side.system.schemas.deleted_flag(record)).map(|(name, _)| vec![name])
                }
            };
            let field = found.ok_or_else(|| no("no field marks what is deleted; set source.deletes.field"))?;
            Ok(DeletesPlan::Tombstone { field, is, max_share: *max_share })
        }
    }
}

fn delete(side: &Side<'_>, flow: &Flow) -> Result<Option<DeletePlan>, PlanError> {
    let Some(clause) = flow.target.delete.as_ref().filter(|_| flow.source.deletes != Deletes::Ignore) else {
        return Ok(None);
    };
    let operation = side.operation(&clause.operation)?;
    let set = (!clause.set.is_empty()).then(|| {
        let mut body = Value::Object(serde_json::Map::new());
        for (name, value) in &clause.set {
            put(&mut body, name, value.clone());
        }
        body
    });
    let call = match set {
        Some(_) => side.write(operation, &flow.target.params, true)?,
        None => side.call(operation, &flow.target.params, true)?,
    };
    Ok(Some(DeletePlan { call, set }))
}

/// Records on a page of a GraphQL list that does not say how many it gives at most.
const GRAPHQL_PAGE: u64 = 50;

/// The GraphQL request for a list: the fields that the mapping reads, the key, the field that orders changes, and what
/// leads to the next page.
fn asked(
    side: &Side<'_>,
    operation: &Operation,
    field: &RootField,
    flow: &Flow,
    mapping: &Mapping,
    pagination: Option<&Pagination>,
    items: &[String],
) -> Result<Query, PlanError> {
    let clause = &flow.source;
    let next = pagination.and_then(|p| match &p.next {
        Some(CursorFrom::Body(path)) => Some(path),
        _ => None,
    });
    let around = next
        .into_iter()
        .chain(pagination.and_then(|p| p.more.as_ref()))
        .chain(pagination.and_then(|p| p.total.as_ref()));
    let mut fields = vec![path(&clause.key)];
    fields.extend(clause.incremental.as_ref().map(|i| path(&i.field)));
    if let Some(CursorFrom::LastItem(name)) = pagination.and_then(|p| p.next.as_ref()) {
        fields.push(vec![name.clone()]);
    }
    fields.extend(mapping.reads());
    let mut variables: Vec<String> = Vec::new();
    if let Some(p) = pagination {
        variables.extend(p.limit_param.iter().chain(&p.param).cloned());
    }
    variables.extend(clause.incremental.as_ref().map(|i| i.param.value.clone()));
    let wants = Wants {
        operation,
        field,
        around: around.cloned().collect(),
        items: items.to_vec(),
        fields,
        variables,
        fixed: clause.params.iter().map(|(name, value)| (name.value.clone(), value.clone())).collect(),
    };
    query::write(&side.system.schemas, &wants).map_err(|path| PlanError::NotAskable {
        system: side.name.to_owned(),
        operation: operation.id.clone(),
        path: quoted(&path, 120),
    })
}

/// The parameters of pages that the connector fills, with what they usually take.
fn page_fields(pagination: Option<&Pagination>) -> Vec<(&str, TypeSet)> {
    let Some(pages) = pagination else { return Vec::new() };
    let counted = matches!(pages.style, PageStyle::Page | PageStyle::Offset);
    let place = if counted { TypeSet::INTEGER } else { TypeSet::STRING };
    // Links hold the place themselves: their parameter is never sent.
    let param = pages.param.as_deref().filter(|_| !pages.style.follows_links()).map(|name| (name, place));
    param.into_iter().chain(pages.limit_param.as_deref().map(|name| (name, TypeSet::INTEGER))).collect()
}

/// The largest page stated, within reason; nothing leaves it to the server.
fn page_size(pagination: &Pagination) -> Option<u64> {
    pagination.limit_max.map(|max| max.min(500))
}

pub(super) fn pages(
    side: &Side<'_>,
    operation: &Operation,
    paginate: &Paginate,
) -> Result<Option<Pagination>, PlanError> {
    let pagination = match paginate {
        Paginate::Auto => match &operation.pagination {
            None => return Ok(None),
            Some(stated) => stated.clone(),
        },
        Paginate::Explicit(e) => {
            // What the contract leaves out is taken from the description, where it tells of the same style.
            let stated = operation.pagination.as_ref().filter(|p| p.style == e.style);
            let given = |g: &Option<Spanned<String>>| g.as_ref().map(|v| v.value.clone());
            Pagination {
                style: e.style,
                param: given(&e.param).or_else(|| stated.and_then(|p| p.param.clone())),
                limit_param: given(&e.limit_param).or_else(|| stated.and_then(|p| p.limit_param.clone())),
                limit_max: stated.and_then(|p| p.limit_max),
                next: e
                    .next
                    .as_ref()
                    .map(|n| CursorFrom::Body(path(n)))
                    .or_else(|| stated.and_then(|p| p.next.clone())),
                more: stated.and_then(|p| p.more.clone()),
                total: stated.and_then(|p| p.total.clone()),
                first_page: stated.map_or(1, |p| p.first_page),
                basis: stated.map_or_else(|| Basis::Stated { pointer: operation.pointer.clone() }, |p| p.basis.clone()),
            }
        }
    };
    let missing = match pagination.style {
        PageStyle::Cursor | PageStyle::Page | PageStyle::Offset if pagination.param.is_none() => Some("param"),
        PageStyle::Cursor if pagination.next.is_none() => Some("next"),
        PageStyle::LinkBody if !matches!(pagination.next, Some(CursorFrom::Body(_))) => Some("next"),
        _ => None,
    };
    match missing {
        Some(missing) => Err(PlanError::Pages {
            system: side.name.to_owned(),
            operation: operation.id.clone(),
            style: pagination.style.as_str(),
            missing,
        }),
        None => Ok(Some(pagination)),
    }
}

fn target(side: &Side<'_>, flow: &Flow) -> Result<TargetPlan, PlanError> {
    let clause = &flow.target;
    let used: Vec<&Operation> =
        clause.operations().into_iter().map(|(_, name)| side.operation(name)).collect::<Result<_, _>>()?;
    if let Some(operation) = used.iter().find(|o| o.root_field.is_some()) {
        return Err(PlanError::GraphqlWrite { system: side.name.to_owned(), operation: operation.id.clone() });
    }
    side.params_known(&clause.params, &used)?;
    let header = |given: &Option<Spanned<String>>, operation: &Operation| {
        given.as_ref().map(|h| h.value.clone()).or_else(|| operation.idempotency.as_ref().map(|i| i.header.clone()))
    };
    let write = match &clause.write {
        Write::Upsert { matching, find, create, update, idempotency } => {
            let (find, create, update) = (side.operation(find)?, side.operation(create)?, side.operation(update)?);
            // One record by its key: its last placeholder takes the natural key.
            let by_key = find.finds_by(matching).filter(|_| find.items.is_none()).map(str::to_owned);
            let Some(find_items) = find.items.clone().or_else(|| by_key.as_ref().map(|_| Vec::new())) else {
                return Err(PlanError::NoItems { system: side.name.to_owned(), operation: find.id.clone() });
            };
            let find_pages = pages(side, find, &Paginate::Auto).unwrap_or_default();
            WritePlan::Upsert {
                matching: path(matching),
                find: side.list(find, &clause.params, by_key.is_some(), &page_fields(find_pages.as_ref()))?,
                find_param: match by_key {
                    Some(placeholder) => placeholder,
                    None => find_param(side, find, matching)?,
                },
                find_items,
                find_pages,
                create: side.write(create, &clause.params, false)?,
                update: side.write(update, &clause.params, true)?,
                target_key: target_key(side.system, update, create),
                idempotency: header(idempotency, create),
            }
        }
        Write::Put { operation, key } => {
            let put = side.operation(operation)?;
            // Without a place for the key in its path, the record carries it: the target finds it by the field named.
            let in_body = put.path_params().is_empty() && key.is_some();
            WritePlan::Put { put: side.write(put, &clause.params, !in_body)?, key: key.as_ref().map(|k| path(k)) }
        }
        Write::Bulk { operation, key, size } => {
            let operation = side.operation(operation)?;
            let Some(bulk) = operation.bulk(&side.system.schemas) else {
                return Err(PlanError::NoBulk { system: side.name.to_owned(), operation: operation.id.clone() });
            };
            let key = path(key);
            let repeats = |name: &&String| side.system.schemas.property(bulk.result, name).is_some();
            WritePlan::Bulk {
                write: side.write(operation, &clause.params, false)?,
                result_key: key.last().filter(repeats).cloned(),
                records: bulk.records,
                results: bulk.results,
                key,
                size: size.unwrap_or(BATCH).min(bulk.most.unwrap_or(u64::MAX)).max(1),
            }
        }
        Write::Create { operation, idempotency, .. } => {
            let create = side.operation(operation)?;
            WritePlan::Create {
                create: side.write(create, &clause.params, false)?,
                idempotency: header(idempotency, create),
            }
        }
    };
    let key = match &write {
        WritePlan::Upsert { target_key, .. } => target_key.clone(),
        WritePlan::Put { .. } | WritePlan::Bulk { .. } | WritePlan::Create { .. } => {
            used.first().map_or_else(|| "id".to_owned(), |o| target_key(side.system, o, o))
        }
    };
    Ok(TargetPlan {
        back: back::plan(side, &write, key, &clause.params),
        system: side.name.to_owned(),
        base_url: side.base_url.clone(),
        auth: side.auth.clone(),
        write,
        delete: delete(side, flow)?,
        rate: flow.delivery.rate.as_ref().map(|r| r.value),
    })
}

/// The query parameter of a search that takes the natural key; the same answer that the checks give.
fn find_param(side: &Side<'_>, find: &Operation, matching: &str) -> Result<String, PlanError> {
    find.parameter_for(matching).map(|p| p.name.clone()).ok_or_else(|| {
        let all: Vec<&str> =
            find.parameters.iter().filter(|p| p.place == ParamIn::Query).map(|p| p.name.as_str()).collect();
        PlanError::NoFindParam {
            system: side.name.to_owned(),
            operation: find.id.clone(),
            key: matching.to_owned(),
            hint: if all.is_empty() { String::new() } else { format!(" (it has {})", all.join(", ")) },
        }
    })
}

fn target_key(system: &System, update: &Operation, create: &Operation) -> String {
    [update, create]
        .into_iter()
        .filter_map(|o| o.entity.as_ref())
        .filter_map(|entity| system.entities.get(entity))
        .find_map(|entity| entity.key.clone())
        .unwrap_or_else(|| "id".to_owned())
}

fn path(dotted: &str) -> Vec<String> {
    // `emails[0].address` is `emails`, `0`, `address`.
    dotted.split(['.', '[', ']']).filter(|p| !p.is_empty()).map(str::to_owned).collect()
}
