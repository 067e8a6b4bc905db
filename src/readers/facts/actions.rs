//! What an operation does: `Operation::action`, from method, path, operationId, and the shape of the answer.

use std::collections::BTreeSet;

use super::orders::{called, is_get, is_order, is_order_before_key, verb_of};
use super::page_names::{is_more, is_page_param, is_token};
use super::path::{Segment, norm, segments};
use super::verbs::{orders_many, verb};
use super::{Detector, Hints, Look};
use crate::base::text::{singular, words};
use crate::model::{Action, Method, Operation, Schemas, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "action", look: Look::Derive(run) };

fn run(system: &mut System, hints: &Hints<'_>) {
    let mut texts: Vec<(usize, &str)> =
        hints.prose.iter().filter_map(|prose| Some((prose.operation?, prose.text))).collect();
    texts.sort_by_key(|(operation, _)| *operation);
    let places = Places::of(system);
    let System { operations, schemas, .. } = system;
    for (i, operation) in operations.iter_mut().enumerate() {
        let from = texts.partition_point(|(of, _)| *of < i);
        let own = texts.get(from..).unwrap_or_default();
        let text = || own.iter().take_while(|(of, _)| *of == i).flat_map(|(_, text)| text.chars().chain(['\n']));
        operation.action = action(operation, text, &places, schemas);
        if operation.action == Action::Get
            && plural(&operation.path)
            && places.collections.contains(operation.path.trim_end_matches('/'))
        {
            operation.action = Action::List;
        }
        if !matches!(operation.action, Action::List | Action::Search) {
            operation.items = None;
        }
    }
}

/// What paths tell of each other.
struct Places {
    /// Paths below which one thing has a path of its own: `/branches` beside `/branches/{branch}`.
    collections: BTreeSet<String>,
    /// Paths that are read, too: `/contacts/import` orders nothing where imports can be listed there.
    things: BTreeSet<String>,
    /// Paths that end in a parameter and yet hold many: `/{base}/{table}`.
    many: BTreeSet<String>,
}

impl Places {
    fn of(system: &System) -> Self {
        let path = |o: &Operation| o.path.trim_end_matches('/').to_owned();
        let above =
            |o: &Operation| Some(o.path.trim_end_matches('/').strip_suffix('}')?.rsplit_once("/{")?.0.to_owned());
        let read = || system.operations.iter().filter(|o| o.method == Method::Get && o.root_field.is_none());
        Self {
            collections: system.operations.iter().filter_map(above).collect(),
            things: read().map(path).collect(),
            many: read().filter(|o| o.items.is_some() && o.path.ends_with('}')).map(path).collect(),
        }
    }
}

/// The path ends in a plural noun.
fn plural(path: &str) -> bool {
    segments(path).last().and_then(Segment::word).is_some_and(|w| {
        let w = w.to_lowercase();
        singular(&w) != w
    })
}

/// The verb of an operationId: its first word, or its last (`contacts_list`).
fn verb_of_id(operation: &Operation) -> Option<Action> {
    if operation.id.contains(' ') {
        return None; // made up from method and path
    }
    let parts = words(&operation.id);
    let (first, last) = (parts.first()?, parts.last()?);
    if parts.windows(2).any(|w| matches!(w, [a, b] if a == "get" && b == "all")) {
        return Some(Action::List);
    }
    if parts.windows(3).any(|w| matches!(w, [_, or, b] if or == "or" && matches!(b.as_str(), "update" | "replace"))) {
        return Some(Action::Upsert);
    }
    // A list can be created, a query be deleted.
    let thing = parts.len() > 1 && matches!(first.as_str(), "list" | "query" | "filter" | "search" | "view");
    let of_last = || verb(last).filter(|a| !first.starts_with("get") || *a == Action::List);
    let other = thing.then(of_last).flatten().filter(|a| !matches!(a, Action::List | Action::Search | Action::Get));
    other.or_else(|| verb(first)).or_else(of_last)
}

fn action<T: Iterator<Item = char>>(
    operation: &Operation,
    text: impl Fn() -> T,
    places: &Places,
    schemas: &Schemas,
) -> Action {
    let (method, path) = operation.as_resource();
    let steps = segments(&path);
    let last = steps.last();
    let here = operation.path.trim_end_matches('/');
    let item = matches!(last, Some(Segment::Param(_))) && !places.many.contains(here);
    let of_path = last.and_then(verb_of);
    let of_id = verb_of_id(operation);
    // What is asked for by its key is a thing, whatever it is called: `/bulk/{key}`.
    let keyed = |i: usize| matches!(steps.get(i + 1), Some(Segment::Param(_)));
    let bulk = steps.iter().enumerate().any(|(i, s)| !keyed(i) && s.word().is_some_and(orders_many));
    let thing = places.things.contains(here) || places.collections.contains(here);
    let command = (is_order(&steps) || is_order_before_key(&steps)) && !thing;
    // Requests in requests (OData 4.01 part 1 section 11.7).
    if here.ends_with("/$batch") {
        return Action::Other;
    }
    match method {
        Method::Get => read(operation, last, item, of_path, of_id),
        // A mutation, or a method, that names no verb does something of its own.
        Method::Post
            if (operation.root_field.is_some() || operation.is_grpc()) && of_path.is_none() && of_id.is_none() =>
        {
            Action::Other
        }
        Method::Post => match (of_path, of_id) {
            _ if operation.root_field.is_none() && !thing && reads_pages(operation, schemas) => {
                if of_path == Some(Action::Search) || of_id == Some(Action::Search) {
                    Action::Search
                } else {
                    Action::List
                }
            }
            (None, _) if !item && !thing && last.is_some_and(is_get) => {
                if operation.items.is_some() {
                    Action::List
                } else {
                    Action::Get
                }
            }
            (Some(Action::Search), _) | (None, Some(Action::Search)) => Action::Search,
            (Some(Action::List), _) | (None, Some(Action::List)) if operation.items.is_some() => Action::List,
            _ if operation.root_field.is_none()
                && of_path.is_none()
                && matches!(of_id, None | Some(Action::Get | Action::List))
                && told_to_read(operation, text()) =>
            {
                if operation.items.is_some() || of_id == Some(Action::List) {
                    Action::List
                } else {
                    Action::Get
                }
            }
            _ if bulk => Action::Other,
            (_, Some(Action::Upsert)) => Action::Upsert,
            // Of what is told at length, only part may be about this.
            _ if operation.root_field.is_none() && says_upsert(operation, std::iter::empty()) => Action::Upsert,
            _ if command => Action::Other,
            (Some(action), _) => action,
            (None, Some(Action::Create)) if item => Action::Upsert,
            (None, Some(Action::Get)) if operation.body.is_none() || operation.items.is_some() => {
                if operation.items.is_some() { Action::List } else { Action::Get }
            }
            (None, Some(Action::Get)) => {
                if item {
                    Action::Update
                } else {
                    Action::Create
                }
            }
            (None, Some(action)) => action,
            (None, None) if item => Action::Update,
            (None, None) => Action::Create,
        },
        Method::Put | Method::Patch => {
            let upserts = of_id == Some(Action::Upsert)
                || of_path == Some(Action::Upsert)
                || (item && makes_or_replaces(operation))
                || says_upsert(operation, text());
            match of_path {
                _ if bulk => Action::Other,
                _ if upserts => Action::Upsert,
                Some(Action::Delete) => Action::Delete,
                Some(Action::Create) => Action::Create,
                _ if command && (!item || is_order_before_key(&steps)) => Action::Other,
                _ if of_id == Some(Action::Create) && operation.method == Method::Put => {
                    if item {
                        Action::Upsert
                    } else {
                        Action::Create
                    }
                }
                _ => Action::Update,
            }
        }
        Method::Delete => {
            if bulk {
                Action::Other
            } else {
                Action::Delete
            }
        }
        Method::Query => Action::Search,
        Method::Head | Method::Options | Method::Trace => Action::Other,
    }
}

/// The last word says that one thing is read by its key: `getRecordByID`.
fn by_key(last: Option<&Segment>) -> bool {
    let one = |name: &str| {
        let parts = words(name);
        matches!(parts.as_slice(), [.., thing, by, key] if by == "by" && key == "id" && singular(thing) == *thing)
    };
    last.and_then(Segment::word).is_some_and(one)
}

fn read(
    operation: &Operation,
    last: Option<&Segment>,
    item: bool,
    of_path: Option<Action>,
    of_id: Option<Action>,
) -> Action {
    let many = operation.items.is_some();
    let paged = operation.parameters.iter().any(|p| is_page_param(&p.name));
    match (of_path, of_id) {
        (Some(Action::Search), _) => Action::Search,
        (Some(Action::List), _) if !item => Action::List,
        _ if !paged && by_key(last) => Action::Get,
        (Some(Action::Get), _) if !many || (called(&operation.path) && !paged) => Action::Get,
        (_, Some(Action::Search)) if many || !item => Action::Search,
        (_, Some(Action::List)) if many || !item || paged => Action::List,
        _ if many => Action::List,
        _ if item => Action::Get,
        // No schema of the answer to tell: a plural is a list.
        _ => {
            let known = operation.success().is_some_and(|r| r.schema.is_some()) && operation.record.is_some();
            let plural = plural(&operation.as_resource().1);
            if (plural && !known) || paged || (plural && of_id != Some(Action::Get) && loose(operation)) {
                Action::List
            } else {
                Action::Get
            }
        }
    }
}

/// A page goes out and the place of the next comes in: a list, though it is asked for by a write.
fn reads_pages(operation: &Operation, schemas: &Schemas) -> bool {
    let body = operation.body.as_ref().and_then(|b| b.schema).filter(|_| operation.items.is_some());
    let (Some(body), Some(answer)) = (body, operation.success().and_then(|r| r.schema)) else { return false };
    let names = |id| schemas.properties(id).into_keys().map(norm).collect::<Vec<String>>();
    let told = names(answer);
    told.iter().any(|n| is_token(n) || n == "cursor" || is_more(n)) && names(body).iter().any(|n| is_page_param(n))
}

/// What is told of a POST first is that it reads: "Get bid floors", "Returns the domains that …". Who gets or creates does
/// more, and an item can be listed for sale.
fn told_to_read(operation: &Operation, text: impl Iterator<Item = char>) -> bool {
    let opening: String = if operation.summary.is_empty() { text.take(300).collect() } else { String::new() };
    let said = if operation.summary.is_empty() { &opening } else { &operation.summary };
    let mut words = said.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty());
    let (Some(first), Some(second)) = (words.next(), words.next()) else { return false };
    let is = |word: &str, all: &[&str]| all.iter().any(|w| word.eq_ignore_ascii_case(w));
    let one = is(second, &["a", "an", "to", "your"]);
    let many = one && words.clone().next().is_some_and(|w| is(w, &["list"]));
    let reads = is(first, &["get", "gets", "retrieve", "retrieves", "fetch", "fetches", "describes"])
        || (is(first, &["list", "lists", "return", "returns"]) && (!one || many));
    let writes = |w: &str| {
        is(w, &["create", "creates", "update", "updates", "set", "token", "delete", "start", "starts", "generate"])
    };
    reads && !writes(second) && !words.take(8).any(writes)
}

/// The answer's schema says nothing about its form.
fn loose(operation: &Operation) -> bool {
    operation.success().is_none_or(|r| r.schema.is_none())
}

/// A PUT that tells what it made from what it replaced (RFC 9110 section 9.3.4). 201 alone says nothing: many describe it for all.
fn makes_or_replaces(operation: &Operation) -> bool {
    let answers = |status: &str| operation.responses.iter().any(|r| r.status == status);
    operation.method == Method::Put && answers("201") && (answers("200") || answers("204"))
}

fn says_upsert(operation: &Operation, text: impl Iterator<Item = char>) -> bool {
    const SAYS: [&str; 12] = [
        "upsert",
        "add or update",
        "adds or updates",
        "create or update",
        "creates or updates",
        "create or replace",
        "creates or replaces",
        "insert or update",
        "update or create",
        "updates or creates",
        "add or replace",
        "if it does not exist, it is created",
    ];
    let summary = operation.summary.to_lowercase();
    let opening: String = text.take(300).collect::<String>().to_lowercase();
    SAYS.iter().any(|s| summary.contains(s) || opening.contains(s))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action_of(path: &str, fields: &str) -> Action {
        let text = format!(
            "openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\npaths: {{{path}: {{get: {{responses: {{'200': {{description: ok, content: {{application/json: {{schema: {{type: object, properties: {{{fields}}}}}}}}}}}}}}}}}}}\n"
        );
        super::super::system_of(&text).operations[0].action
    }

    #[test]
    fn paths_tell_things_from_orders() {
        let post = "post: {operationId: createIt, responses: {}}";
        let actions = |paths: &str| {
            let text = format!("openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\npaths: {{{paths}}}\n");
            super::super::system_of(&text).operations.iter().map(|o| o.action.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(
            actions(&format!("'/people/{{id}}/leave': {{get: {{responses: {{}}}}, {post}}}")),
            ["get", "create"]
        );
        assert_eq!(actions(&format!("'/people/{{id}}/leave': {{{post}}}")), ["other"]);
        assert_eq!(actions(&format!("/batches: {{{post}}}, /rows/batch: {{{post}}}")), ["create", "other"]);
        assert_eq!(actions("'/docs/{id}:append': {post: {responses: {}}}"), ["other"]);
        assert_eq!(actions("/users/create_or_update: {post: {responses: {}}}"), ["upsert"]);
        assert_eq!(actions("/users: {post: {summary: Create or update a user, responses: {}}}"), ["upsert"]);
        assert_eq!(actions("/users/create_many: {post: {responses: {}}}"), ["other"]);
        let put = |statuses: &str| actions(&format!("'/users/{{id}}': {{put: {{responses: {{{statuses}}}}}}}"));
        assert_eq!(put("'200': {description: ok}, '201': {description: made}"), ["upsert"]);
        assert_eq!(put("'201': {description: made}, '204': {description: replaced}"), ["upsert"]);
        assert_eq!(put("'200': {description: ok}, '404': {description: none}"), ["update"]);
        assert_eq!(put("'201': {description: ok}"), ["update"]);
    }

    #[test]
    fn reads_that_are_sent_as_writes_read() {
        let call = |path: &str, body: &str, fields: &str| {
            let object = |fields: &str| {
                format!("content: {{application/json: {{schema: {{type: object, properties: {{{fields}}}}}}}}}")
            };
            let text = format!(
                "openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\npaths: {{{path}: {{post: {{requestBody: {{{}}}, responses: {{'200': {{description: ok, {}}}}}}}}}}}\n",
                object(body),
                object(fields)
            );
            super::super::system_of(&text).operations[0].action
        };
        let rows = "rows: {type: array, items: {type: object, properties: {id: {type: string}}}}";
        let page = format!("{rows}, next_cursor: {{type: string}}");
        assert_eq!(call("/rows/sync", "cursor: {type: string}", &page), Action::List);
        assert_eq!(call("/rows/sync", "note: {type: string}", &page), Action::Other);
        assert_eq!(call("/rows/get", "key: {type: string}", rows), Action::List);
        assert_eq!(call("/row/get_info", "key: {type: string}", "row: {type: object}"), Action::Get);
    }

    #[test]
    fn a_post_that_is_told_to_read_reads() {
        let told = |said: &str| {
            let text = format!(
                "openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\npaths: {{/bids/floor.json: {{post: {{description: {said}, responses: {{}}}}}}}}\n"
            );
            super::super::system_of(&text).operations[0].action.as_str()
        };
        for said in [
            "Get bid floors",
            "Retrieves the floor of a bid",
            "Lists the floors",
            "Return the recent history",
            "Returns a list of floors",
        ] {
            assert_eq!(told(said), "get", "{said}");
        }
        for said in [
            "Get or create a floor",
            "List an item for sale",
            "Returns a link to the floor",
            "Get a token",
            "Adds a floor",
        ] {
            assert_eq!(told(said), "create", "{said}");
        }
    }

    #[test]
    fn what_acts_is_told_from_what_it_acts_on() {
        let post = |path: &str, id: &str| {
            let list = "{'200': {description: ok, content: {application/json: {schema: {type: array, items: {type: object}}}}}}";
            let text = format!(
                "openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\npaths: {{'{path}': {{post: {{operationId: {id}, responses: {list}}}}}}}\n"
            );
            super::super::system_of(&text).operations[0].action.as_str()
        };
        assert_eq!(post("/2/lists", "listIdCreate"), "create");
        assert_eq!(post("/lists", "listAll"), "list");
        assert_eq!(post("/answerShippingQuery", "x"), "other");
        assert_eq!(post("/setChatPermissions", "x"), "other");
        assert_eq!(post("/$batch", "x"), "other");
        assert_eq!(post("/exports/cancel/{job}", "x"), "other");
        assert_eq!(post("/exports/cancellations/{job}", "x"), "update");
    }

    #[test]
    fn one_is_read_by_its_key_and_one_record_has_lists_of_its_own() {
        let rows = "rows: {type: array, items: {type: object}}";
        assert_eq!(action_of("/forms/getRecordByID", rows), Action::Get);
        assert_eq!(action_of("/forms/getRecords", rows), Action::List);
        assert_eq!(action_of("/lookup-tables", rows), Action::List);
        assert_eq!(action_of("/lookupTables", rows), Action::Search);
        let values: String = ["a", "b", "c", "d", "e"].iter().map(|f| format!("{f}: {{type: string}}, ")).collect();
        assert_eq!(
            action_of("/user/subscription", &format!("{values}{}", rows.replace("rows", "models"))),
            Action::Get
        );
        assert_eq!(action_of("/user/subscription", &rows.replace("rows", "models")), Action::List);
    }

    #[test]
    fn a_collection_that_a_parameter_names_takes_new_records() {
        let list = "get: {responses: {'200': {description: ok, content: {application/json: {schema: {type: array, items: {type: object}}}}}}}";
        let text = format!(
            "openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\npaths: {{'/{{base}}/{{table}}': {{{list}, post: {{operationId: create-rows, responses: {{}}}}}}}}\n"
        );
        let actions: Vec<_> = super::super::system_of(&text).operations.iter().map(|o| o.action).collect();
        assert_eq!(actions, [Action::List, Action::Create]);
    }

    #[test]
    fn a_method_that_gets_info_gets_one_though_its_answer_holds_lists() {
        let fields = "user: {type: array, items: {type: object, properties: {id: {type: string}}}}";
        assert_eq!(action_of("/users.info", fields), Action::Get);
        assert_eq!(action_of("/users.list", fields), Action::List);
        assert!(called("/users.info") && !called("/users.json") && !called("/users/{id}"));
    }
}
