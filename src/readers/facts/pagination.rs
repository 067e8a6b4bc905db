//! `pagination`: how a list is paged, from its query parameters and the fields around its records.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::json;

use super::leaves::{Leaf, around};
use super::page_names::{CURSORS, LIMITS, OFFSETS, PAGES, TOKENS, WEAK_CURSORS};
use super::paging_kin;
use super::path::norm;
use super::{Detector, Hints};
use crate::model::{
    Action, Basis, CursorFrom, Fact, Method, Operation, PageStyle, Pagination, ParamIn, Parameter, Schemas, System,
    TypeSet,
};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "pagination", run };

fn run(system: &mut System, hints: &Hints<'_>) {
    let linked = told_link_header(system, hints);
    let found: Vec<Option<Pagination>> = system
        .operations
        .iter()
        .enumerate()
        .map(|(i, operation)| {
            let listed = matches!(operation.action, Action::List | Action::Search);
            (listed && matches!(operation.method, Method::Get | Method::Post))
                .then(|| paginate(&system.schemas, operation, i, hints, linked.contains(&i)))
                .flatten()
        })
        .collect();
    for (operation, pagination) in system.operations.iter_mut().zip(found) {
        operation.pagination = pagination;
    }
    paging_kin::complete(system);
    system.facts.extend(of_system(system));
}

/// Operations whose texts speak of a Link header (RFC 8288).
fn told_link_header(system: &System, hints: &Hints<'_>) -> BTreeSet<usize> {
    let says = |text: &str| {
        ["Link header", "link header", "Link response header", "`Link`"].iter().any(|sign| text.contains(sign))
    };
    let of_prose = hints.prose.iter().filter_map(|p| Some((p.operation?, p.text)));
    let of_parameters = hints.parameters().map(|(i, p)| (i, p.text));
    let listed = |i: usize| system.operations.get(i).is_some_and(|o| matches!(o.action, Action::List | Action::Search));
    of_prose.chain(of_parameters).filter(|(i, text)| listed(*i) && says(text)).map(|(i, _)| i).collect()
}

/// The ways of paging in the system, most common first.
fn of_system(system: &System) -> Vec<Fact> {
    type Way<'a> = (PageStyle, Option<&'a str>, Option<&'a str>);
    let mut ways: indexmap::IndexMap<Way<'_>, (u32, &Basis)> = indexmap::IndexMap::new();
    for pagination in system.operations.iter().filter_map(|o| o.pagination.as_ref()) {
        let way = (pagination.style, pagination.param.as_deref(), pagination.limit_param.as_deref());
        ways.entry(way).or_insert((0, &pagination.basis)).0 += 1;
    }
    ways.sort_by(|_, a, _, b| b.0.cmp(&a.0));
    ways.into_iter()
        .take(6)
        .map(|((style, param, limit), (_, basis))| {
            let value = json!({"style": style.as_str(), "param": param, "limit_param": limit});
            match basis {
                Basis::Stated { pointer } => Fact::stated("pagination", value, pointer.clone()),
                Basis::Inferred { rule, from } => Fact::inferred("pagination", value, rule, from.clone(), 0.65),
            }
        })
        .collect()
}

/// A query parameter and its full description.
struct Query<'s> {
    parameter: &'s Parameter,
    name: String,
    types: TypeSet,
    text: String,
}

impl Query<'_> {
    fn opaque(&self) -> bool {
        self.types.has(TypeSet::STRING)
            && !self.types.has(TypeSet::INTEGER)
            && ["token", "cursor", "opaque", "previous", "identifier", "returned", "response"]
                .iter()
                .any(|w| self.text.contains(w))
    }

    fn speaks_of_pages(&self) -> bool {
        ["page", "paginat", "cursor", "offset", "skip", "token", "starting", "number of", "next set", "last"]
            .iter()
            .any(|w| self.text.contains(w))
    }
}

fn paginate(
    schemas: &Schemas,
    operation: &Operation,
    index: usize,
    hints: &Hints<'_>,
    linked: bool,
) -> Option<Pagination> {
    let queries: Vec<Query<'_>> = operation
        .parameters
        .iter()
        .filter(|p| matches!(p.place, ParamIn::Query | ParamIn::Variable))
        .map(|parameter| Query {
            parameter,
            name: norm(&parameter.name),
            types: parameter.schema.map_or(TypeSet::ANY, |s| schemas.get(s).types),
            text: hints.parameter(index, &parameter.name).to_lowercase(),
        })
        .collect();
    let leaves = around(schemas, operation);
    let named = |names: &[&str]| {
        names.iter().find_map(|n| queries.iter().find(|q| q.name == *n && !q.types.has(TypeSet::BOOLEAN)))
    };
    let limit = named(&LIMITS);
    let cursors: Vec<&Query<'_>> =
        CURSORS.iter().filter_map(|n| queries.iter().find(|q| q.name == *n && !dated(schemas, q))).collect();
    let offset = named(&OFFSETS)
        .filter(|q| q.name != "from" && q.name != "start" || q.types.has(TypeSet::INTEGER) || q.opaque());
    let page = named(&PAGES).filter(|q| !q.types.has(TypeSet::STRING) || q.text.contains("page") || q.opaque());
    let opaque = [offset, page].into_iter().flatten().find(|q| q.opaque() && !q.text.contains("number"));
    let more = leaves
        .iter()
        .find(|l| {
            l.schema.types.has(TypeSet::BOOLEAN)
                && matches!(
                    l.name.as_str(),
                    "hasmore"
                        | "hasnext"
                        | "hasnextpage"
                        | "more"
                        | "hasmoreitems"
                        | "morerecords"
                        | "hasmorepages"
                        | "moreavailable"
                        | "hasmoredata"
                )
        })
        .map(|l| l.path.clone());
    let total = leaves
        .iter()
        .find(|l| {
            l.numeric()
                && matches!(
                    l.name.as_str(),
                    "total"
                        | "totalcount"
                        | "totalitems"
                        | "totalresults"
                        | "totalrecords"
                        | "totalsize"
                        | "totalelements"
                        | "totalentries"
                        | "totalnumber"
                        | "totalnumberofitems"
                        | "recordcount"
                        | "itemcount"
                )
        })
        .map(|l| l.path.clone());

    let mut style = None;
    // A cursor and the token that feeds it.
    for query in cursors.iter().copied().chain(opaque) {
        if let Some(token) = token_for(&leaves, query) {
            style = Some((PageStyle::Cursor, Some(query), Some(CursorFrom::Body(token.path.clone())), Some(token)));
            break;
        }
    }
    let next_url = leaves.iter().find(|l| l.textual() && is_next_url(l));
    // Told in prose, the header wins over counting: it is what its texts tell callers to follow.
    let link_header = (linked && limit.is_some())
        || operation.success().is_some_and(|r| r.headers.iter().any(|h| h.eq_ignore_ascii_case("link")));
    // Counting pages needs an end: with a total it is as good as following URLs, and what most callers do.
    let counted = offset.is_some() && total.is_some() && cursors.is_empty();
    if style.is_none()
        && !counted
        && let Some(leaf) = next_url
    {
        style = Some((PageStyle::LinkBody, None, Some(CursorFrom::Body(leaf.path.clone())), Some(leaf)));
    }
    if style.is_none()
        && let Some(query) = cursors.first().copied()
    {
        // Without a token in the answer, the cursor is the key of the last record.
        let by_key = matches!(
            query.name.as_str(),
            "startingafter" | "after" | "sinceid" | "afterid" | "lastid" | "startafter" | "lastitemid"
        ) || query.text.contains("last ");
        let key = operation.record.and_then(|r| last_key(schemas, r)).filter(|_| by_key).map(CursorFrom::LastItem);
        // `offset` beside `after` pages more surely than a cursor that nothing feeds.
        let surer = query.name == "after" && (page.is_some() || offset.is_some()) && key.is_none();
        if !surer {
            style = Some((PageStyle::Cursor, Some(query), key, None));
        }
    }
    if style.is_none()
        && let Some(query) = opaque
    {
        style = Some((PageStyle::Cursor, Some(query), None, None));
    }
    if style.is_none() && link_header {
        style = Some((PageStyle::LinkHeader, page.or(offset), None, None));
    }
    if style.is_none()
        && let Some(query) = offset
        && (query.name != "from" || limit.is_some())
    {
        style = Some((PageStyle::Offset, Some(query), None, None));
    }
    if style.is_none()
        && let Some(query) = page
        && (query.name != "p" || limit.is_some())
    {
        style = Some((PageStyle::Page, Some(query), None, None));
    }
    if style.is_none() {
        let weak: Vec<&Query<'_>> = WEAK_CURSORS.iter().filter_map(|n| queries.iter().find(|q| q.name == *n)).collect();
        let fed = weak.iter().find_map(|q| Some((*q, token_for(&leaves, q)?)));
        if let Some((query, token)) = fed {
            style = Some((PageStyle::Cursor, Some(query), Some(CursorFrom::Body(token.path.clone())), Some(token)));
        } else if let Some(query) =
            weak.into_iter().find(|q| q.name == "before" && !dated(schemas, q)).filter(|_| limit.is_some())
        {
            let key = operation.record.and_then(|r| last_key(schemas, r)).map(CursorFrom::LastItem);
            style = Some((PageStyle::Cursor, Some(query), key, None));
        }
    }
    // What goes out of use names what comes for it.
    if let Some((PageStyle::Page | PageStyle::Offset, Some(query), ..)) = style
        && let Some(heir) = heir(hints.parameter(index, &query.parameter.name))
    {
        return Some(Pagination {
            style: PageStyle::Cursor,
            param: Some(heir.to_owned()),
            limit_param: limit.map(|q| q.parameter.name.clone()),
            limit_max: limit.and_then(|q| limit_max(schemas, q)),
            next: leaves.iter().find(|l| norm(heir) == l.name).map(|l| CursorFrom::Body(l.path.clone())),
            more,
            total,
            first_page: 1,
            basis: Basis::Inferred { rule: "cursor-for-deprecated-page", from: vec![query.parameter.pointer.clone()] },
        });
    }
    let (style, query, next, leaf) = style?;
    let basis = basis(operation, style, query, leaf, next.as_ref());
    Some(Pagination {
        style,
        param: query.map(|q| q.parameter.name.clone()),
        limit_param: limit.map(|q| q.parameter.name.clone()),
        limit_max: limit.and_then(|q| limit_max(schemas, q)),
        next,
        more,
        total,
        first_page: query.filter(|_| style == PageStyle::Page).map_or(1, |q| first_page(schemas, q)),
        basis,
    })
}

/// The cursor that the text of a deprecated parameter names in its place.
fn heir(text: &str) -> Option<&str> {
    text.to_lowercase().contains("deprecated").then_some(())?;
    text.split(['`', '"', '\'', ' ']).find(|word| !norm(word).is_empty() && CURSORS.contains(&norm(word).as_str()))
}

/// Stated where the parameter or the answer's field says what it is for; else a rule put them together.
fn basis(
    operation: &Operation,
    style: PageStyle,
    query: Option<&Query<'_>>,
    leaf: Option<&Leaf<'_>>,
    next: Option<&CursorFrom>,
) -> Basis {
    if let Some(query) = query.filter(|q| style != PageStyle::LinkHeader && q.speaks_of_pages()) {
        return Basis::Stated { pointer: query.parameter.pointer.clone() };
    }
    if let Some(leaf) = leaf.filter(|l| query.is_none() && l.schema.description.to_lowercase().contains("next")) {
        return Basis::Stated { pointer: leaf.schema.pointer.clone() };
    }
    let success = operation.success().map(|r| r.pointer.clone());
    if style == PageStyle::LinkHeader && success.is_some() {
        return Basis::Inferred { rule: "link-header", from: success.into_iter().collect() };
    }
    let rule = match (style, next) {
        (PageStyle::Cursor, Some(CursorFrom::Body(_))) => "cursor-param-and-next-token",
        (PageStyle::Cursor, Some(CursorFrom::LastItem(_))) => "cursor-param-and-last-record",
        (PageStyle::Cursor, None) => "cursor-param-name",
        (PageStyle::Page, _) => "page-param-name",
        (PageStyle::Offset, _) => "offset-param-name",
        (PageStyle::LinkBody, _) => "next-url-in-body",
        (PageStyle::LinkHeader, _) => "link-header",
    };
    let pointers = query.map(|q| q.parameter.pointer.clone()).into_iter().chain(leaf.map(|l| l.schema.pointer.clone()));
    let mut from: Vec<String> = pointers.collect();
    if from.is_empty() {
        from.push(operation.pointer.clone());
    }
    Basis::Inferred { rule, from }
}

/// A field of the answer that feeds the parameter: its name without "next" is the parameter's, or it is named like a
/// token, or it is a plain `next` that is no URL.
fn token_for<'l, 's>(leaves: &'l [Leaf<'s>], query: &Query<'_>) -> Option<&'l Leaf<'s>> {
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
        if name == format!("next{wanted}") || name == format!("nextpage{wanted}") {
            10
        } else if leaf.parent == "next" && name == wanted {
            9
        } else if TOKENS.contains(&name) {
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
        .max_by_key(|(r, l)| (*r, std::cmp::Reverse(l.path.len())))
        .map(|(_, l)| l)
}

fn is_next_url(leaf: &Leaf<'_>) -> bool {
    match leaf.name.as_str() {
        "nexturl" | "nexturi" | "nextlink" | "nextpageuri" | "nextpageurl" | "nextpagelink" | "nexthref"
        | "odatanextlink" | "nextpagepath" | "nextrecordsurl" => true,
        "href" | "url" | "uri" => leaf.parent == "next",
        "next" | "nextpage" => leaf.is_url(),
        _ => false,
    }
}

fn dated(schemas: &Schemas, query: &Query<'_>) -> bool {
    let format = query.parameter.schema.and_then(|s| schemas.get(s).format.clone()).unwrap_or_default();
    format.starts_with("date")
        || ((query.name == "after" || query.name == "before")
            && ["date", "timestamp", " time", "iso 8601"].iter().any(|w| query.text.contains(w)))
}

fn last_key(schemas: &Schemas, record: crate::model::SchemaId) -> Option<String> {
    let fields = schemas.properties(record);
    ["id", "uuid", "gid", "key"].iter().find_map(|k| fields.keys().find(|f| norm(f) == *k)).map(|f| (*f).to_owned())
}

fn first_page(schemas: &Schemas, query: &Query<'_>) -> u64 {
    let schema = query.parameter.schema.map(|s| schemas.get(s));
    let zero = |n: Option<&serde_json::Number>| n.and_then(serde_json::Number::as_f64).map(|f| f == 0.0);
    let default = schema.and_then(|s| s.default.as_deref()).and_then(serde_json::Value::as_number);
    let says = [
        "zero-based",
        "0-based",
        "zero based",
        "starts at 0",
        "starting at 0",
        "starts from 0",
        "starting from 0",
        "0-indexed",
        "zero-indexed",
        "first page is 0",
        "starting with 0",
    ];
    let zero_based = says.iter().any(|s| query.text.contains(s))
        || zero(default).unwrap_or_else(|| zero(schema.and_then(|s| s.minimum.as_ref())).unwrap_or(false));
    u64::from(!zero_based)
}

static MAXIMUM: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"max(?:imum)?(?: allowed)?(?: page size| value| limit| number| count)?(?: of [a-z ]{1,30})?(?: allowed)?(?: is|:|=| of)?\s*`?(\d[\d,]*)",
        r"(?:up to|at most|cannot exceed|no more than|not exceed|less than or equal to|<=)\s*`?(\d[\d,]*)",
        r"between (?:0|1) and `?(\d[\d,]*)",
        r"(?:range(?: is|:)?|from)\s*`?(?:0|1)`?\s*(?:-|to|\.\.)\s*`?(\d[\d,]*)",
        r"(\d[\d,]*)`?\s*(?:is the maximum|maximum|max\b)",
    ]
    .iter()
    .map(|p| Regex::new(p).expect("the patterns are constants that a test compiles"))
    .collect()
});

fn limit_max(schemas: &Schemas, query: &Query<'_>) -> Option<u64> {
    let schema = query.parameter.schema.map(|s| schemas.get(s));
    let stated = schema.and_then(|s| {
        let max = s.maximum.as_ref()?.as_f64()?;
        // Beyond a million it is the integer's own bound.
        (max.fract() == 0.0 && (1.0..1e6).contains(&max)).then(|| max as u64 - u64::from(s.exclusive_maximum))
    });
    stated.or_else(|| {
        let found =
            MAXIMUM.iter().find_map(|m| m.captures(&query.text)?.get(1).map(|g| g.as_str().replace(',', "")))?;
        found.parse().ok().filter(|n| (1..1_000_000).contains(n))
    })
}

#[cfg(test)]
mod tests {
    use super::super::system_of;

    fn way(parameters: &str, answer: &str) -> Option<(&'static str, Option<String>, Option<String>)> {
        let text = format!(
            "openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\npaths:\n  /things:\n    get:\n      parameters: {parameters}\n      responses: {{'200': {{description: ok, content: {{application/json: {{schema: {answer}}}}}}}}}\n"
        );
        let system = system_of(&text);
        let pages = system.operations[0].pagination.as_ref()?;
        Some((pages.style.as_str(), pages.param.clone(), pages.limit_param.clone()))
    }

    const LIST: &str = "{type: array, items: {type: object, properties: {id: {type: string}}}}";

    #[test]
    fn a_link_header_told_in_prose_wins_over_counting() {
        let counted =
            "[{name: skip, in: query, schema: {type: integer}}, {name: limit, in: query, schema: {type: integer}}]";
        let told = counted.replace("]", ", {name: quiet, in: query, description: Removes the Link header}]");
        assert_eq!(way(counted, LIST), Some(("offset", Some("skip".into()), Some("limit".into()))));
        assert_eq!(way(&told, LIST), Some(("link_header", Some("skip".into()), Some("limit".into()))));
    }

    #[test]
    fn a_deprecated_page_number_names_the_cursor_that_comes_for_it() {
        let page = "[{name: page_number, in: query, description: 'Deprecated: use `next_page_token`.', schema: {type: integer}}]";
        assert_eq!(way(page, LIST), Some(("cursor", Some("next_page_token".into()), None)));
        let kept = page.replace("Deprecated: use", "Beside");
        assert_eq!(way(&kept, LIST), Some(("page", Some("page_number".into()), None)));
    }
}
