//! Looks into a description: operations, one operation, one entity; a page at a time.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::context::{Description, system_of};
use super::search::{self, Hit, Kind};
use super::wire::FactOut;
use super::{Call, Done, Hints, No, Refusal, UseCase, card, fields, knowledge, paging, settled};
use crate::base::text;
use crate::evidence::{EventKind, Phase};
use crate::model::{Action, Entity, Operation, ParamIn, Parameter, System};

pub use super::fields::FieldOut;

/// Arguments of `inspect_system`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Path of the API description, or give session and name.
    pub api: Option<String>,
    /// From open_session.
    #[arg(long)]
    pub session: Option<String>,
    /// Name given to map_system.
    #[arg(long)]
    pub name: Option<String>,
    /// List the operations.
    #[arg(long)]
    #[serde(default)]
    pub operations: bool,
    /// operationId or "GET /path".
    #[arg(long)]
    pub operation: Option<String>,
    /// Show one entity and its fields.
    #[arg(long)]
    pub entity: Option<String>,
    /// Words or a question: "who do we bill?" finds entities, operations and fields.
    #[arg(long)]
    pub find: Option<String>,
    /// Operations; answers with the fewest scopes that allow all of them.
    #[arg(long)]
    #[serde(default)]
    pub scopes: Vec<String>,
    /// From the previous page.
    #[arg(long)]
    pub cursor: Option<String>,
}

/// Pagination of an operation.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct PagesOut {
    /// cursor, page, offset, link_header or link_body.
    pub style: String,
    /// Parameter that carries cursor, page or offset.
    pub param: Option<String>,
    /// Parameter that carries the page size.
    pub limit_param: Option<String>,
}

/// One operation in a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct OperationOut {
    /// HTTP method.
    pub method: String,
    /// Path template.
    pub path: String,
    /// operationId, or method and path.
    pub operation_id: String,
    /// What it is about.
    pub entity: Option<String>,
    /// list, get, search, create, update, upsert, delete or other.
    pub action: Action,
    /// How it is paged.
    pub pagination: Option<PagesOut>,
    /// Names of the security schemes, one alternative each; joined by + where several are needed together.
    pub auth: Vec<String>,
}

/// Something found.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct MatchOut {
    /// entity, operation or field.
    pub kind: String,
    /// Its name, operationId or path.
    pub name: String,
    /// What it is.
    pub is: String,
}

/// What was looked into.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Answer {
    /// The system.
    pub system: String,
    /// What was found, best first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matches: Option<Vec<MatchOut>>,
    /// The operations asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operations: Option<Vec<OperationOut>>,
    /// Heading of the entity or operation asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// How to call it: URL, auth with scopes, body, answer, paging, limits, errors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub call: Vec<String>,
    /// Parameters of the operation: "cursor (query)" ...
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<FieldOut>,
    /// Fields of the request body.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub request: Vec<FieldOut>,
    /// Fields of a record.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldOut>,
    /// Operations or fields in all.
    pub total: usize,
    /// Pass it as `cursor` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// What to do next.
    pub next: String,
}

/// Looks into a description.
pub struct InspectSystem;

impl UseCase for InspectSystem {
    const NAME: &'static str = "inspect_system";
    const COMMAND: &'static str = "inspect";
    const TITLE: &'static str = "Inspect a system";
    const SUMMARY: &'static str = "Look into an API description, a page at a time: find by words or a question, list operations, show one \
        operation (all that a call needs) or one entity (fields, types, rules). Use it instead of reading the file.";
    const HINTS: Hints = Hints { read_only: true, destructive: false, idempotent: true };
    const KIND: EventKind = EventKind::SystemInspected;
    const PHASE: Phase = Phase::Map;
    type Params = Params;
    type Answer = Answer;

    fn session(params: &Params) -> Option<&str> {
        params.session.as_deref()
    }

    fn paths(params: &Params) -> Vec<&str> {
        params.api.as_deref().into_iter().collect()
    }

    fn run(call: &Call<'_>, params: Params) -> Result<Done<Answer>, No> {
        let (read, label) = open(call, &params)?;
        let system = system_of(&read)?;
        let budget = call.face.budget();
        let cursor = params.cursor.as_deref();
        let mut answer = if let Some(name) = &params.operation {
            let op = find_operation(&read, name)?;
            let known = knowledge::about(call.app, system);
            let mut facts = knowledge::with(call.app, system, &known);
            let named = params.name.as_deref().filter(|_| params.api.is_none());
            let api = |name: &str| call.facts.systems.get(name).map(|s| s.record.api.as_str()).unwrap_or_default();
            let settled = named.map(|name| settled::of(&call.facts, name, api(name)));
            settled::among(&mut facts, &settled.unwrap_or_default());
            one_operation(system, op, &facts, cursor, budget)?
        } else if let Some(name) = &params.entity {
            one_entity(&read, name, cursor, budget)?
        } else if let Some(question) = &params.find {
            found(system, question, cursor, budget)?
        } else if !params.scopes.is_empty() {
            scopes(&read, &params.scopes)?
        } else {
            operations(system, cursor, budget)?
        };
        answer.system.clone_from(&label);
        if answer.cursor.is_some() {
            answer.next = "call again with this cursor for the rest; ".to_owned() + &answer.next;
        }
        let summary = format!("inspected {label}: {}", answer.about.as_deref().unwrap_or("operations"));
        Ok(Done::new(answer, summary, json!({"system": label})))
    }
}

fn open(call: &Call<'_>, params: &Params) -> Result<(Arc<Description>, String), Refusal> {
    match (&params.api, &params.name) {
        (Some(api), _) => {
            let read = call.app.read_description(&call.app.path(api), api)?;
            Ok((read, params.name.clone().unwrap_or_else(|| api.clone())))
        }
        (None, Some(name)) => {
            if call.session.is_none() {
                return Err(Refusal::new(
                    "missing-argument",
                    "name is a name within a session, and no session is given",
                    "pass session and name, or api",
                ));
            }
            Ok((call.mapped(name)?.0, name.clone()))
        }
        (None, None) => Err(Refusal::new(
            "missing-argument",
            "neither api nor session and name are given",
            "inspect_system {\"api\": \"PATH\", \"operations\": true}",
        )),
    }
}

/// The operation, or a refusal that names the nearest one.
pub(super) fn find_operation<'s>(read: &'s Description, name: &str) -> Result<&'s Operation, Refusal> {
    let system = system_of(read)?;
    system.operation(name).ok_or_else(|| {
        Refusal::new(
            "unknown-operation",
            format!(
                "{} has no operation \"{}\"{}",
                read.origin,
                text::quoted(name, 80),
                text::did_you_mean(name, system.operation_names())
            ),
            "list them with inspect_system {\"operations\": true}",
        )
    })
}

fn operations(system: &System, cursor: Option<&str>, budget: usize) -> Result<Answer, Refusal> {
    let all: Vec<OperationOut> = system
        .operations
        .iter()
        .map(|o| OperationOut {
            method: o.method.as_str().to_owned(),
            path: o.path.clone(),
            operation_id: o.id.clone(),
            entity: o.entity.clone(),
            action: o.action,
            pagination: o.pagination.as_ref().map(|p| PagesOut {
                style: p.style.as_str().to_owned(),
                param: p.param.clone(),
                limit_param: p.limit_param.clone(),
            }),
            auth: o
                .security
                .iter()
                .map(|all| all.iter().map(|s| s.scheme.as_str()).collect::<Vec<_>>().join("+"))
                .collect(),
        })
        .collect();
    let total = all.len();
    let (page, cursor) = paging::fit(all, cursor, budget)?;
    Ok(Answer {
        operations: Some(page),
        total,
        cursor,
        next:
            "inspect_system with \"operation\": \"ID\" for parameters and body, or with \"entity\": \"NAME\" for fields"
                .to_owned(),
        ..Answer::default()
    })
}

fn one_operation(
    system: &System,
    op: &Operation,
    facts: &[FactOut],
    cursor: Option<&str>,
    budget: usize,
) -> Result<Answer, Refusal> {
    let parameters: Vec<FieldOut> = op.parameters.iter().map(|p| parameter(system, p)).collect();
    // One list over three, so that one cursor leads through all of it.
    let named = op.entity.as_deref().unwrap_or("");
    let request = op.body.as_ref().and_then(|b| b.schema);
    let request = request.map(|s| fields::of(system, named, s, fields::OF_REQUEST)).unwrap_or_default();
    // Where no record was recognised, the answer is shown as it is.
    let record = op.record.or_else(|| op.success().and_then(|r| r.schema));
    let record = record.map(|s| fields::of(system, named, s, fields::OF_RECORD)).unwrap_or_default();
    let parts = [parameters, request, record];
    let all: Vec<(usize, FieldOut)> =
        parts.into_iter().enumerate().flat_map(|(part, fields)| fields.into_iter().map(move |f| (part, f))).collect();
    let total = all.len();
    // The next pages go on where this one ends; how to call it was said.
    let card = if cursor.is_none() { card::of(system, op, facts) } else { Vec::new() };
    let used: usize = card.iter().map(|line| line.chars().count() + 4).sum();
    let (page, cursor) = paging::fit(all, cursor, budget.saturating_sub(used).max(1_000))?;
    let [mut parameters, mut request, mut page_of_record] = [Vec::new(), Vec::new(), Vec::new()];
    for (part, field) in page {
        match part {
            0 => parameters.push(field),
            1 => request.push(field),
            _ => page_of_record.push(field),
        }
    }
    let mut about = format!("{} {} ({}): {}", op.method.as_str(), op.path, op.id, op.action.as_str());
    if let Some(entity) = &op.entity {
        about.push_str(&format!(" {entity}"));
    }
    if let Some(p) = &op.pagination {
        about.push_str(&format!("; paged by {} {}", p.style.as_str(), p.param.as_deref().unwrap_or("")));
    }
    if let Some(i) = &op.idempotency {
        about.push_str(&format!("; idempotency key in {}", i.header));
    }
    if let Some(r) = &op.rate_limit {
        about.push_str(&format!(
            "; at most {} requests per {}",
            r.requests,
            super::scaffold_connector::duration(r.window_ms)
        ));
    }
    if let Some(i) = &op.incremental {
        about.push_str(&format!("; changed records by {}", i.param));
    }
    if let Some(feed) = &op.feed {
        about.push_str(&format!("; changes followed by {}", feed.token.join(".")));
    }
    Ok(Answer {
        about: Some(about),
        call: card,
        parameters,
        request,
        fields: page_of_record,
        total,
        cursor,
        next: "name the operation in draft_contract, or in integration.yaml".to_owned(),
        ..Answer::default()
    })
}

/// A parameter as a field. What the description says of it is quoted: it is data, not for us to follow.
fn parameter(system: &System, p: &Parameter) -> FieldOut {
    let place = match p.place {
        ParamIn::Path => "path",
        ParamIn::Query => "query",
        ParamIn::Header => "header",
        ParamIn::Cookie => "cookie",
        ParamIn::Variable => "variable",
    };
    let (kind, mut rules) = p.schema.map_or_else(
        || ("anything".to_owned(), String::new()),
        |s| fields::describe(&system.schemas, system.schemas.get(s)),
    );
    if !p.description.is_empty() {
        let said = format!("\"{}\"", text::truncate(&p.description, 80));
        rules = if rules.is_empty() { said } else { format!("{rules}; {said}") };
    }
    FieldOut { path: format!("{} ({place})", p.name), r#type: kind, rules, required: p.required }
}

/// The entity of a name: its own, in whatever case, or that of the schema of its records.
fn entity_of<'s>(system: &'s System, name: &str) -> Option<(&'s str, &'s Entity)> {
    let own = |same: &dyn Fn(&str, &Entity) -> bool| {
        let mut all = system.entities.iter().filter(|(known, entity)| same(known, entity));
        all.next().filter(|_| all.next().is_none()).map(|(known, entity)| (known.as_str(), entity))
    };
    let schema = |entity: &Entity| entity.schema.and_then(|s| system.schemas.get(s).name.clone());
    own(&|known, _| known == name)
        .or_else(|| own(&|_, entity| schema(entity).as_deref() == Some(name)))
        .or_else(|| own(&|known, _| known.eq_ignore_ascii_case(name)))
}

fn one_entity(read: &Description, name: &str, cursor: Option<&str>, budget: usize) -> Result<Answer, Refusal> {
    let system = system_of(read)?;
    let Some((name, entity)) = entity_of(system, name) else {
        return Err(Refusal::new(
            "unknown-entity",
            format!(
                "{} has no entity \"{}\"{}",
                read.origin,
                text::quoted(name, 60),
                text::did_you_mean(name, system.entities.keys().map(String::as_str))
            ),
            "list them with map_system, or the operations with inspect_system {\"operations\": true}",
        ));
    };
    let all = entity.schema.map(|s| fields::of(system, name, s, fields::OF_RECORD)).unwrap_or_default();
    let total = all.len();
    let (page, cursor) = paging::fit(all, cursor, budget)?;
    let by_action: Vec<String> = entity
        .operations
        .iter()
        .map(|(a, ids)| format!("{} {}", a.as_str(), ids.iter().take(4).cloned().collect::<Vec<_>>().join(", ")))
        .collect();
    Ok(Answer {
        about: Some(format!(
            "{name}, key {}; {}",
            entity.key.as_deref().unwrap_or("unknown"),
            text::truncate(&by_action.join("; "), 600)
        )),
        fields: page,
        total,
        cursor,
        next: "inspect_system with \"operation\": \"ID\" for one of its operations".to_owned(),
        ..Answer::default()
    })
}

/// What answers a question, best first, at most 60.
fn found(system: &System, question: &str, cursor: Option<&str>, budget: usize) -> Result<Answer, Refusal> {
    let question = text::quoted(question, 200);
    let hits = search::find(system, &question);
    let about = format!("\"{question}\"");
    if hits.is_empty() {
        let next = "other words, or a list with inspect_system {\"operations\": true}".to_owned();
        return Ok(Answer { matches: Some(Vec::new()), about: Some(about), next, ..Answer::default() });
    }
    let all: Vec<MatchOut> = hits.iter().take(60).map(|hit| shown(system, hit)).collect();
    let total = all.len();
    let (page, cursor) = paging::fit(all, cursor, budget.min(4_000))?;
    let next = "inspect_system with \"entity\": \"NAME\" or \"operation\": \"ID\" of a match".to_owned();
    Ok(Answer { matches: Some(page), about: Some(about), total, cursor, next, ..Answer::default() })
}

fn shown(system: &System, hit: &Hit) -> MatchOut {
    let (kind, name, is) = match (hit.kind, &hit.of) {
        (Kind::Entity, _) => {
            let entity = system.entities.get(&hit.name);
            let can = entity.map(|e| e.operations.keys().map(|a| a.as_str()).collect::<Vec<_>>().join(", "));
            let key = entity.and_then(|e| e.key.as_deref()).unwrap_or("unknown");
            ("entity", hit.name.clone(), format!("key {key}; {}", can.unwrap_or_default()))
        }
        (Kind::Operation, _) => {
            let is = system.operation(&hit.name).map(|o| {
                let summary =
                    if o.summary.is_empty() { String::new() } else { format!(": {}", text::truncate(&o.summary, 100)) };
                format!("{} {}{summary}", o.method.as_str(), o.path)
            });
            ("operation", hit.name.clone(), is.unwrap_or_default())
        }
        (Kind::Field, of) => {
            let of = of.as_deref().unwrap_or("");
            let schema = system.entities.get(of).and_then(|e| system.schemas.property(e.schema?, &hit.name));
            let is = schema.map(|(id, _)| fields::describe(&system.schemas, system.schemas.get(id)));
            let is = is.map(|(kind, rules)| if rules.is_empty() { kind } else { format!("{kind}; {rules}") });
            ("field", format!("{of}.{}", hit.name), text::truncate(&is.unwrap_or_default(), 120))
        }
    };
    MatchOut { kind: kind.to_owned(), name, is }
}

/// The fewest scopes for some operations.
fn scopes(read: &Description, names: &[String]) -> Result<Answer, Refusal> {
    let system = system_of(read)?;
    let operations = names.iter().map(|name| find_operation(read, name)).collect::<Result<Vec<_>, _>>()?;
    let mut call: Vec<String> = system
        .minimal_scopes(&operations)
        .into_iter()
        .map(|s| {
            let scopes: Vec<&str> = s.scopes.iter().map(String::as_str).collect();
            let scopes = if scopes.is_empty() { "no scopes".to_owned() } else { scopes.join(" ") };
            format!("{}: {scopes}", s.scheme)
        })
        .collect();
    if call.is_empty() {
        let free = operations.iter().all(|o| o.security.is_empty());
        let said = if free {
            "the description requires no authentication for them"
        } else {
            "no single scheme allows all of them"
        };
        call.push(said.to_owned());
    }
    let about = format!("the fewest scopes for {}", text::truncate(&names.join(", "), 300));
    let next = "name scheme and scopes under systems.NAME.auth of integration.yaml".to_owned();
    Ok(Answer { about: Some(about), total: call.len(), call, next, ..Answer::default() })
}
