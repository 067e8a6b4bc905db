//! How an operation is called, in a few lines: URL, auth with scopes, body, answer, paging, limits, repetition, errors.
//! What a call needs and nobody states is said to be not stated.

use serde_json::Value;

use super::scaffold_connector::duration;
use super::wire::FactOut;
use crate::base::text;
use crate::model::{
    ApiKeyPlace, Basis, CursorFrom, Operation, PageStyle, Pagination, ParamIn, SchemeKind, SecurityScheme, System,
};

/// Most lines about errors, and most flows of one scheme.
const ERRORS: usize = 6;
const FLOWS: usize = 3;

/// The lines. `facts` are those of the system, with what was looked up, confirmed and observed.
pub(super) fn of(system: &System, op: &Operation, facts: &[FactOut]) -> Vec<String> {
    let mut out = Vec::new();
    let base = system.servers.first().map(|s| s.url.trim_end_matches('/'));
    let path = if op.root_field.is_some() { "" } else { op.path.as_str() };
    out.push(match base {
        Some(base) => format!("url: {} {base}{path}", op.method.as_str()),
        None => format!("url: {} {path} below a base URL that is not stated", op.method.as_str()),
    });
    out.extend(elsewhere(facts));
    if op.deprecated {
        out.push("deprecated: the description says so; look for another".to_owned());
    }
    out.push(auth(system, op, facts));
    out.extend(headers(system, op, facts));
    out.extend(query(op));
    if let Some(body) = &op.body {
        let must = if body.required { "required" } else { "optional" };
        out.push(format!("body: {}, {must}", text::quoted(&body.content_type, 60)));
    }
    out.push(answer(op));
    if let Some(bulk) = op.bulk(&system.schemas) {
        let most = bulk.most.map(|n| format!("up to {n} ")).unwrap_or_default();
        let at = |path: &[String]| if path.is_empty() { "the top".to_owned() } else { path.join(".") };
        out.push(format!("bulk: {most}records at {}, one result each at {}", at(&bulk.records), at(&bulk.results)));
    }
    out.extend(op.pagination.as_ref().map(|p| paging(op, p, facts)));
    if let Some(i) = &op.incremental {
        let field = i.field.as_deref().map(|f| format!(", compared with {f}")).unwrap_or_default();
        out.push(format!("changed since: {}{field}", i.param));
    }
    if let Some(feed) = &op.feed {
        let by = feed.param.as_deref().map_or_else(|| "followed as a link".to_owned(), |p| format!("sent as {p}"));
        out.push(format!("changes followed by a token: {}, {by}", feed.token.join(".")));
    }
    out.push(limit(op, facts));
    if !op.safe() {
        out.push(repeat(op, facts));
    }
    out.extend(errors(system, op, facts));
    out
}

fn said<'f>(facts: &'f [FactOut], name: &str) -> impl Iterator<Item = &'f FactOut> {
    let name = name.to_owned();
    facts.iter().filter(move |f| f.fact == name)
}

fn word<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str).filter(|s| !s.is_empty())
}

/// `(inferred)`, `(research: https://... (checked 2026-11-20, age 7 days))`.
fn ground(fact: &FactOut) -> String {
    match &fact.source {
        Some(source) => format!("({}: {})", fact.basis, text::truncate(source, 160)),
        None => format!("({})", fact.basis),
    }
}

/// Where to try a call without harm.
fn elsewhere(facts: &[FactOut]) -> Vec<String> {
    let other =
        said(facts, "environment").filter(|f| !matches!(word(&f.value, "environment"), Some("production") | None));
    let line = |f: &FactOut| {
        let (kind, host) = (word(&f.value, "environment")?, word(&f.value, "host")?);
        Some(format!("{kind}: {host}{}", word(&f.value, "path").unwrap_or("")))
    };
    other.filter_map(line).take(2).collect()
}

fn auth(system: &System, op: &Operation, facts: &[FactOut]) -> String {
    let alternatives: Vec<String> = op
        .security
        .iter()
        .map(|all| match all.as_slice() {
            [] => "none".to_owned(),
            all => all.iter().map(|u| scheme(system, &u.scheme, &u.scopes, facts)).collect::<Vec<_>>().join(" and "),
        })
        .collect();
    match alternatives.as_slice() {
        [] if system.schemes.is_empty() => match said(facts, "auth_mode").next() {
            Some(f) => {
                let of = |key| word(&f.value, key).map(|v| format!(" {key} {v}")).unwrap_or_default();
                let kind = word(&f.value, "type").unwrap_or("").replace('_', " ");
                format!("auth: {kind}{}{}{} {}", of("in"), of("name"), of("prefix"), ground(f))
            }
            None => "auth: not stated".to_owned(),
        },
        // A description of which no operation asks for anything, and which declares schemes all the same, means them.
        [] if system.operations.iter().all(|o| o.security.is_empty()) => {
            let declared: Vec<String> =
                system.schemes.keys().take(3).map(|name| scheme(system, name, &[], facts)).collect();
            format!("auth: declared, though no operation asks for it: {}", declared.join("; or "))
        }
        [] => "auth: none required".to_owned(),
        some => format!("auth: {}", some.join("; or ")),
    }
}

fn scheme(system: &System, name: &str, scopes: &[String], facts: &[FactOut]) -> String {
    let known = system.schemes.get(name);
    let how = match known.map(|s| &s.kind) {
        Some(SchemeKind::Basic) => "HTTP basic".to_owned(),
        Some(SchemeKind::Bearer) => "bearer token".to_owned(),
        Some(SchemeKind::Http(kind)) => format!("HTTP {}", text::quoted(kind, 30)),
        Some(SchemeKind::ApiKey { place, name }) => {
            let place = match place {
                ApiKeyPlace::Header => "header",
                ApiKeyPlace::Query => "query",
                ApiKeyPlace::Cookie => "cookie",
            };
            let mode = said(facts, "auth_mode").find(|f| word(&f.value, "name") == Some(name));
            let prefix = mode.and_then(|f| word(&f.value, "prefix")).map(|p| format!(" after {}", text::quoted(p, 30)));
            format!("key in {place} {name}{}", prefix.unwrap_or_default())
        }
        Some(SchemeKind::Oauth2(flows)) => {
            let each = flows.iter().take(FLOWS).map(|f| {
                let agree = f.authorization_url.as_deref().map(|u| format!(", agreed to at {}", text::quoted(u, 120)));
                let token = f.token_url.as_deref().map(|u| format!(", token from {}", text::quoted(u, 120)));
                format!("{}{}{}", f.kind, agree.unwrap_or_default(), token.unwrap_or_default())
            });
            let each: Vec<String> = each.collect();
            if each.is_empty() { "OAuth 2".to_owned() } else { format!("OAuth 2 {}", each.join(" or ")) }
        }
        Some(SchemeKind::OpenId(url)) => format!("OpenID Connect, {}", text::quoted(url, 120)),
        Some(SchemeKind::MutualTls) => "client certificate".to_owned(),
        None => "not described".to_owned(),
    };
    let scopes =
        if scopes.is_empty() { String::new() } else { format!(" with {}", text::truncate(&scopes.join(" "), 300)) };
    format!("{name} ({how}){scopes}{}", known.map(hint).unwrap_or_default())
}

/// What the description adds about a scheme that is no more than a name of a header: quoted, it may tell the form of the key.
fn hint(scheme: &SecurityScheme) -> String {
    let vague = matches!(scheme.kind, SchemeKind::ApiKey { .. } | SchemeKind::Http(_));
    if vague && !scheme.description.is_empty() {
        format!(", \"{}\"", text::truncate(&scheme.description, 100))
    } else {
        String::new()
    }
}

/// Headers that every request needs and this operation does not list.
fn headers(system: &System, op: &Operation, facts: &[FactOut]) -> Vec<String> {
    let is_key = |scheme: &str, header: &str| match system.schemes.get(scheme).map(|s| &s.kind) {
        Some(SchemeKind::ApiKey { place: ApiKeyPlace::Header, name }) => name.eq_ignore_ascii_case(header),
        _ => false,
    };
    let listed = |name: &str| {
        op.parameters.iter().any(|p| p.place == ParamIn::Header && p.name.eq_ignore_ascii_case(name))
            || op.security.iter().flatten().any(|u| is_key(&u.scheme, name))
    };
    let version = said(facts, "versioning").filter(|f| word(&f.value, "in") == Some("header"));
    let mut named: Vec<&str> = Vec::new();
    let mut out = Vec::new();
    for fact in version.chain(said(facts, "required_header")) {
        let Some(name) = word(&fact.value, "name").filter(|n| !listed(n)) else { continue };
        if named.iter().any(|n| n.eq_ignore_ascii_case(name)) {
            continue;
        }
        named.push(name);
        let value = word(&fact.value, "value").map(|v| format!(": {}", text::quoted(v, 60))).unwrap_or_default();
        out.push(format!("header: {}{value} {}", text::quoted(name, 60), ground(fact)));
    }
    out.truncate(4);
    out
}

/// The document that a GraphQL request sends.
fn query(op: &Operation) -> Option<String> {
    const MOST: usize = 12;
    let field = op.root_field.as_ref()?;
    let required = |name: &str| op.parameter(name).is_some_and(|p| p.required);
    let mut arguments: Vec<(&String, &String)> = field.arguments.iter().collect();
    // What must be sent, and what leads to the next page, before what may be.
    let pages = |name: &str| {
        op.pagination
            .as_ref()
            .is_some_and(|p| p.param.as_deref() == Some(name) || p.limit_param.as_deref() == Some(name))
    };
    arguments.sort_by_key(|(name, _)| (!required(name), !pages(name)));
    let shown: Vec<_> = arguments.iter().take(MOST).collect();
    let (mut declared, mut passed) = (String::new(), String::new());
    if !shown.is_empty() {
        let declare: Vec<String> = shown.iter().map(|(name, kind)| format!("${name}: {kind}")).collect();
        let pass: Vec<String> = shown.iter().map(|(name, _)| format!("{name}: ${name}")).collect();
        (declared, passed) = (format!("({})", declare.join(", ")), format!("({})", pass.join(", ")));
    }
    let more = arguments.len().saturating_sub(MOST);
    let more = if more > 0 { format!("; {more} more arguments below") } else { String::new() };
    Some(format!(
        "send: query: {}{declared} {{ {}{passed} {{ FIELDS }} }}, with variables; FIELDS as below{more}",
        field.root.as_str(),
        field.name
    ))
}

fn answer(op: &Operation) -> String {
    let Some(response) = op.success() else { return "answer: no success is described".to_owned() };
    let kind =
        if response.content_type.is_empty() { "no body".to_owned() } else { text::quoted(&response.content_type, 60) };
    let records = match &op.items {
        Some(items) if items.is_empty() => "; records: the list itself".to_owned(),
        Some(items) => {
            let inside =
                if op.inside.is_empty() { String::new() } else { format!(", each in {}", op.inside.join(".")) };
            format!("; records at {}{inside}", items.join("."))
        }
        None => String::new(),
    };
    format!("answer: {} {kind}{records}", response.status)
}

/// Where a parameter of pages stands, where that is not the query.
fn place(op: &Operation, param: &str) -> &'static str {
    if op.asks_in_body() && op.parameter(param).is_none() { " of the body" } else { "" }
}

/// How pages are asked for, and how the connector knows the last one.
fn paging(op: &Operation, p: &Pagination, facts: &[FactOut]) -> String {
    let mut line = format!("paging: {}", p.style.as_str());
    if let Some(param) = &p.param {
        line.push_str(&format!(" in {param}{}", place(op, param)));
    }
    match p.style {
        PageStyle::Page => line.push_str(&format!(" from {}", p.first_page)),
        PageStyle::Offset => line.push_str(" from 0"),
        PageStyle::Cursor | PageStyle::LinkHeader | PageStyle::LinkBody => {}
    }
    if let Some(limit) = &p.limit_param {
        line.push_str(&format!(", size in {limit}{}", place(op, limit)));
    }
    if let Some(most) = p.limit_max {
        line.push_str(&format!(" up to {most}"));
    }
    match &p.next {
        Some(CursorFrom::Body(path)) => line.push_str(&format!(", next from {}", path.join("."))),
        Some(CursorFrom::LastItem(field)) => line.push_str(&format!(", next from {field} of the last record")),
        None => {}
    }
    line.push_str(&match (&p.more, &p.total, &p.next, p.style) {
        (Some(more), ..) => format!(", ends when {} is false", more.join(".")),
        // As connector::page does: a token or a link that is handed on ends by not coming, whatever is counted beside it.
        (None, _, Some(CursorFrom::Body(path)), _) => format!(", ends when {} is null or missing", path.join(".")),
        (None, _, _, PageStyle::LinkHeader) => ", ends without a link rel=next".to_owned(),
        (None, Some(total), Some(_), _) | (None, Some(total), None, PageStyle::Page | PageStyle::Offset) => {
            format!(", ends when {} records are read", total.join("."))
        }
        (None, None, Some(CursorFrom::LastItem(_)), _) => {
            ", its end is not stated: read until a page is empty".to_owned()
        }
        (None, _, None, PageStyle::Cursor | PageStyle::LinkBody) => {
            ", where the next is found is not stated".to_owned()
        }
        _ => ", its end is not stated: read until a page is empty".to_owned(),
    });
    let settled =
        said(facts, "pagination").find(|f| f.source.is_some() && word(&f.value, "style") == Some(p.style.as_str()));
    if let Some(fact) = settled {
        line.push_str(&format!(" {}", ground(fact)));
    }
    line
}

fn limit(op: &Operation, facts: &[FactOut]) -> String {
    let told =
        |requests: u64, window: u64| format!("limit: {} in {}", text::plural(requests, "request"), duration(window));
    let settled = said(facts, "rate_limit").find(|f| f.source.is_some());
    let better = settled.filter(|f| f.basis != "research");
    let of = |f: &FactOut| {
        let number = |key| f.value.get(key).and_then(Value::as_u64);
        Some(format!("{} {}", told(number("requests")?, number("window_ms")?), ground(f)))
    };
    better
        .and_then(of)
        .or_else(|| {
            let r = op.rate_limit.as_ref()?;
            let basis = if matches!(r.basis, Basis::Stated { .. }) { "stated" } else { "inferred" };
            Some(format!("{} ({basis})", told(r.requests, r.window_ms)))
        })
        .or_else(|| settled.and_then(of))
        .unwrap_or_else(|| "limit: not stated".to_owned())
}

fn repeat(op: &Operation, facts: &[FactOut]) -> String {
    if let Some(i) = &op.idempotency {
        return format!("repeat: safe with the same {}", i.header);
    }
    let supported = |f: &&FactOut| f.source.is_some() && f.value.get("supported") == Some(&Value::Bool(true));
    let known = said(facts, "idempotency").find(supported);
    match known.and_then(|f| Some((word(&f.value, "in")?, word(&f.value, "name")?, f))) {
        Some((place, name, f)) => format!("repeat: with the same key in the {place} {name} {}", ground(f)),
        None if op.method.idempotent() => format!(
            "repeat: {} is idempotent by HTTP (RFC 9110 section 9.2.2); the description adds nothing",
            op.method.as_str()
        ),
        None => "repeat: not stated to be safe; read before writing again".to_owned(),
    }
}

fn errors(system: &System, op: &Operation, facts: &[FactOut]) -> Vec<String> {
    let mut out = Vec::new();
    // Those with one body on one line.
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for r in op.responses.iter().filter(|r| !r.status.starts_with(['2', '3'])) {
        let name =
            r.schema.and_then(|s| system.schemas.get(s).name.clone()).map(|n| format!(" {n}")).unwrap_or_default();
        let retry = r.headers.iter().find(|h| h.eq_ignore_ascii_case("retry-after"));
        let body = format!("{name}{}", retry.map(|h| format!(", header {h}")).unwrap_or_default());
        match groups.iter_mut().find(|(b, _)| *b == body) {
            Some((_, statuses)) => statuses.push(&r.status),
            None => groups.push((body, vec![&r.status])),
        }
    }
    let more = groups.len().saturating_sub(ERRORS);
    out.extend(groups.iter().take(ERRORS).map(|(body, statuses)| format!("error: {}{body}", statuses.join(", "))));
    if more > 0 {
        out.push(format!("error: and {}", text::plural(more as u64, "other body")));
    }
    if let Some(fact) = said(facts, "error_format").next() {
        let format = word(&fact.value, "format").unwrap_or("").replace('-', " ");
        let at = |what: &str| word(&fact.value, what).map(|p| format!(", {what} at {p}")).unwrap_or_default();
        out.push(format!("error body: {format}{}{} {}", at("code"), at("message"), ground(fact)));
    }
    out
}
