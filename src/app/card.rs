//! How an operation is called, in a few lines: URL, auth with scopes, body, answer, paging, limits, repetition, errors.

use super::scaffold_connector::duration;
use crate::base::text;
use crate::model::{ApiKeyPlace, CursorFrom, Operation, SchemeKind, System};

/// Most lines about errors.
const ERRORS: usize = 6;

/// The lines; what is not stated is said to be so where a call needs it.
pub(super) fn of(system: &System, op: &Operation) -> Vec<String> {
    let mut out = Vec::new();
    let base = system.servers.first().map(|s| s.url.trim_end_matches('/'));
    let path = if op.root_field.is_some() { "" } else { op.path.as_str() };
    out.push(match base {
        Some(base) => format!("url: {} {base}{path}", op.method.as_str()),
        None => format!("url: {} {path} below a base URL that is not stated", op.method.as_str()),
    });
    if op.deprecated {
        out.push("deprecated: the description says so; look for another".to_owned());
    }
    let alternatives: Vec<String> = op
        .security
        .iter()
        .map(|all| all.iter().map(|u| scheme(system, &u.scheme, &u.scopes)).collect::<Vec<_>>().join(" and "))
        .collect();
    out.push(match alternatives.as_slice() {
        [] if system.schemes.is_empty() => "auth: not stated".to_owned(),
        [] => "auth: none required".to_owned(),
        some => format!("auth: {}", some.join("; or ")),
    });
    if let Some(body) = &op.body {
        let must = if body.required { "required" } else { "optional" };
        out.push(format!("body: {}, {must}", text::quoted(&body.content_type, 60)));
    }
    match op.success() {
        Some(response) => {
            let kind = if response.content_type.is_empty() {
                "no body".to_owned()
            } else {
                text::quoted(&response.content_type, 60)
            };
            let records = match &op.items {
                Some(items) if items.is_empty() => "; records: the list itself".to_owned(),
                Some(items) => {
                    let inside =
                        if op.inside.is_empty() { String::new() } else { format!(", each in {}", op.inside.join(".")) };
                    format!("; records at {}{inside}", items.join("."))
                }
                None => String::new(),
            };
            out.push(format!("answer: {} {kind}{records}", response.status));
        }
        None => out.push("answer: no success is described".to_owned()),
    }
    out.extend(paging(op));
    if let Some(i) = &op.incremental {
        let field = i.field.as_deref().map(|f| format!(", compared with {f}")).unwrap_or_default();
        out.push(format!("changed since: {}{field}", i.param));
    }
    if let Some(r) = &op.rate_limit {
        out.push(format!("limit: {} in {}", text::plural(r.requests, "request"), duration(r.window_ms)));
    }
    if !op.safe() {
        out.push(match &op.idempotency {
            Some(i) => format!("repeat: safe with the same {}", i.header),
            None => "repeat: not stated to be safe; read before writing again".to_owned(),
        });
    }
    let errors: Vec<_> = op.responses.iter().filter(|r| !r.status.starts_with(['2', '3'])).collect();
    for r in errors.iter().take(ERRORS) {
        let name =
            r.schema.and_then(|s| system.schemas.get(s).name.clone()).map(|n| format!(" {n}")).unwrap_or_default();
        let retry = r.headers.iter().find(|h| h.eq_ignore_ascii_case("retry-after"));
        let retry = retry.map(|h| format!(", header {h}")).unwrap_or_default();
        out.push(format!("error: {}{name}{retry}", r.status));
    }
    if errors.len() > ERRORS {
        out.push(format!("error: and {} more", errors.len() - ERRORS));
    }
    out
}

fn paging(op: &Operation) -> Option<String> {
    let p = op.pagination.as_ref()?;
    let mut line = format!("paging: {}", p.style.as_str());
    if let Some(param) = &p.param {
        let place = if op.pages_in_body() { " of the body" } else { "" };
        line.push_str(&format!(" in {param}{place}"));
    }
    if let Some(limit) = &p.limit_param {
        line.push_str(&format!(", size in {limit}"));
    }
    if let Some(most) = p.limit_max {
        line.push_str(&format!(" up to {most}"));
    }
    match &p.next {
        Some(CursorFrom::Body(path)) => line.push_str(&format!(", next from {}", path.join("."))),
        Some(CursorFrom::LastItem(field)) => line.push_str(&format!(", next from {field} of the last record")),
        None => {}
    }
    match (&p.more, &p.total) {
        (Some(more), _) => line.push_str(&format!(", ends when {} is false", more.join("."))),
        (None, Some(total)) => line.push_str(&format!(", {} counts all", total.join("."))),
        (None, None) => {}
    }
    Some(line)
}

fn scheme(system: &System, name: &str, scopes: &[String]) -> String {
    let how = match system.schemes.get(name).map(|s| &s.kind) {
        Some(SchemeKind::Basic) => "HTTP basic".to_owned(),
        Some(SchemeKind::Bearer) => "bearer token".to_owned(),
        Some(SchemeKind::Http(kind)) => format!("HTTP {}", text::quoted(kind, 30)),
        Some(SchemeKind::ApiKey { place, name }) => {
            let place = match place {
                ApiKeyPlace::Header => "header",
                ApiKeyPlace::Query => "query",
                ApiKeyPlace::Cookie => "cookie",
            };
            format!("key in {place} {name}")
        }
        Some(SchemeKind::Oauth2(_)) => "OAuth 2".to_owned(),
        Some(SchemeKind::OpenId(_)) => "OpenID Connect".to_owned(),
        Some(SchemeKind::MutualTls) => "client certificate".to_owned(),
        None => "not described".to_owned(),
    };
    let scopes =
        if scopes.is_empty() { String::new() } else { format!(" with {}", text::truncate(&scopes.join(" "), 300)) };
    format!("{name} ({how}){scopes}")
}
