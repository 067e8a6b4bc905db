//! What an operation does: `Operation::action`, from method, path, operationId, and the shape of the answer.

use super::path::{self, Segment, is_bulk, is_command, segments};
use super::{Detector, Hints};
use crate::base::text::words;
use crate::model::{Action, Method, Operation, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "action", run };

fn run(system: &mut System, hints: &Hints<'_>) {
    let mut texts = vec![String::new(); system.operations.len()];
    for prose in &hints.prose {
        if let Some(text) = prose.operation.and_then(|i| texts.get_mut(i)) {
            text.push_str(prose.text);
            text.push('\n');
        }
    }
    // Paths below which one thing has a path of its own: `/branches` beside `/branches/{branch}`.
    let collections: std::collections::BTreeSet<String> = system
        .operations
        .iter()
        .filter_map(|o| o.path.trim_end_matches('/').strip_suffix('}')?.rsplit_once("/{").map(|(p, _)| p.to_owned()))
        .collect();
    for (operation, text) in system.operations.iter_mut().zip(texts) {
        operation.action = action(operation, &text);
        if operation.action == Action::Get
            && plural(&operation.path)
            && collections.contains(operation.path.trim_end_matches('/'))
        {
            operation.action = Action::List;
        }
        if !matches!(operation.action, Action::List | Action::Search) {
            operation.items = None;
        }
    }
}

/// The path ends in an order (`…/cancel`, `…/actions/delete-permanent`) rather than in a thing (`…/merge-fields`).
pub(super) fn is_order(steps: &[Segment]) -> bool {
    let Some(last) = steps.last().and_then(Segment::word) else { return false };
    let before = steps.len().checked_sub(2).and_then(|i| steps.get(i)).and_then(Segment::word);
    if before.is_some_and(|w| matches!(w, "actions" | "action")) {
        return true;
    }
    let parts = words(last);
    let many = parts.len() > 1 && parts.last().is_some_and(|w| crate::base::text::singular(w) != *w);
    parts.first().is_some_and(|w| is_command(w)) && !many
}

/// The path ends in a method of its own (`/books/{book}:lend`, AIP-136) whose name says nothing that every API does.
pub(super) fn is_custom(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    last.rsplit_once(':').is_some_and(|(before, method)| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        !before.is_empty() && !method.is_empty() && method.chars().all(plain) && {
            let parts = words(method);
            parts.iter().all(|w| path::verb(w).is_none() && !matches!(w.as_str(), "get" | "set"))
        }
    })
}

/// The path ends in a plural noun.
fn plural(path: &str) -> bool {
    segments(path).last().and_then(Segment::word).is_some_and(|w| {
        let w = w.to_lowercase();
        crate::base::text::singular(&w) != w
    })
}

/// The verb of a path's last word: alone (`search`), first (`postMessage` has none, `list_folder` has), or last
/// (`tag-search`).
fn verb_of(segment: &Segment) -> Option<Action> {
    let parts = words(segment.word()?);
    match parts.as_slice() {
        [only] => path::verb(only),
        [first, .., last] => path::verb(first).or_else(|| path::verb(last).filter(|a| *a == Action::Search)),
        [] => None,
    }
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
    path::verb(first).or_else(|| path::verb(last).filter(|a| !first.starts_with("get") || *a == Action::List))
}

fn action(operation: &Operation, text: &str) -> Action {
    let (method, path) = operation.as_resource();
    let steps = segments(&path);
    let last = steps.last();
    let item = matches!(last, Some(Segment::Param(_)));
    let of_path = last.and_then(verb_of);
    let of_id = verb_of_id(operation);
    let bulk = steps.iter().filter_map(Segment::word).any(|w| words(w).iter().any(|w| is_bulk(w)));
    let command = is_order(&steps) || is_custom(&path);
    match method {
        Method::Get => read(operation, item, of_path, of_id),
        // A mutation, or a method, that names no verb does something of its own.
        Method::Post
            if (operation.root_field.is_some() || operation.is_grpc()) && of_path.is_none() && of_id.is_none() =>
        {
            Action::Other
        }
        Method::Post => match (of_path, of_id) {
            (Some(Action::Search), _) | (None, Some(Action::Search)) => Action::Search,
            (Some(Action::List), _) | (None, Some(Action::List)) if operation.items.is_some() => Action::List,
            _ if bulk => Action::Other,
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
            let upserts =
                of_id == Some(Action::Upsert) || of_path == Some(Action::Upsert) || says_upsert(operation, text);
            match of_path {
                _ if bulk => Action::Other,
                _ if upserts => Action::Upsert,
                Some(Action::Delete) => Action::Delete,
                Some(Action::Create) => Action::Create,
                _ if command && !item => Action::Other,
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

fn read(operation: &Operation, item: bool, of_path: Option<Action>, of_id: Option<Action>) -> Action {
    let many = operation.items.is_some();
    let paged = operation.parameters.iter().any(|p| super::page_names::is_page_param(&p.name));
    match (of_path, of_id) {
        (Some(Action::Search), _) => Action::Search,
        (Some(Action::List), _) if !item => Action::List,
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

/// The path is a call of a method: `/users.info`, `/users:lookup`.
pub(super) fn called(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or(path);
    last.split_once(['.', ':']).is_some_and(|(noun, verb)| {
        let word = |w: &str| !w.is_empty() && w.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
        word(noun) && word(verb) && !matches!(verb, "json" | "xml" | "php" | "aspx" | "do")
    })
}

/// The answer's schema says nothing about its form.
fn loose(operation: &Operation) -> bool {
    operation.success().is_none_or(|r| r.schema.is_none())
}

fn says_upsert(operation: &Operation, text: &str) -> bool {
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
    let opening: String = text.chars().take(300).collect::<String>().to_lowercase();
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
    fn a_method_that_gets_info_gets_one_though_its_answer_holds_lists() {
        let fields = "user: {type: array, items: {type: object, properties: {id: {type: string}}}}";
        assert_eq!(action_of("/users.info", fields), Action::Get);
        assert_eq!(action_of("/users.list", fields), Action::List);
        assert!(called("/users.info") && !called("/users.json") && !called("/users/{id}"));
    }
}
