//! What of an answer leads to the next page: tokens, addresses, the key of the last record.

use super::leaves::Leaf;
use super::page_names::is_token;
use super::page_params::Query;
use super::path::norm;
use crate::model::{SchemaId, Schemas, TypeSet};

/// A field of the answer that feeds the parameter: its name without "next" is the parameter's, or it is named like a
/// token, or it is a plain `next` that is no URL.
pub(super) fn token_for<'l, 's>(leaves: &'l [Leaf<'s>], query: &Query<'_>) -> Option<&'l Leaf<'s>> {
    let wanted = query.name.strip_prefix("next").unwrap_or(&query.name);
    let wanted = if wanted.len() > 4 { wanted.strip_prefix("page").unwrap_or(wanted) } else { wanted };
    let rank = |leaf: &Leaf<'_>| {
        let in_paging = leaf.parent.contains("pag")
            || leaf.parent.contains("cursor")
            || leaf.parent.contains("meta")
            || leaf.parent == "next";
        let name = leaf.name.as_str();
        if !(leaf.textual() || leaf.numeric()) || name.contains("prev") || leaf.parent.contains("prev") {
            return 0;
        }
        if leaf.name.contains("url") || leaf.name.contains("uri") || leaf.name.contains("link") {
            return 0;
        }
        if feeds(leaf, query) || name == format!("next{wanted}") || name == format!("nextpage{wanted}") {
            10
        } else if leaf.parent == "next" && name == wanted {
            9
        } else if is_token(name) {
            7
        } else if name == query.name
            && (in_paging || leaf.textual())
            && !matches!(name, "offset" | "page" | "start" | "before" | "since" | "until")
        {
            6
        } else if name == "cursor" || (in_paging && matches!(name, "after" | "token")) {
            5
        } else if matches!(name, "next" | "nextpage") && !leaf.is_url() && (in_paging || leaf.textual()) {
            4
        } else {
            0
        }
    };
    leaves
        .iter()
        .map(|l| (rank(l), l))
        .filter(|(r, _)| *r > 0)
        // Of equals the first by name: the order of a mapping says nothing.
        .max_by_key(|(r, l)| (*r, std::cmp::Reverse(l.path.len()), std::cmp::Reverse(&l.path)))
        .map(|(_, l)| l)
}

/// A text of the answer that is the parameter's next value by its name: `next_offset` of `offset`, `nextRecordKey` of
/// `startRecordKey`, or `offset` of an `offset` that takes text.
pub(super) fn feeds(leaf: &Leaf<'_>, query: &Query<'_>) -> bool {
    let text = leaf.schema.types.has(TypeSet::STRING) && !leaf.numeric() && !leaf.is_url();
    let wanted = query.name.strip_prefix("start").filter(|w| w.len() > 3).unwrap_or(&query.name);
    text && (leaf.name.strip_prefix("next") == Some(wanted)
        || (leaf.name == query.name && query.text_only() && query.name.contains("offset")))
}

/// Whether a field holds the address of the next page.
pub(super) fn is_next_url(leaf: &Leaf<'_>) -> bool {
    match leaf.name.as_str() {
        "nexturl" | "nexturi" | "nextlink" | "nextpageuri" | "nextpageurl" | "nextpagelink" | "nexthref"
        | "odatanextlink" | "nextpagepath" | "nextrecordsurl" => true,
        "href" | "url" | "uri" => leaf.parent == "next",
        "next" | "nextpage" => leaf.is_url(),
        _ => false,
    }
}

/// The field of a record that is its key, as far as its name tells.
pub(super) fn last_key(schemas: &Schemas, record: SchemaId) -> Option<String> {
    let fields = schemas.properties(record);
    ["id", "uuid", "gid", "key"].iter().find_map(|k| fields.keys().find(|f| norm(f) == *k)).map(|f| (*f).to_owned())
}
