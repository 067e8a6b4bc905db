//! Where the records lie in an answer: `Operation::items` and `Operation::record`.

use super::path::{Segment, norm, segments};
use super::{Detector, Hints, Look};
use crate::base::text::singular;
use crate::model::{Operation, Root, RootField, SchemaId, Schemas, System, TypeSet};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "records", look: Look::Derive(run) };

fn run(system: &mut System, _: &Hints<'_>) {
    let System { operations, schemas, .. } = system;
    for operation in operations {
        let Some(body) = operation.success().and_then(|r| r.schema) else { continue };
        if let Some(field) = operation.root_field.clone() {
            of_root_field(schemas, operation, &field);
            continue;
        }
        // What is sent and comes back is a record, whatever lists are in it.
        let sent = operation.body.as_ref().and_then(|b| b.schema) == Some(body) && as_array(schemas, body).is_none();
        match (!sent).then(|| list_in(schemas, body, operation)).flatten() {
            Some(list) => {
                operation.items = Some(list.path);
                operation.record = list.item;
            }
            None => {
                let record = unwrapped(schemas, body);
                // A schema that says nothing is no record.
                let says = !schemas.get(record).types.is_any() || !schemas.get(record).variants.is_empty();
                operation.record = Some(record).filter(|_| says);
            }
        }
    }
}

/// The answer of a root field: a list, a page of one (a connection by the Relay specification, or any other with its
/// records inside), a record, or what a mutation wraps around one.
fn of_root_field(schemas: &Schemas, operation: &mut Operation, field: &RootField) {
    // Lists inside of what a mutation answers with are its complaints.
    let may_list = field.root == Root::Query || as_array(schemas, field.answer).is_some();
    if let Some(mut list) = may_list.then(|| list_in(schemas, field.answer, operation)).flatten() {
        let mut path = field.place();
        if list.path.last().is_some_and(|n| n == "edges") {
            let parent = list
                .path
                .iter()
                .rev()
                .skip(1)
                .rev()
                .try_fold(field.answer, |at, name| schemas.property(at, name).map(|found| found.0));
            // `nodes` saves a step where it stands beside `edges`.
            let nodes = parent.and_then(|p| schemas.property(p, "nodes")).and_then(|n| as_array(schemas, n.0));
            if let (Some(item), Some(last)) = (nodes, list.path.last_mut()) {
                "nodes".clone_into(last);
                list.item = item;
            } else if let Some((node, _)) = list.item.and_then(|edge| schemas.property(edge, "node")) {
                operation.inside = vec!["node".to_owned()];
                list.item = Some(node);
            }
        }
        path.extend(list.path);
        operation.items = Some(path);
        operation.record = list.item;
        return;
    }
    let properties = schemas.properties(field.answer);
    let mut inner = properties
        .values()
        .filter(|p| field.root == Root::Mutation && is_object(schemas, *p) && !schemas.properties(*p).is_empty());
    let only = inner.next().filter(|_| inner.next().is_none());
    operation.record = Some(only.unwrap_or(field.answer)).filter(|r| is_object(schemas, *r));
}

struct List {
    path: Vec<String>,
    item: Option<SchemaId>,
    score: i32,
}

/// Names under which APIs keep the records of a page.
const ENVELOPES: [&str; 21] = [
    "data",
    "items",
    "results",
    "result",
    "value",
    "values",
    "records",
    "entries",
    "elements",
    "list",
    "resources",
    "objects",
    "content",
    "rows",
    "hits",
    "collection",
    "nodes",
    "edges",
    "response",
    "entry",
    "matches",
];
/// Names of arrays that stand beside the records.
const BESIDE: [&str; 14] = [
    "errors",
    "warnings",
    "links",
    "included",
    "meta",
    "facets",
    "tags",
    "includes",
    "expand",
    "aggregations",
    "messages",
    "fields",
    "metadata",
    "columns",
];

fn list_in(schemas: &Schemas, body: SchemaId, operation: &Operation) -> Option<List> {
    if let Some(item) = as_array(schemas, body) {
        return Some(List { path: Vec::new(), item, score: 10 });
    }
    let steps = segments(&operation.as_resource().1);
    let words: Vec<String> = steps.iter().filter_map(|s| s.word()).map(norm).collect();
    let mut best: Option<List> = None;
    let mut todo = vec![(body, Vec::<String>::new())];
    let mut arrays = 0;
    while let Some((id, path)) = todo.pop() {
        let properties = schemas.properties(id);
        for (name, property) in properties.into_iter().take(200) {
            let mut here = path.clone();
            here.push(name.to_owned());
            if let Some(item) = as_array(schemas, property) {
                let score = score(schemas, name, item, here.len(), &words);
                arrays += usize::from(path.is_empty());
                if best.as_ref().is_none_or(|b| score > b.score) {
                    best = Some(List { path: here, item, score });
                }
            } else if here.len() < 2 && is_object(schemas, property) && wraps(name) {
                todo.push((property, here));
            }
        }
    }
    let best = best?;
    // A record of its own may well hold arrays: only what looks like a page counts as one.
    let own = schemas.properties(body);
    let looks_like_a_record = ["id", "uuid", "sid", "gid", "created_at", "createdAt", "create_time", "createTime"]
        .iter()
        .any(|k| own.contains_key(k));
    let ends_in_param = matches!(steps.last(), Some(Segment::Param(_)));
    let paged =
        own.keys().any(|k| is_paging(&norm(k))) || operation.parameters.iter().any(|p| is_paging(&norm(&p.name)));
    // Beside many values of its own, a list that is called like nothing of the path belongs to the record.
    let values = || own.values().filter(|id| !is_object(schemas, *id) && as_array(schemas, *id).is_none()).count();
    let stray = best.score <= 3 && !paged && path_names_one(&steps) && values() >= 5;
    if stray {
        return None;
    }
    let enough = match (ends_in_param, looks_like_a_record) {
        (false, false) if arrays == 1 => 3,
        (false, false) => 4,
        (true, false) if paged => 5,
        (false, true) if paged => 6,
        _ => 100,
    };
    (best.score >= enough).then_some(best)
}

/// The last word of the path is in the singular.
fn path_names_one(steps: &[Segment]) -> bool {
    steps.last().and_then(Segment::word).is_some_and(|w| {
        let w = w.to_lowercase();
        singular(&w) == w
    })
}

fn score(schemas: &Schemas, name: &str, item: Option<SchemaId>, depth: usize, words: &[String]) -> i32 {
    let name = norm(name);
    let mut score = 0;
    let last = words.last().map(String::as_str).unwrap_or("");
    if name == last || singular(&name) == singular(last) {
        score += 7;
    } else if words.iter().any(|w| *w == name || singular(w) == singular(&name)) {
        score += 5;
    } else if !last.is_empty() && (name.ends_with(last) || last.ends_with(&name)) {
        score += 4;
    } else if ENVELOPES.contains(&name.as_str()) {
        score += 5;
    } else if BESIDE.contains(&name.as_str()) && !(name == "messages" && item.is_some_and(|i| is_letter(schemas, i))) {
        score -= 6;
    }
    if item.is_none_or(|i| is_object(schemas, i)) {
        score += 3;
    }
    score - i32::try_from(depth).unwrap_or(9) + 1
}

/// A message that somebody sent, rather than a complaint about the request.
fn is_letter(schemas: &Schemas, item: SchemaId) -> bool {
    let marks = ["id", "ts", "uid", "sid", "sender", "from", "subject", "threadid", "createdat", "timestamp", "user"];
    schemas.properties(item).keys().any(|field| marks.contains(&norm(field).as_str()))
}

/// The item schema, where a schema is an array (one of its variants is enough).
fn as_array(schemas: &Schemas, id: SchemaId) -> Option<Option<SchemaId>> {
    let schema = schemas.get(id);
    if schema.types.has(TypeSet::ARRAY) && !schema.types.has(TypeSet::OBJECT) && !schema.types.has(TypeSet::STRING) {
        return Some(schema.items);
    }
    None
}

/// Has named properties, itself or in a variant.
pub(super) fn is_object(schemas: &Schemas, id: SchemaId) -> bool {
    schemas.get(id).types.has(TypeSet::OBJECT) || !schemas.properties(id).is_empty()
}

/// The name says only that records are inside.
pub(super) fn is_envelope(name: &str) -> bool {
    wraps(name)
}

fn wraps(name: &str) -> bool {
    let name = norm(name);
    ENVELOPES.contains(&name.as_str())
        || matches!(name.as_str(), "embedded" | "body" | "payload" | "page" | "resultset")
}

fn is_paging(name: &str) -> bool {
    const MARKS: [&str; 25] = [
        "limit",
        "sysparmlimit",
        "perpage",
        "pagesize",
        "cursor",
        "pagetoken",
        "nextpagetoken",
        "hasmore",
        "nextcursor",
        "next",
        "total",
        "totalcount",
        "totalitems",
        "startingafter",
        "offset",
        "page",
        "pagelen",
        "count",
        "maxresults",
        "nextpage",
        "paging",
        "pagination",
        "after",
        "top",
        "skip",
    ];
    MARKS.contains(&name)
}

/// Names of fields that stand beside a record in its envelope.
const AROUND: [&str; 18] = [
    "meta",
    "links",
    "status",
    "success",
    "code",
    "message",
    "ok",
    "requestid",
    "error",
    "errors",
    "jsonapi",
    "included",
    "version",
    "warnings",
    "metadata",
    "trace",
    "responsemetadata",
    "warning",
];

/// The name of the only field of an answer that tells of more than the call itself.
pub(super) fn only_field(schemas: &Schemas, body: SchemaId) -> Option<&str> {
    let fields = schemas.properties(body);
    let mut inner = fields.keys().filter(|name| !AROUND.contains(&norm(name).as_str()));
    inner.next().filter(|_| inner.next().is_none())
}

/// The name of the only field of an answer that is an object with fields of its own.
pub(super) fn only_object(schemas: &Schemas, body: SchemaId) -> Option<&str> {
    let fields = schemas.properties(body);
    let mut inner = fields
        .iter()
        .filter(|(name, id)| {
            let name = norm(name);
            // A message may be what the answer is about.
            (name == "message" || !AROUND.contains(&name.as_str())) && !schemas.properties(*id).is_empty()
        })
        .map(|(name, _)| name);
    inner.next().filter(|_| inner.next().is_none())
}

/// The record inside an envelope with one object, e.g. `{"customer": {…}}`; the schema itself where there is none.
fn unwrapped(schemas: &Schemas, body: SchemaId) -> SchemaId {
    let properties = schemas.properties(body);
    let mut inner: Option<SchemaId> = None;
    for (name, property) in properties {
        if AROUND.contains(&norm(name).as_str()) {
            continue;
        }
        if inner.is_some() || !is_object(schemas, property) || schemas.properties(property).is_empty() {
            return body;
        }
        inner = Some(property);
    }
    inner.unwrap_or(body)
}
