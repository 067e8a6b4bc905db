//! `change_feed`: operations that list what changed, deletions included, instead of what there is; and how their changes are
//! followed by a token (`Operation::feed`).

use serde_json::json;

use super::path::{Segment, norm, segments};
use super::{Detector, Hints, Look};
use crate::model::{Action, Basis, CursorFrom, Fact, Feed, Operation, PageStyle, ParamIn, SchemaId, Schemas, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "change_feed", look: Look::Derive(run) };

fn is_feed(word: &str) -> bool {
    matches!(
        norm(word).as_str(),
        "changes"
            | "changelog"
            | "changefeed"
            | "delta"
            | "deltas"
            | "events"
            | "activitylog"
            | "deleted"
            | "updates"
            | "sync"
    )
}

fn run(system: &mut System, _: &Hints<'_>) {
    let mut facts = Vec::new();
    let System { schemas, operations, .. } = system;
    for operation in operations {
        operation.feed = feed(schemas, operation);
        let last = segments(&operation.as_resource().1).last().and_then(Segment::word).is_some_and(is_feed);
        if last
            && operation.safe()
            && matches!(operation.action, Action::List | Action::Search | Action::Other)
            && facts.len() < 5
        {
            let value = json!({"operation": operation.id});
            facts.push(Fact::inferred("change_feed", value, "list-of-changes", vec![operation.pointer.clone()], 0.55));
        }
    }
    system.facts.extend(facts);
}

/// A parameter that takes what the last page of an earlier list gave: Google's `syncToken`, Todoist's `sync_token`.
fn takes_token(name: &str) -> bool {
    matches!(
        norm(name).as_str(),
        "synctoken" | "deltatoken" | "changetoken" | "changestoken" | "deltacursor" | "synccursor" | "sincetoken"
    )
}

/// A field of an answer that gives such a token.
fn gives_token(name: &str) -> bool {
    let name = norm(name);
    takes_token(name.strip_prefix("next").or_else(|| name.strip_prefix("new")).unwrap_or(&name))
}

/// A field that gives a URL from which changes are followed: OData's `@odata.deltaLink` (OData JSON 4.01, section 4.5.6).
fn gives_link(name: &str) -> bool {
    matches!(norm(name).as_str(), "odatadeltalink" | "deltalink" | "deltaurl" | "nextsyncurl")
}

fn feed(schemas: &Schemas, operation: &Operation) -> Option<Feed> {
    if !operation.safe() || !matches!(operation.action, Action::List | Action::Search) {
        return None;
    }
    // Pages that are counted shift under whoever follows changes.
    let counted = |style| matches!(style, PageStyle::Page | PageStyle::Offset);
    let last_item = |p: &crate::model::Pagination| matches!(p.next, Some(CursorFrom::LastItem(_)));
    if operation.pagination.as_ref().is_some_and(|p| counted(p.style) || last_item(p)) {
        return None;
    }
    let answer = operation.success()?.schema?;
    let param = operation.parameters.iter().find(|p| p.place == ParamIn::Query && takes_token(&p.name));
    let basis = |rest: &[&str]| {
        let from = rest.iter().map(|p| (*p).to_owned()).collect();
        Basis::Inferred { rule: "sync-token", from }
    };
    if let Some(param) = param {
        let (token, field) = field_of(schemas, answer, gives_token)?;
        let basis = basis(&[&param.pointer, &schemas.get(field).pointer]);
        return Some(Feed { param: Some(param.name.clone()), token, basis });
    }
    // A link leads to the first page alone: the others have to be links as well.
    if operation.pagination.as_ref().is_some_and(|p| !p.style.follows_links()) {
        return None;
    }
    let (token, field) = field_of(schemas, answer, gives_link)?;
    Some(Feed { param: None, token, basis: basis(&[&schemas.get(field).pointer]) })
}

/// A field of this name in the answer, at its root or in one of the objects there.
fn field_of(schemas: &Schemas, answer: SchemaId, wanted: fn(&str) -> bool) -> Option<(Vec<String>, SchemaId)> {
    let root = schemas.properties(answer);
    if let Some((name, id)) = root.iter().find(|(name, _)| wanted(name)) {
        return Some((vec![(*name).to_owned()], id));
    }
    root.iter().find_map(|(outer, id)| {
        let inner = schemas.properties(id);
        let (name, id) = inner.iter().find(|(name, _)| wanted(name))?;
        Some((vec![(*outer).to_owned(), (*name).to_owned()], id))
    })
}

#[cfg(test)]
mod tests {
    use super::super::system_of;

    const API: &str = "
openapi: 3.0.3
info: {title: T, version: '1'}
paths:
  /events:
    get:
      operationId: listEvents
      parameters: [PARAMS]
      responses: {'200': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Page'}}}}}
components:
  schemas:
    Page: {type: object, properties: {items: {type: array, items: {$ref: '#/components/schemas/Event'}}, FIELDS}}
    Event: {type: object, properties: {id: {type: string}, title: {type: string}}}
";

    fn told(params: &[&str], fields: &[&str]) -> Option<(Option<String>, Vec<String>)> {
        let params: Vec<String> =
            params.iter().map(|p| format!("{{name: {p}, in: query, schema: {{type: string}}}}")).collect();
        let fields: Vec<String> = fields.iter().map(|f| format!("'{f}': {{type: string}}")).collect();
        let text = API.replace("PARAMS", &params.join(", ")).replace("FIELDS", &fields.join(", "));
        system_of(&text).operations[0].feed.clone().map(|f| (f.param, f.token))
    }

    fn path(names: &[&str]) -> Vec<String> {
        names.iter().map(|n| (*n).to_owned()).collect()
    }

    #[test]
    fn a_token_that_the_last_page_gives_is_found_with_the_parameter_that_takes_it() {
        let google = told(&["pageToken", "syncToken"], &["nextPageToken", "nextSyncToken"]);
        assert_eq!(google, Some((Some("syncToken".to_owned()), path(&["nextSyncToken"]))));
        let same = told(&["sync_token"], &["sync_token"]);
        assert_eq!(same, Some((Some("sync_token".to_owned()), path(&["sync_token"]))));
    }

    #[test]
    fn a_delta_link_is_followed_as_it_is() {
        assert_eq!(told(&[], &["@odata.nextLink", "@odata.deltaLink"]), Some((None, path(&["@odata.deltaLink"]))));
    }

    #[test]
    fn half_of_it_is_no_feed() {
        assert_eq!(told(&["page_token"], &["next_page_token", "delta_link"]), None, "a link, and pages by a cursor");
        assert_eq!(told(&["syncToken"], &["next"]), None, "nothing gives the token");
        assert_eq!(told(&["page_token"], &["next_sync_token"]), None, "nothing takes it");
        let counted = told(&["page", "per_page", "sync_token"], &["sync_token", "total_pages"]);
        assert_eq!(counted, None, "pages that are counted shift");
    }
}
