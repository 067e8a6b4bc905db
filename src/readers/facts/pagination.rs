//! `pagination`: how a list is paged, from its query parameters and the fields around its records.

use std::collections::BTreeSet;

use serde_json::json;

use super::leaves::{Leaf, around};
use super::page_names::{CURSORS, LIMITS, OFFSETS, PAGES, TOTALS, WEAK_CURSORS, is_cursor, is_more};
use super::page_params::{self, Query};
use super::page_tokens::{feeds, is_next_url, last_key, token_for};
use super::paging_kin;
use super::path::norm;
use super::{Detector, Hints, Look};
use crate::model::{
    Action, Basis, CursorFrom, Fact, Method, Operation, PageStyle, Pagination, Schemas, System, TypeSet,
};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "pagination", look: Look::Derive(run) };

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

fn paginate(
    schemas: &Schemas,
    operation: &Operation,
    index: usize,
    hints: &Hints<'_>,
    linked: bool,
) -> Option<Pagination> {
    let queries = page_params::of(schemas, operation, index, hints);
    let leaves = around(schemas, operation);
    let named = |names: &[&str]| {
        names.iter().find_map(|n| queries.iter().find(|q| q.name == *n && !q.types.has(TypeSet::BOOLEAN)))
    };
    let limit = named(&LIMITS);
    let cursor = |q: &&Query<'_>| !q.types.has(TypeSet::BOOLEAN) && !q.dated(schemas);
    let mut cursors: Vec<&Query<'_>> =
        CURSORS.iter().filter_map(|n| queries.iter().find(|q| q.name == *n && cursor(q))).collect();
    cursors.extend(queries.iter().filter(|q| !CURSORS.contains(&q.name.as_str()) && is_cursor(&q.name) && cursor(q)));
    // Beside the upper bound, which pages back through what is there, the lower one only says what is new.
    let falling = queries.iter().find(|q| q.name == "maxid" && limit.is_some());
    if falling.is_some() {
        cursors.retain(|q| q.name != "sinceid");
    }
    let number = |q: &Query<'_>| {
        q.types.has(TypeSet::INTEGER) || q.types.has(TypeSet::NUMBER) || (q.types.is_any() && limit.is_some())
    };
    // A date may be called so, too.
    let offset = named(&OFFSETS).filter(|q| !q.timed(schemas)).filter(|q| match q.name.as_str() {
        "from" => q.types.has(TypeSet::INTEGER) || q.opaque(),
        "start" => number(q) || q.opaque(),
        _ => true,
    });
    let before = queries.iter().any(|q| q.name == "before");
    let page = named(&PAGES).filter(|q| {
        !q.types.has(TypeSet::STRING) || (limit.is_some() && !before) || q.text.contains("page") || q.opaque()
    });
    let opaque = [offset, page].into_iter().flatten().find(|q| q.opaque() && !q.text.contains("number"));
    // Whatever it is called: what the answer gives as its next value, and is no number.
    let echoed = queries.iter().filter(|q| limit.is_none_or(|l| l.name != q.name) && q.text_only());
    let fed: Vec<&Query<'_>> = echoed.filter(|q| leaves.iter().any(|l| feeds(l, q))).collect();
    let more = leaves.iter().find(|l| l.schema.types.has(TypeSet::BOOLEAN) && is_more(&l.name)).map(|l| l.path.clone());
    let next_url = leaves.iter().find(|l| l.textual() && is_next_url(l));
    let counts = |l: &&Leaf<'_>| {
        TOTALS.contains(&l.name.as_str()) || (l.name == "count" && l.path.len() == 1 && next_url.is_some())
    };
    let total = leaves.iter().find(|l| l.numeric() && counts(l)).map(|l| l.path.clone());

    let mut style = None;
    // A cursor and the token that feeds it.
    for query in cursors.iter().copied().chain(opaque).chain(fed) {
        if let Some(token) = token_for(&leaves, query) {
            style = Some((PageStyle::Cursor, Some(query), Some(CursorFrom::Body(token.path.clone())), Some(token)));
            break;
        }
    }
    // Told in prose, the header wins over counting: it is what its texts tell callers to follow.
    let link_header = (linked && limit.is_some())
        || operation.success().is_some_and(|r| r.headers.iter().any(|h| h.eq_ignore_ascii_case("link")));
    // Counting pages needs an end: with a total it is as good as following URLs, and what most callers do.
    let counted = offset.is_some() && leaves.iter().any(|l| counts(&l)) && cursors.is_empty();
    if style.is_none()
        && !counted
        && let Some(leaf) = next_url
    {
        // The address holds the cursor.
        let query = cursors.first().copied();
        style = Some((PageStyle::LinkBody, query, Some(CursorFrom::Body(leaf.path.clone())), Some(leaf)));
    }
    // Where both are there, the header holds the cursor.
    if style.is_none() && link_header {
        let query = page.or(offset).or_else(|| cursors.first().copied());
        style = Some((PageStyle::LinkHeader, query, None, None));
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
        } else if let Some(query) = weak
            .into_iter()
            .find(|q| matches!(q.name.as_str(), "before" | "maxid") && !q.dated(schemas))
            .filter(|_| limit.is_some())
        {
            let key = operation.record.and_then(|r| last_key(schemas, r)).map(CursorFrom::LastItem);
            style = Some((PageStyle::Cursor, Some(query), key, None));
        }
    }
    // What goes out of use names what comes for it.
    if let Some((PageStyle::Page | PageStyle::Offset, Some(query), ..)) = style
        && let Some(heir) = heir(hints.parameter(index, query.sent.as_ref()))
    {
        return Some(Pagination {
            style: PageStyle::Cursor,
            param: Some(heir.to_owned()),
            limit_param: limit.map(|q| q.sent.to_string()),
            limit_max: limit.and_then(|q| q.most(schemas)),
            next: leaves.iter().find(|l| norm(heir) == l.name).map(|l| CursorFrom::Body(l.path.clone())),
            more,
            total,
            first_page: 1,
            basis: Basis::Inferred { rule: "cursor-for-deprecated-page", from: vec![query.pointer.to_owned()] },
        });
    }
    let (style, query, next, leaf) = style?;
    let basis = basis(operation, style, query, leaf, next.as_ref());
    Some(Pagination {
        style,
        param: query.map(|q| q.sent.to_string()),
        limit_param: limit.map(|q| q.sent.to_string()),
        limit_max: limit.and_then(|q| q.most(schemas)),
        next,
        more,
        total,
        first_page: query.filter(|_| style == PageStyle::Page).map_or(1, |q| q.first_page(schemas)),
        basis,
    })
}

/// The cursor that the text of a deprecated parameter names in its place.
fn heir(text: &str) -> Option<&str> {
    text.to_lowercase().contains("deprecated").then_some(())?;
    text.split(['`', '"', '\'', ' ']).find(|word| !norm(word).is_empty() && is_cursor(&norm(word)))
}

/// Stated where the parameter or the answer's field says what it is for; else a rule put them together.
fn basis(
    operation: &Operation,
    style: PageStyle,
    query: Option<&Query<'_>>,
    leaf: Option<&Leaf<'_>>,
    next: Option<&CursorFrom>,
) -> Basis {
    let follows = style.follows_links();
    if let Some(query) = query.filter(|q| !follows && q.speaks_of_pages()) {
        return Basis::Stated { pointer: query.pointer.to_owned() };
    }
    if let Some(leaf) =
        leaf.filter(|l| (query.is_none() || follows) && l.schema.description.to_lowercase().contains("next"))
    {
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
    let pointers = query.map(|q| q.pointer.to_owned()).into_iter().chain(leaf.map(|l| l.schema.pointer.clone()));
    let mut from: Vec<String> = pointers.collect();
    if from.is_empty() {
        from.push(operation.pointer.clone());
    }
    Basis::Inferred { rule, from }
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

    #[test]
    fn a_token_in_the_answer_feeds_the_parameter_that_it_is_the_next_of() {
        let answer = |fields: &str| {
            format!("{{type: object, properties: {{things: {{type: array, items: {{type: object}}}}, {fields}}}}}")
        };
        let param = |name: &str| format!("[{{name: {name}, in: query, schema: {{type: string}}}}]");
        let way = |name: &str, fields: &str| way(&param(name), &answer(fields));
        let cursor = |name: &str| Some(("cursor", Some(name.to_owned()), None));
        assert_eq!(way("startRecordKey", "nextRecordKey: {type: string}"), cursor("startRecordKey"));
        assert_eq!(way("chapter", "next_chapter: {type: string}"), cursor("chapter"));
        assert_eq!(way("offset", "offset: {type: string}"), cursor("offset"));
        assert_eq!(way("offset", "offset: {type: integer}"), Some(("offset", Some("offset".into()), None)));
        assert_eq!(way("chapter", "chapter: {type: string}"), None);
    }

    #[test]
    fn the_next_address_holds_the_cursor_that_is_declared() {
        let answer = "{type: object, properties: {things: {type: array, items: {type: object}}, links: {type: object, properties: {next: {type: string, format: uri}}}}}";
        let cursor = "[{name: 'page[cursor]', in: query, schema: {type: string}}]";
        assert_eq!(way(cursor, answer), Some(("link_body", Some("page[cursor]".into()), None)));
        assert_eq!(way("[]", answer), Some(("link_body", None, None)));
    }

    #[test]
    fn a_page_number_that_goes_as_text_is_a_number() {
        let param = |name: &str| {
            format!("[{{name: {name}, in: query, description: The page to be returned, schema: {{type: string}}}}]")
        };
        assert_eq!(way(&param("pageNumber"), LIST), Some(("page", Some("pageNumber".into()), None)));
        assert_eq!(way(&param("page"), LIST), Some(("cursor", Some("page".into()), None)));
    }

    #[test]
    fn what_begins_a_span_of_time_skips_nothing() {
        let start = |says: &str| {
            format!(
                "[{{name: start, in: query, description: {says}, schema: {{type: integer}}}}, {{name: page, in: query, schema: {{type: integer}}}}]"
            )
        };
        assert_eq!(way(&start("POSIX timestamp."), LIST), Some(("page", Some("page".into()), None)));
        assert_eq!(way(&start("Where to begin."), LIST), Some(("offset", Some("start".into()), None)));
    }

    #[test]
    fn the_upper_bound_pages_back_and_the_lower_one_says_what_is_new() {
        let since = "{name: since_id, in: query}, {name: count, in: query, schema: {type: integer}}";
        let both = format!("[{since}, {{name: max_id, in: query}}]");
        assert_eq!(way(&both, LIST), Some(("cursor", Some("max_id".into()), Some("count".into()))));
        assert_eq!(way(&format!("[{since}]"), LIST), Some(("cursor", Some("since_id".into()), Some("count".into()))));
    }

    #[test]
    fn a_declared_link_header_holds_the_cursor() {
        let text = "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths: {/things: {get: {parameters: [{name: after, in: query, schema: {type: string}}], responses: {'200': {description: ok, headers: {Link: {schema: {type: string}}}, content: {application/json: {schema: {type: array, items: {type: object}}}}}}}}}\n";
        let style = |text: &str| system_of(text).operations[0].pagination.as_ref().map(|p| p.style.as_str());
        assert_eq!(style(text), Some("link_header"));
        assert_eq!(style(&text.replace("Link:", "Trace:")), Some("cursor"));
    }

    #[test]
    fn a_search_that_is_a_post_is_paged_by_its_body() {
        let object = |fields: &str| {
            format!("content: {{application/json: {{schema: {{type: object, properties: {{{fields}}}}}}}}}")
        };
        let text = format!(
            "openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\npaths: {{/things/search: {{post: {{requestBody: {{{}}}, responses: {{'200': {{description: ok, {}}}}}}}}}}}\n",
            object(
                "query: {type: object}, page: {type: object, properties: {cursor: {type: string}, limit: {type: integer}}}"
            ),
            object(
                "things: {type: array, items: {type: object}}, meta: {type: object, properties: {next_cursor: {type: string}}}"
            )
        );
        let system = system_of(&text);
        let pages = system.operations[0].pagination.as_ref().expect("it is paged");
        assert_eq!((pages.param.as_deref(), pages.limit_param.as_deref()), (Some("page.cursor"), Some("page.limit")));
        assert!(system.operations[0].pages_in_body());
    }
}
