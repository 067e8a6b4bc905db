//! A system as a compact text, for snapshots.

use std::fmt::Write as _;

use platform_integration::model::{Additional, Basis, CursorFrom, Operation, Schema, SchemaId, Schemas, System};
use platform_integration::readers::Read;

/// Everything that a reader is answerable for.
pub(super) fn show(read: &Read) -> String {
    let mut out = String::new();
    match &read.system {
        Some(s) => system(s, &mut out),
        None => out.push_str("no system\n"),
    }
    for f in &read.findings {
        writeln!(out, "{} {} {}: {} | {}", f.severity.as_str(), f.code, f.location, f.message, f.fix)
            .expect("a string");
    }
    out
}

fn system(s: &System, out: &mut String) {
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    line(format!("{} {} | {} {}", s.title, s.api_version, s.format, s.format_version));
    for server in &s.servers {
        line(format!("server {} {}", server.url, server.pointer));
    }
    for (name, scheme) in &s.schemes {
        line(format!("scheme {name} {:?}", scheme.kind));
    }
    for o in &s.operations {
        line(operation(s, o));
    }
    for e in &s.events {
        let payload = e.payload.map(|id| shape(&s.schemas, id, 1));
        let headers: Vec<&str> = e.headers.iter().map(|h| h.name.as_str()).collect();
        line(format!("event {} {:?} {headers:?} {} {}", e.name, e.summary, payload.unwrap_or_default(), e.pointer));
        for tell in e.tells(&s.schemas) {
            line(format!("    told by {:?} {:?}", tell.place, tell.values));
        }
    }
    for e in s.entities.values() {
        let schema = e.schema.map(|id| name(s.schemas.get(id)));
        line(format!("entity {} key={:?} schema={schema:?} {:?}", e.name, e.key, e.operations));
    }
    for f in &s.facts {
        let basis = match &f.basis {
            Basis::Stated { pointer } => format!("stated {pointer}"),
            Basis::Inferred { rule, from } => format!("{rule} {}", from.join(" + ")),
        };
        line(format!("fact {} {} {:.2} {basis}", f.fact, f.value, f.confidence.value()));
    }
}

fn operation(s: &System, o: &Operation) -> String {
    let mut out = format!(
        "{} {} {} = {} {}",
        o.id,
        o.method.as_str(),
        o.path,
        o.action.as_str(),
        o.entity.as_deref().unwrap_or("?")
    );
    let parameters: Vec<String> = o
        .parameters
        .iter()
        .map(|p| {
            let shape = p.schema.map(|id| shape(&s.schemas, id, 1)).unwrap_or_default();
            format!("{:?} {}{}: {shape}", p.place, p.name, if p.required { "!" } else { "" }).to_lowercase()
        })
        .collect();
    if !parameters.is_empty() {
        write!(out, "\n    takes {}", parameters.join("; ")).expect("a string");
    }
    if let Some(b) = &o.body {
        let shape = b.schema.map(|id| shape(&s.schemas, id, 2)).unwrap_or_default();
        write!(out, "\n    body {} {shape}", b.content_type).expect("a string");
    }
    if let Some(r) = o.record {
        write!(out, "\n    record {}", shape(&s.schemas, r, 2)).expect("a string");
    }
    if let Some(items) = &o.items {
        write!(out, "\n    items at /{}", items.join("/")).expect("a string");
        for name in &o.inside {
            write!(out, "/*/{name}").expect("a string");
        }
    }
    if let Some(p) = &o.pagination {
        let next = match &p.next {
            Some(CursorFrom::Body(path)) => format!("body /{}", path.join("/")),
            Some(CursorFrom::LastItem(field)) => format!("last {field}"),
            None => "-".to_owned(),
        };
        write!(
            out,
            "\n    pages {} {:?} limit {:?} max {:?} next {next} more {:?} total {:?} first {}",
            p.style.as_str(),
            p.param,
            p.limit_param,
            p.limit_max,
            p.more,
            p.total,
            p.first_page
        )
        .expect("a string");
    }
    if let Some(i) = &o.incremental {
        write!(out, "\n    incremental {} by {:?}", i.param, i.field).expect("a string");
    }
    if let Some(i) = &o.idempotency {
        write!(out, "\n    idempotent by {}", i.header).expect("a string");
    }
    if let Some(r) = &o.rate_limit {
        write!(out, "\n    limit {} in {} ms", r.requests, r.window_ms).expect("a string");
    }
    let security: Vec<String> = o
        .security
        .iter()
        .map(|all| all.iter().map(|u| format!("{}{:?}", u.scheme, u.scopes)).collect::<Vec<_>>().join("+"))
        .collect();
    if !security.is_empty() {
        write!(out, "\n    security {}", security.join(" or ")).expect("a string");
    }
    out
}

fn name(schema: &Schema) -> String {
    schema.name.clone().unwrap_or_else(|| schema.pointer.clone())
}

/// A schema in one line, `depth` levels deep.
pub(super) fn shape(schemas: &Schemas, id: SchemaId, depth: usize) -> String {
    let s = schemas.get(id);
    let mut out = s.types.to_string();
    if let Some(name) = &s.name {
        write!(out, "<{name}>").expect("a string");
    }
    if let Some(format) = &s.format {
        write!(out, "({format})").expect("a string");
    }
    if let Some(values) = &s.values {
        write!(out, "{}", serde_json::Value::from(values.clone())).expect("a string");
    }
    if s.minimum.is_some() || s.maximum.is_some() {
        let bound = |n: &Option<serde_json::Number>| n.as_ref().map(ToString::to_string).unwrap_or_default();
        write!(
            out,
            " {}{}..{}{}",
            bound(&s.minimum),
            if s.exclusive_minimum { "<" } else { "" },
            if s.exclusive_maximum { "<" } else { "" },
            bound(&s.maximum)
        )
        .expect("a string");
    }
    if let Some(max) = s.max_length {
        write!(out, " ..{max}").expect("a string");
    }
    if s.read_only {
        out.push_str(" ro");
    }
    if depth == 0 {
        return out;
    }
    if !s.properties.is_empty() {
        let fields: Vec<String> = s
            .properties
            .iter()
            .map(|(n, p)| {
                format!("{n}{}: {}", if s.required.contains(n) { "!" } else { "" }, shape(schemas, *p, depth - 1))
            })
            .collect();
        write!(out, " {{{}}}", fields.join(", ")).expect("a string");
    }
    match s.additional {
        Additional::Any => {}
        Additional::No => out.push_str(" closed"),
        Additional::Of(values) => write!(out, " map of {}", shape(schemas, values, depth - 1)).expect("a string"),
    }
    if let Some(items) = s.items {
        write!(out, " of {}", shape(schemas, items, depth - 1)).expect("a string");
    }
    if !s.variants.is_empty() {
        let variants: Vec<String> = s.variants.iter().map(|v| shape(schemas, *v, depth - 1)).collect();
        write!(out, " one of [{}]", variants.join(" | ")).expect("a string");
    }
    out
}
