//! What one operation is about, by the last word of its path that names a thing, the schema of its record, or its id.

use super::path::{Segment, noun, segments};
use super::verbs::{is_bulk, is_command, is_only_verbs, is_qualifier, is_self, orders_many, parts, verb};
use crate::base::text::{singular, words};
use crate::model::{Action, Operation, Schemas};

/// What one operation is about.
pub(super) struct Named {
    /// In the singular.
    pub(super) noun: String,
    /// The entity it belongs to, where a parameter stands between.
    pub(super) parent: Option<String>,
    /// The name of the record's schema, as a noun.
    pub(super) label: Option<String>,
    /// Says something about what else has this noun: a search over everything does not.
    pub(super) counts: bool,
}

/// The noun of an operation's path, and its parent.
pub(super) fn named(operation: &Operation, schemas: &Schemas) -> Option<Named> {
    let label = operation
        .record
        .and_then(|r| schemas.get(r).name.as_deref())
        .and_then(|component| noun(component.rsplit('.').next().unwrap_or(component)))
        .map(bare)
        .filter(|l| l.matches('_').count() < 3);
    // Fields of root types answer with types that have names of their own.
    if let Some(field) = &operation.root_field {
        // What is named for being an answer says nothing of what it is about.
        let wrapper = |l: &String| {
            ["payload", "response", "result", "output"].iter().any(|w| l.ends_with(w))
                || matches!(l.as_str(), "count" | "job" | "node" | "status" | "edge" | "connection")
        };
        let noun = label.filter(|l| !wrapper(l)).or_else(|| acted_on(&field.name))?;
        return Some(Named { noun, parent: None, label: None, counts: operation.action != Action::Search });
    }
    // A method says in its first word what it does; one of a single word, nothing else.
    if operation.is_grpc() {
        let mut parts = words(operation.path.rsplit('/').next()?);
        parts.drain(..parts.len().min(1));
        let noun = if parts.is_empty() { label } else { noun(&parts.join("_")) };
        return Some(Named { noun: noun?, parent: None, label: None, counts: operation.action != Action::Search });
    }
    let steps = segments(&operation.path);
    let command = super::orders::is_order(&steps)
        && matches!(operation.action, Action::Other | Action::Upsert | Action::Get | Action::List)
        && operation.method != crate::model::Method::Get;
    let is_verb = |i: usize, step: &Segment, word: &str| {
        let parts = parts(word);
        let last = i + 1 == steps.len();
        let alone = parts.len() == 1 && parts.first().is_some_and(|w| verb(w).is_some() || is_bulk(w) || w == "get");
        // `Article.getList` and `create_or_update` say what is done in their last word, and to nothing else.
        let done = last && i > 0 && is_only_verbs(&parts);
        let actions = i > 0 && matches!(word, "actions" | "action" | "lifecycle") && operation.action == Action::Other;
        let called = matches!(step, Segment::Call(_)) && parts.first().is_none_or(|w| verb(w).is_none());
        // `users/me` and `orders/count` are about what stands before them, `{id}/default` is not.
        let picks = i > 0
            && is_qualifier(word)
            && matches!(steps.get(i - 1), Some(Segment::Word(before)) if !is_self(word) || singular(before) != *before);
        let many = i > 0 && orders_many(word) && parts.iter().all(|w| is_bulk(w) || verb(w).is_some() || is_command(w));
        let before_key =
            operation.action == Action::Other && i + 2 == steps.len() && super::orders::is_order_before_key(&steps);
        actions || before_key || done || called || picks || many || (last && i > 0 && (alone || command))
    };
    let found = steps
        .iter()
        .enumerate()
        .rev()
        .filter_map(|(i, s)| Some((i, s, s.word()?)))
        .find(|(i, s, w)| !is_verb(*i, s, w))
        .filter(|(_, _, w)| verb(&w.to_lowercase()).is_none());
    let Some((at, _, word)) = found else {
        // No word of the path names a thing: the name of the operation may.
        let noun = of_id(&operation.id).filter(|_| !steps.is_empty())?;
        return Some(Named { noun, parent: None, label, counts: operation.action != Action::Search });
    };
    let mut name = noun(word)?;
    if command && at + 1 == steps.len() {
        // `/closeAccount` has nothing before it that it could be about.
        name = ordered(word).unwrap_or(name);
    }
    if is_self(&word.to_lowercase()) {
        let users = |l: &String| l.ends_with("_user");
        name = label.clone().filter(|l| !users(l)).unwrap_or_else(|| "user".to_owned());
    }
    let before = steps.get(..at).unwrap_or_default();
    // Children of blocks are blocks; statistics of messages are no messages.
    if word.eq_ignore_ascii_case("children") {
        name = before.iter().rev().find_map(Segment::word).and_then(noun).unwrap_or(name);
    } else if let Some(Segment::Word(kind)) = before.last()
        && matches!(kind.to_lowercase().as_str(), "stats" | "statistics" | "metrics" | "analytics")
    {
        name = format!("{name}_{}", kind.to_lowercase());
    }
    // `checkout/sessions` is a checkout session where the schema's name says so.
    if let Some(Segment::Word(space)) = before.last()
        && let Some(component) = operation.record.and_then(|r| schemas.get(r).name.as_deref())
    {
        let component: Vec<String> = words(component).iter().map(|w| singular(w)).collect();
        let mut wanted = noun(space).map(|s| words(&s)).unwrap_or_default();
        wanted.extend(words(&name));
        if component.ends_with(&wanted) {
            name = wanted.join("_");
        }
    }
    let parent = before
        .iter()
        .rposition(|s| matches!(s, Segment::Param(_)))
        .and_then(|param| before.get(..param)?.iter().rev().find_map(Segment::word))
        .and_then(noun);
    Some(Named { noun: name, parent, label, counts: operation.action != Action::Search })
}

/// The name of a schema without what only says that it is one, or how much of it there is: `album` of
/// `simplified_album_object`.
fn bare(label: String) -> String {
    const LEADS: [&str; 8] = ["simplified", "slim", "basic", "minimal", "partial", "detailed", "full", "base"];
    let label = match label.split_once('_') {
        Some((first, rest)) if LEADS.contains(&first) => rest.to_owned(),
        _ => label,
    };
    match label.rsplit_once('_') {
        Some((before, "object" | "dto" | "model" | "schema" | "entity")) => before.to_owned(),
        _ => label,
    }
}

/// What is left of an order without its verb: `account` of `closeAccount`.
fn ordered(word: &str) -> Option<String> {
    let parts = parts(word);
    let (first, rest) = parts.split_first()?;
    let joins = |w: &String| matches!(w.as_str(), "to" | "or" | "and" | "from" | "as" | "up" | "in" | "out" | "off");
    (is_command(first) && rest.first().is_some_and(|w| !joins(w))).then(|| noun(&rest.join("_"))).flatten()
}

/// What an operation is about by its id alone: `projects.topics.list`, `list-records`, `SearchCustomers`.
fn of_id(id: &str) -> Option<String> {
    if id.contains(' ') {
        return None; // made up from method and path
    }
    let acts = |word: &str| {
        let parts = parts(word);
        parts.first().is_none_or(|w| matches!(w.as_str(), "get" | "patch" | "post" | "put" | "watch"))
            || parts.first().is_some_and(|w| verb(w).is_some() || is_command(w))
    };
    let found = match id.rsplit_once('.') {
        Some((before, last)) if acts(last) && words(last).len() == 1 => noun(before.rsplit('.').next()?),
        // Without a verb it may be anything.
        _ if acts(id) => acted_on(&core(id)),
        _ => None,
    };
    found.filter(|n| !acts(n) && !is_qualifier(n) && !is_only_verbs(&parts(n)))
}

/// `issues` of `searchForIssuesUsingJql`, `projects` of `getV3ProjectsSearchQuery`: no versions, and nothing after what tells
/// how it is done.
fn core(id: &str) -> String {
    let version = |w: &str| w.strip_prefix('v').is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()));
    let ends =
        |w: &str| matches!(w, "by" | "using" | "with" | "in" | "from" | "post" | "paginated" | "search" | "query");
    let all: Vec<String> = parts(id).into_iter().filter(|w| !version(w) && w != "for").collect();
    let (first, rest) = all.split_at(all.len().min(1));
    let kept = rest.iter().take_while(|w| !ends(w));
    first.iter().chain(kept).cloned().collect::<Vec<_>>().join("_")
}

/// What a field of a root type is about, by its name: `orderDelete` and `deleteOrder` are about an order.
fn acted_on(field: &str) -> Option<String> {
    let mut parts = words(field);
    if parts.len() > 1 && parts.last().is_some_and(|w| verb(w).is_some()) {
        parts.pop();
    }
    noun(&parts.join("_"))
}

#[cfg(test)]
mod tests {
    fn entities_of(paths: &str) -> Vec<Option<String>> {
        let text = format!("openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\npaths: {{{paths}}}\n");
        super::super::system_of(&text).operations.iter().map(|o| o.entity.clone()).collect()
    }

    #[test]
    fn what_only_picks_or_acts_names_no_entity() {
        let call = |method: &str, path: &str| format!("'{path}': {{{method}: {{responses: {{}}}}}}");
        for (method, path, entity) in [
            ("get", "/orders/count", "order"),
            ("get", "/users/me", "user"),
            ("get", "/me", "user"),
            ("get", "/meta/whoami", "user"),
            ("get", "/tickets/recent", "ticket"),
            ("post", "/tickets/create_many", "ticket"),
            ("post", "/users/create_or_update", "user"),
            ("post", "/orders/batch-retrieve", "order"),
            ("post", "/docs/{id}:append", "doc"),
            ("post", "/users/{id}/lifecycle/suspend", "user"),
            ("get", "/policies/get_by_name", "policy"),
            ("post", "/closeAccount", "account"),
            ("post", "/files/delete_v2", "file"),
            ("post", "/accounts/get", "account"),
            ("get", "/batches/{id}", "batch"),
            ("get", "/users/delta()", "user"),
            ("post", "/people:search", "person"),
            ("get", "/terms/related", "term"),
            ("post", "/exports/cancel/{job}", "export"),
            ("post", "/shipments/createlabel", "label"),
            ("post", "/webhooks/subscribe", "webhook"),
            ("post", "/orders({id})/Sales.SetAllPrices", "order"),
        ] {
            assert_eq!(entities_of(&call(method, path)), [Some(entity.to_owned())], "{path}");
        }
    }

    #[test]
    fn schemas_name_their_records_without_what_says_that_they_are_schemas() {
        for (label, name) in
            [("simplified_album_object", "album"), ("track_dto", "track"), ("base_price", "price"), ("model", "model")]
        {
            assert_eq!(super::bare(label.to_owned()), name);
        }
    }

    #[test]
    fn a_path_without_a_word_leaves_the_name_of_the_operation() {
        let get = |id: &str| format!("'/v1/{{name}}': {{get: {{operationId: {id}, responses: {{}}}}}}");
        assert_eq!(entities_of(&get("projects.topics.get")), [Some("topic".to_owned())]);
        assert_eq!(entities_of(&get("list-records")), [Some("record".to_owned())]);
        assert_eq!(entities_of(&get("searchForIssuesUsingJql")), [Some("issue".to_owned())]);
        assert_eq!(entities_of(&get("getV3ProjectsSearchQuery")), [Some("project".to_owned())]);
        assert_eq!(entities_of(&get("search")), [None]);
        assert_eq!(entities_of("/: {get: {operationId: getRoot, responses: {}}}"), [None]);
    }
}
