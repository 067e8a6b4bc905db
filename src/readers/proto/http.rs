//! How a method is called over HTTP: `google.api.http` and its path templates (AIP-127; google/api/http.proto).

use std::collections::HashMap;

use super::file::{Body, Options, Value};
use super::world::World;
use crate::base::text::{singular, words};
use crate::model::Method;

/// Most ways to call one method.
const MOST_BINDINGS: usize = 20;
/// Longest template, in bytes.
const LONGEST: usize = 2_000;

/// One way to call a method.
#[derive(Debug, PartialEq)]
pub(super) struct Binding {
    pub(super) method: Method,
    pub(super) template: String,
    /// The field that is the body; `*` for all that the path does not hold, empty for none.
    pub(super) body: String,
    /// The field of the answer that is the body; empty for the answer itself.
    pub(super) response_body: String,
}

/// All ways to call a method, the first one first; and what is wrong with the annotation.
pub(super) fn bindings(options: &Options<'_>) -> (Vec<Binding>, Option<&'static str>) {
    let Some(rule) = options.message("google.api.http") else { return (Vec::new(), None) };
    let mut out = Vec::new();
    let mut wrong = None;
    for rule in std::iter::once(&rule).chain(rule.all("additional_bindings")).take(MOST_BINDINGS) {
        match binding(rule) {
            Ok(binding) => out.push(binding),
            Err(because) => wrong = Some(because),
        }
    }
    (out, wrong)
}

fn binding(rule: &Value<'_>) -> Result<Binding, &'static str> {
    let text = |value: &Value<'_>, key: &str| value.all(key).find_map(Value::text).map(str::to_owned);
    let usual = ["get", "put", "post", "delete", "patch"];
    let plain = usual.into_iter().find_map(|name| Some((Method::parse(name)?, text(rule, name)?)));
    let custom = || {
        let custom = rule.all("custom").next()?;
        Some((text(custom, "kind")?, text(custom, "path")?))
    };
    let (method, template) = match plain {
        Some(found) => found,
        None => {
            let (kind, path) = custom().ok_or("the annotation names no method and path")?;
            (Method::parse(&kind).ok_or("the annotation names an unknown method")?, path)
        }
    };
    let or_none = |key: &str| text(rule, key).unwrap_or_default();
    Ok(Binding { method, template, body: or_none("body"), response_body: or_none("response_body") })
}

/// A part of a path that a field holds.
#[derive(Debug, PartialEq)]
pub(super) struct Bound {
    /// As the path has it.
    pub(super) name: String,
    /// The field of the request, with the fields around it: `book.name`.
    pub(super) field: String,
    /// What the whole field looks like where the path holds it in several parts: `shelves/*/books/*`.
    pub(super) form: String,
}

/// Names of the parts of resource names, by what such a name looks like: `shelves/*` has a `shelf`.
pub(super) struct Forms(HashMap<String, Vec<String>>);

impl Forms {
    /// Of all resources that the files declare (`google.api.resource`, AIP-123).
    pub(super) fn of(world: &World<'_>) -> Self {
        let mut out = HashMap::new();
        for loaded in &world.files {
            let of_types = loaded.file.types.iter().filter(|t| matches!(t.body, Body::Message(_))).map(|t| &t.options);
            let all = of_types.filter_map(|o| o.message("google.api.resource"));
            let defined = loaded.file.options.all("google.api.resource_definition").cloned();
            for resource in all.chain(defined) {
                for pattern in resource.all("pattern").filter_map(Value::text).filter(|p| p.len() <= LONGEST) {
                    let names =
                        pattern.split('{').skip(1).filter_map(|s| s.split(['}', '=']).next()).map(str::to_owned);
                    let steps = pattern.split('/').map(|s| if s.starts_with('{') { "*" } else { s });
                    out.entry(steps.collect::<Vec<_>>().join("/")).or_insert_with(|| names.collect());
                }
            }
        }
        Self(out)
    }
}

/// A template as a path in which every part that varies has a name of its own, and what holds these parts:
/// `/v1/{name=shelves/*/books/*}` is `/v1/shelves/{shelf}/books/{book}`. Nothing for what is no template.
pub(super) fn path(template: &str, forms: &Forms) -> Option<(String, Vec<Bound>)> {
    if !template.starts_with('/') || template.len() > LONGEST {
        return None;
    }
    let mut out = String::with_capacity(template.len());
    let mut bound: Vec<Bound> = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (variable, tail) = after.split_once('}')?;
        unnamed(before, &mut out, &mut bound);
        let (field, form) = variable.split_once('=').unwrap_or((variable, "*"));
        let (field, form) = (field.trim(), form.trim());
        if field.is_empty() || variable.contains('{') {
            return None;
        }
        let steps: Vec<&str> = form.split('/').collect();
        if let [_] = steps.as_slice() {
            let name = unique(field, &bound);
            out.push_str(&format!("{{{name}}}"));
            bound.push(Bound { name, field: field.to_owned(), form: String::new() });
        } else {
            let mut told = forms.0.get(form).into_iter().flatten();
            let mut last = "";
            for (i, step) in steps.iter().enumerate() {
                if i > 0 {
                    out.push('/');
                }
                if step.contains('*') {
                    let name = told.next().cloned().unwrap_or_else(|| named_for(last, field));
                    let name = unique(&name, &bound);
                    out.push_str(&format!("{{{name}}}"));
                    bound.push(Bound { name, field: field.to_owned(), form: form.to_owned() });
                } else {
                    out.push_str(step);
                    last = step;
                }
            }
        }
        rest = tail;
    }
    if rest.contains('}') {
        return None;
    }
    unnamed(rest, &mut out, &mut bound);
    Some((out, bound))
}

/// Fixed steps; a star among them varies and belongs to no field.
fn unnamed(text: &str, out: &mut String, bound: &mut Vec<Bound>) {
    for (i, part) in text.split('*').enumerate() {
        if i > 0 && !out.ends_with('}') {
            let name = unique("part", bound);
            out.push_str(&format!("{{{name}}}"));
            bound.push(Bound { name, field: String::new(), form: String::new() });
        }
        out.push_str(part);
    }
}

/// `shelves` have a `shelf`; where nothing stands before, the field tells.
fn named_for(before: &str, field: &str) -> String {
    let mut parts = words(before);
    match parts.pop() {
        Some(last) => {
            // A plural in -ves has lost an f.
            let one = last.strip_suffix("elves").map_or_else(|| singular(&last), |stem| format!("{stem}elf"));
            parts.push(one);
            parts.join("_")
        }
        None => field.rsplit('.').next().unwrap_or(field).to_owned(),
    }
}

fn unique(name: &str, bound: &[Bound]) -> String {
    let mut out = name.to_owned();
    let mut n = 1;
    while bound.iter().any(|b| b.name == out) {
        n += 1;
        out = format!("{name}_{n}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(template: &str) -> Option<String> {
        let forms =
            Forms(HashMap::from([("shelves/*/books/*".to_owned(), vec!["shelf".to_owned(), "volume".to_owned()])]));
        path(template, &forms).map(|(path, bound)| {
            let bound: Vec<String> = bound.iter().map(|b| format!("{}<{}", b.name, b.field)).collect();
            format!("{path} {}", bound.join(" "))
        })
    }

    #[test]
    fn every_part_that_varies_has_a_name() {
        for (template, expected) in [
            ("/v1/{name=shelves/*/books/*}", "/v1/shelves/{shelf}/books/{volume} shelf<name volume<name"),
            ("/v1/{parent=shelves/*}/books:search", "/v1/shelves/{shelf}/books:search shelf<parent"),
            ("/v1/{book.name=publishers/*}", "/v1/publishers/{publisher} publisher<book.name"),
            ("/v1/books/{id}", "/v1/books/{id} id<id"),
            ("/v1/{name=**}", "/v1/{name} name<name"),
            ("/v1/{name=files/**}:read", "/v1/files/{file}:read file<name"),
            ("/v1/{a=x/*}/{b=x/*}", "/v1/x/{x}/x/{x_2} x<a x_2<b"),
            ("/v1/*/y", "/v1/{part}/y part<"),
            ("/v1/y", "/v1/y "),
        ] {
            assert_eq!(shown(template).as_deref(), Some(expected), "{template}");
        }
        for none in ["v1/x", "/v1/{name", "/v1/name}", "/v1/{=x}", "/v1/{a={b}}"] {
            assert_eq!(shown(none), None, "{none}");
        }
    }
}
