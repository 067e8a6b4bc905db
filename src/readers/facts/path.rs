//! How paths and identifiers are read: segments and nouns.

use super::verbs::{is_bulk, is_compound, parts, verb};
use crate::base::text::singular;
use crate::model::Action;

/// One step of a path template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// `{customer}`, without the braces.
    Param(String),
    /// A fixed word.
    Word(String),
    /// What is done to the thing before it, after a colon: `:cancel` (a custom method, Google AIP-136).
    Call(String),
}

impl Segment {
    /// The fixed word, if it is one.
    pub(super) fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) | Self::Call(word) => Some(word),
            Self::Param(_) => None,
        }
    }
}

/// The steps of a path, versions, file extensions and system resources (`$ref`, OData 4.01 part 2 section 4) left out;
/// `users.list` and `{id}:cancel` are two steps each.
pub(super) fn segments(path: &str) -> Vec<Segment> {
    let mut out = Vec::new();
    let path = path.split(['?', '#']).next().unwrap_or(path);
    for raw in path.split('/').filter(|s| !s.is_empty()) {
        let raw = [".json", ".xml", ".php", ".aspx", ".do"].iter().find_map(|e| raw.strip_suffix(e)).unwrap_or(raw);
        if is_version(raw) || raw.starts_with('$') {
            continue;
        }
        // `invoices/{id}/Vendor.Space.cancel`: an action with its namespace (OData 4.01 part 2 section 4.5).
        // After a key also with a namespace of one word: `Sales.Cancel`.
        let after_key = matches!(out.last(), Some(Segment::Param(_)));
        let upper = |w: &str| w.starts_with(|c: char| c.is_ascii_uppercase());
        let qualified = !out.is_empty()
            && raw.split(['{', '(']).next().is_some_and(|r| match r.split_once('.') {
                Some((space, name)) => name.contains('.') || (after_key && upper(space) && upper(name)),
                None => false,
            });
        let mut rest =
            if qualified { raw.split('(').next().and_then(|r| r.rsplit('.').next()).unwrap_or(raw) } else { raw };
        // `users('{id}')` and `{id}:cancel` hold a word beside the parameter.
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, tail)) = after.split_once('}') else { break };
            push_words(before, &mut out);
            out.push(Segment::Param(name.to_owned()));
            rest = tail;
        }
        push_words(rest, &mut out);
    }
    out
}

fn push_words(text: &str, out: &mut Vec<Segment>) {
    for (i, piece) in text.split('.').flat_map(|dotted| dotted.split(':').enumerate()) {
        // `delta()` and `events(since='` are functions; what is in their brackets names no thing.
        let piece = piece.split('(').next().unwrap_or(piece);
        let piece = piece.trim_matches(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
        if piece.chars().any(char::is_alphabetic) && !is_version(piece) {
            let piece = piece.to_owned();
            out.push(if i > 0 { Segment::Call(piece) } else { Segment::Word(piece) });
        }
    }
}

/// `v1`, `v2beta1`, `2010-04-01`, `api`, `rest` …
pub(super) fn is_version(segment: &str) -> bool {
    let digits = segment.strip_prefix(['v', 'V']).unwrap_or(segment);
    let number = digits.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = ["alpha", "beta", "rc"].iter().find_map(|s| number.strip_suffix(s)).unwrap_or(digits);
    (!number.is_empty()
        && number.starts_with(|c: char| c.is_ascii_digit())
        && number.chars().all(|c| c.is_ascii_digit() || ".-_".contains(c)))
        || matches!(segment, "api" | "rest" | "API" | "latest" | "odata")
}

/// Lower-case letters and digits only: `page[size]`, `pageSize` and `page_size` are one.
pub(super) fn norm(name: &str) -> String {
    if name.is_ascii() {
        let mut out = String::with_capacity(name.len());
        out.extend(name.bytes().filter(u8::is_ascii_alphanumeric).map(|b| char::from(b.to_ascii_lowercase())));
        return out;
    }
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A noun as entities are called: singular, snake_case, without the verbs before it and what follows `by`.
pub(super) fn noun(segment: &str) -> Option<String> {
    let mut parts = parts(segment);
    let compound = is_compound(segment);
    if let Some(by) = parts.iter().skip(1).position(|w| w == "by").filter(|by| by + 2 < parts.len()) {
        parts.truncate(by + 1);
    }
    let leads =
        |w: &String| verb(w).is_some() || is_bulk(w) || matches!(w.as_str(), "get" | "post" | "put" | "set" | "or");
    while !compound && parts.len() > 1 && parts.first().is_some_and(leads) && !named_after(&parts) {
        parts.remove(0);
    }
    // A saved search is a thing; a search of tags is about tags.
    let search = |w: &String| matches!(verb(w), Some(Action::Search)) && w != "searches";
    while parts.len() > 1
        && parts.last().is_some_and(search)
        && !parts.iter().any(|w| matches!(w.as_str(), "saved" | "recent" | "stored"))
    {
        parts.pop();
    }
    let last = parts.pop()?;
    parts.push(singular(&last));
    Some(parts.join("_"))
}

/// A thing that is called after what is done in bulk: `batch_payments`, `bulk-imports`.
fn named_after(parts: &[String]) -> bool {
    matches!(parts, [first, second, ..] if is_bulk(first) && verb(second).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(path: &str) -> String {
        let steps: Vec<String> = segments(path)
            .into_iter()
            .map(|s| match s {
                Segment::Param(p) => format!("<{p}>"),
                Segment::Word(w) => w,
                Segment::Call(w) => format!(":{w}"),
            })
            .collect();
        steps.join(" ")
    }

    #[test]
    fn paths_come_apart() {
        assert_eq!(steps("/v1/customers/{customer}"), "customers <customer>");
        assert_eq!(steps("/2010-04-01/Accounts/{Sid}/Calls.json"), "Accounts <Sid> Calls");
        assert_eq!(steps("/users.list"), "users list");
        assert_eq!(steps("/docs/{id}:batchUpdate"), "docs <id> :batchUpdate");
        assert_eq!(steps("/v1beta/people:searchPeople"), "people :searchPeople");
        assert_eq!(steps("/v1/orders/{id}/Shop.Sales.cancel"), "orders <id> cancel");
        assert_eq!(steps("/orders({id})/Sales.Cancel"), "orders <id> Cancel");
        assert_eq!(steps("/files/{id}/Report.json"), "files <id> Report");
        assert_eq!(steps("/users/delta()"), "users delta");
        assert_eq!(steps("/groups/{id}/members/$ref"), "groups <id> members");
        assert_eq!(steps("/users('{id}')/messages"), "users <id> messages");
        assert_eq!(steps("/marketing/segments/2.0/{segment_id}.json"), "marketing segments <segment_id>");
        assert_eq!(steps("/a/{unclosed"), "a unclosed");
    }

    #[test]
    fn nouns_are_singular_without_their_verb() {
        for (segment, name) in [
            ("customers", "customer"),
            ("interest-categories", "interest_category"),
            ("postMessage", "message"),
            ("tag-search", "tag"),
            ("issueLink", "issue_link"),
            ("list_folder", "folder"),
            ("lists", "list"),
            ("create_folder_v2", "folder"),
            ("get_items_by_item_group", "item"),
            ("bulk_create_or_replace_offer", "offer"),
            ("batch-webhooks", "batch_webhook"),
            ("savedSearches", "saved_search"),
            ("OAuthApps", "oauth_app"),
            ("lookup-tables", "lookup_table"),
            ("change_requests", "change_request"),
            ("queryAccounts", "account"),
            ("query-by-ids", "query"),
        ] {
            assert_eq!(noun(segment).as_deref(), Some(name));
        }
    }
}
