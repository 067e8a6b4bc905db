//! A parameter that an operation requires and nobody fills.

use super::used::{Role, Used};
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::{Auth, Paginate, Write};
use crate::finding::{Finding, Severity};
use crate::model::{ApiKeyPlace, ParamIn, SchemaId, Schemas, SchemeKind};

pub(super) static CHECK: Check = Check {
    code: "missing-required-parameter",
    summary: "An operation in use requires a parameter that neither params nor the connector fills.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.used() {
        let filled = filled(&used);
        let fixed = if used.role == Role::List { &used.flow.source.params } else { &used.flow.target.params };
        let given = |name: &str| {
            // An input object is given when something in it is: `filter.status` gives `filter`.
            let top = |n: &str| n.split_once('.').is_some_and(|(top, _)| top == name);
            fixed.iter().any(|(n, _)| n.value == name || n.eq_ignore_ascii_case(name) || top(n))
                || filled.iter().any(|f| top(f))
                || filled.iter().any(|f| f.eq_ignore_ascii_case(name))
        };
        if used.role == Role::List {
            out.extend(in_body(subject, &used, &filled));
        }
        let stated = used.operation.parameters.iter().filter(|p| p.required).map(|p| (p.name.as_str(), p.place));
        // A name in the path template must be filled also where the description forgot to state it.
        let in_path = used.operation.path_params().into_iter().map(|name| (name, ParamIn::Path));
        let mut told: Vec<&str> = Vec::new();
        for (name, place) in stated.chain(in_path) {
            if given(name) || implicit(&used, name, place) || told.contains(&name) || elsewhere(&used, name) {
                continue;
            }
            told.push(name);
            let side = if used.role == Role::List { "source" } else { "target" };
            let name = quoted(name, 60);
            let message =
                format!("{} requires the parameter {name}, which nothing fills", quoted(&used.operation.id, 80));
            let fix = format!("add params: {{{name}: …}} to the {side}");
            out.push(subject.error(&CHECK, used.name.at, message).fix(fix).because_of(&used.operation.pointer));
        }
    }
}

/// What the body of a search requires and neither params nor the connector give.
fn in_body(subject: &Subject<'_>, used: &Used<'_>, filled: &[&str]) -> Vec<Finding> {
    let operation = used.operation;
    let Some(body) = operation.body.as_ref().filter(|_| operation.asks_in_body()).and_then(|b| b.schema) else {
        return Vec::new();
    };
    // The first page is asked for without a place in the list.
    let pages = operation.pagination.as_ref().and_then(|p| p.param.as_deref());
    let fixed = used.flow.source.params.iter().map(|(n, _)| n.value.as_str());
    let given: Vec<&str> = fixed.chain(filled.iter().copied().filter(|f| Some(*f) != pages)).collect();
    let mut lacking = Vec::new();
    required(&used.system.schemas, body, "", &given, 0, &mut lacking);
    let say = |name: String| {
        let (id, name) = (quoted(&operation.id, 80), quoted(&name, 60));
        let message = format!("the body of {id} requires {name}, which nothing fills");
        let fix = format!("add params: {{{name}: …}} to the source; a list or an object cannot be given there");
        subject.error(&CHECK, used.name.at, message).fix(fix).because_of(&operation.pointer)
    };
    lacking.into_iter().map(say).collect()
}

/// The required fields below `at` that nobody gives, by dotted path; those of an object that may be left out only where
/// something in it is given.
fn required(schemas: &Schemas, id: SchemaId, at: &str, given: &[&str], depth: usize, out: &mut Vec<String>) {
    if depth > 8 {
        return;
    }
    let must = &schemas.get(id).required;
    for (name, below) in schemas.properties(id) {
        let path = if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
        let whole = given.contains(&path.as_str());
        let inside = given.iter().any(|g| g.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('.')));
        let fields = !schemas.properties(below).is_empty();
        if fields && (inside || (must.contains(name) && !whole && !schemas.get(below).required.is_empty())) {
            required(schemas, below, &path, given, depth + 1, out);
        } else if must.contains(name) && !whole && !inside {
            out.push(path);
        }
    }
}

/// Names that the connector fills itself, by the part that the operation plays.
fn filled<'a>(used: &Used<'a>) -> Vec<&'a str> {
    let last_in_path = || used.operation.path_params().last().copied();
    match (used.role, &used.flow.target.write) {
        (Role::List, _) => {
            let mut names: Vec<&str> = Vec::new();
            if let Some(p) = &used.operation.pagination {
                names.extend(p.param.iter().chain(&p.limit_param).map(String::as_str));
            }
            if let Paginate::Explicit(p) = &used.flow.source.paginate {
                names.extend(p.param.iter().chain(&p.limit_param).map(|n| n.as_str()));
            }
            names.extend(used.flow.source.incremental.iter().map(|i| i.param.as_str()));
            names.extend(used.flow.source.feed.iter().filter_map(|f| Some(f.param.as_ref()?.as_str())));
            names
        }
        (Role::Find, _) if used.finds_by_key() => last_in_path().into_iter().collect(),
        (Role::Find, Write::Upsert { matching, .. }) => {
            used.operation.parameter_for(matching).map(|p| p.name.as_str()).into_iter().collect()
        }
        // Where the contract names none, the one that the description states is sent.
        (Role::Create, Write::Upsert { idempotency, .. }) => {
            let stated = used.operation.idempotency.as_ref().map(|i| i.header.as_str());
            idempotency.as_ref().map(|h| h.as_str()).or(stated).into_iter().collect()
        }
        (Role::Create, Write::Create { idempotency, .. }) => idempotency.iter().map(|h| h.as_str()).collect(),
        (Role::Update | Role::Put | Role::Delete, _) => last_in_path().into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Reported by another check, with the fix that belongs to it: a search that does not take the natural key, and a retried
/// write that lacks the idempotency key which the operation requires.
fn elsewhere(used: &Used<'_>, name: &str) -> bool {
    match (used.role, &used.flow.target.write) {
        (Role::Find, Write::Upsert { matching, .. }) => used.operation.parameter_for(matching).is_none(),
        (Role::Create, Write::Create { idempotency: None, duplicates_accepted_by: None, .. }) => {
            let key = used.operation.idempotency.as_ref().is_some_and(|i| i.header.eq_ignore_ascii_case(name));
            key && used.flow.delivery.retry.attempts > 1 && !used.operation.method.idempotent()
        }
        _ => false,
    }
}

/// What every request carries, and what authentication fills.
fn implicit(used: &Used<'_>, name: &str, place: ParamIn) -> bool {
    const ALWAYS: [&str; 4] = ["accept", "content-type", "authorization", "user-agent"];
    if place == ParamIn::Header && ALWAYS.iter().any(|h| h.eq_ignore_ascii_case(name)) {
        return true;
    }
    let mut schemes =
        used.system_use.auth.iter().flat_map(Auth::all).filter_map(|a| used.system.schemes.get(a.scheme.as_str()));
    schemes.any(|s| {
        matches!(&s.kind, SchemeKind::ApiKey { place: at, name: key }
        if key.eq_ignore_ascii_case(name) && matches!((at, place), (ApiKeyPlace::Header, ParamIn::Header) | (ApiKeyPlace::Query, ParamIn::Query) | (ApiKeyPlace::Cookie, ParamIn::Cookie)))
    })
}
