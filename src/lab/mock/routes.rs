//! From method and path to an operation.

use std::collections::BTreeMap;

use crate::model::{Method, System};

#[derive(Debug, Clone, PartialEq)]
enum Segment {
    Literal(String),
    /// `{name}` with what stands before and after it, e.g. `/{id}.json`.
    Param {
        before: String,
        name: String,
        after: String,
    },
}

#[derive(Debug)]
struct Route {
    segments: Vec<Segment>,
    method: Method,
    op: usize,
}

/// What a request leads to.
#[derive(Debug, PartialEq)]
pub enum Match<'r> {
    /// An operation, by index, and the values of its path parameters.
    Found(usize, Vec<(&'r str, String)>),
    /// The path is known, the method is not; these are.
    WrongMethod(Vec<Method>),
    /// Nothing lies there.
    Nowhere,
}

/// All routes of a system.
#[derive(Debug)]
pub(super) struct Routes {
    /// Base paths of the servers, longest first; the empty one last.
    bases: Vec<String>,
    /// By number of segments; within it, literal segments before parameters.
    by_len: BTreeMap<usize, Vec<Route>>,
}

impl Routes {
    pub(super) fn of(system: &System) -> Self {
        let mut bases: Vec<String> =
            system.servers.iter().map(|s| super::url::path_of(&s.url).trim_end_matches('/').to_owned()).collect();
        // Over loopback people leave the base path out; both are taken.
        bases.push(String::new());
        bases.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        bases.dedup();
        let mut by_len: BTreeMap<usize, Vec<Route>> = BTreeMap::new();
        for (op, operation) in system.operations.iter().enumerate() {
            let path = operation.path.split(['?', '#']).next().unwrap_or_default();
            let segments: Vec<Segment> = path.trim_matches('/').split('/').map(segment).collect();
            by_len.entry(segments.len()).or_default().push(Route { segments, method: operation.method, op });
        }
        for routes in by_len.values_mut() {
            // Stable: among equals the description's order decides.
            routes.sort_by_key(|r| r.segments.iter().map(|s| !matches!(s, Segment::Literal(_))).collect::<Vec<_>>());
        }
        Self { bases, by_len }
    }

    pub(super) fn find<'r>(&'r self, _system: &System, method: Method, path: &str) -> Match<'r> {
        let mut others: Vec<Method> = Vec::new();
        for base in &self.bases {
            let Some(rest) = path.strip_prefix(base.as_str()) else { continue };
            if !rest.is_empty() && !rest.starts_with('/') {
                continue;
            }
            let parts: Vec<&str> = rest.trim_matches('/').split('/').collect();
            let Some(routes) = self.by_len.get(&parts.len()) else { continue };
            let mut literal_hit: Option<&[Segment]> = None;
            for route in routes {
                let Some(params) = fit(&route.segments, &parts) else { continue };
                // `/contacts/search` hides `/contacts/{id}`, whatever its method.
                if literal_hit.is_some_and(|s| kinds(s) != kinds(&route.segments)) {
                    break;
                }
                literal_hit = Some(&route.segments);
                if route.method == method {
                    return Match::Found(route.op, params);
                }
                others.push(route.method);
            }
        }
        // RFC 9110 section 9.3.2: whatever can be read answers HEAD, without the body.
        if method == Method::Head && others.contains(&Method::Get) {
            return self.find(_system, Method::Get, path);
        }
        if others.is_empty() {
            Match::Nowhere
        } else {
            others.sort_unstable();
            others.dedup();
            Match::WrongMethod(others)
        }
    }
}

fn kinds(segments: &[Segment]) -> Vec<bool> {
    segments.iter().map(|s| matches!(s, Segment::Literal(_))).collect()
}

fn segment(text: &str) -> Segment {
    match text
        .split_once('{')
        .and_then(|(before, rest)| rest.split_once('}').map(|(name, after)| (before, name, after)))
    {
        Some((before, name, after)) => {
            Segment::Param { before: before.to_owned(), name: name.to_owned(), after: after.to_owned() }
        }
        None => Segment::Literal(text.to_owned()),
    }
}

fn fit<'r>(segments: &'r [Segment], parts: &[&str]) -> Option<Vec<(&'r str, String)>> {
    let mut params = Vec::new();
    for (segment, part) in segments.iter().zip(parts) {
        match segment {
            Segment::Literal(literal) => {
                if literal != part {
                    return None;
                }
            }
            Segment::Param { before, name, after } => {
                let value = part.strip_prefix(before.as_str())?.strip_suffix(after.as_str())?;
                if value.is_empty() {
                    return None;
                }
                params.push((name.as_str(), super::url::decode(value)));
            }
        }
    }
    Some(params)
}
