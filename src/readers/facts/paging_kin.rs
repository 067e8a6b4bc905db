//! What an operation does not declare of its pages, but its answer shows: fields that repeat the size and the place
//! of the page, a token that other operations of the system take in a parameter or that is called as one, a plain `next`.

use std::collections::BTreeMap;

use super::leaves::{Leaf, around};
use super::page_names::{LIMITS, OFFSETS, is_cursor, is_position};
use super::path::norm;
use crate::model::{Action, Basis, CursorFrom, Method, Operation, PageStyle, Pagination, ParamIn, System, TypeSet};

/// Names of fields that repeat the parameter of the same name; `count`, `size` and `total` count what is there.
const ECHOED_LIMITS: [&str; 7] = ["limit", "perpage", "pagesize", "pagelen", "pagelimit", "maxresults", "itemsperpage"];

/// Fills in pages of lists from the fields around their records.
pub(super) fn complete(system: &mut System) {
    let tokens = tokens(system);
    let found: Vec<(usize, Pagination)> = system
        .operations
        .iter()
        .enumerate()
        .filter(|(_, o)| o.method == Method::Get && o.root_field.is_none())
        .filter(|(_, o)| matches!(o.action, Action::List | Action::Search))
        .filter(|(_, o)| o.pagination.as_ref().is_none_or(|p| p.limit_param.is_none()))
        .filter_map(|(i, o)| {
            let leaves = around(&system.schemas, o);
            let found = named_token(o, &leaves)
                .or_else(|| echoed(o, &leaves))
                .or_else(|| like_siblings(system, o, &leaves, &tokens))
                .or_else(|| plain_next(o, &leaves))
                .or_else(|| link_list(system, o))?;
            Some((i, found))
        })
        .collect();
    for (i, pagination) in found {
        if let Some(operation) = system.operations.get_mut(i) {
            operation.pagination = Some(pagination);
        }
    }
    text_offsets(system);
}

/// `offset` that takes text, and that siblings send a token in, is one here too.
fn text_offsets(system: &mut System) {
    let mut tokens: BTreeMap<String, usize> = BTreeMap::new();
    for (i, operation) in system.operations.iter().enumerate() {
        let Some(p) = operation.pagination.as_ref().filter(|p| p.style == PageStyle::Cursor && p.next.is_some()) else {
            continue;
        };
        if let Some(param) = p.param.as_ref().filter(|p| OFFSETS.contains(&norm(p).as_str())) {
            tokens.entry(param.clone()).or_insert(i);
        }
    }
    if tokens.is_empty() {
        return;
    }
    let text = |o: &Operation, name: &str| {
        let schema = o.parameter(name).and_then(|p| p.schema).map(|s| system.schemas.get(s).types);
        schema.is_some_and(|t| t.has(TypeSet::STRING) && !t.has(TypeSet::INTEGER) && !t.has(TypeSet::NUMBER))
    };
    let found: Vec<(usize, usize)> = system
        .operations
        .iter()
        .enumerate()
        .filter_map(|(i, o)| {
            let pages = o.pagination.as_ref().filter(|p| p.style == PageStyle::Offset)?;
            let param = pages.param.as_ref()?;
            Some((i, *tokens.get(param).filter(|_| text(o, param))?))
        })
        .collect();
    for (i, sibling) in found {
        let Some(like) = system.operations.get(sibling).map(|o| (o.pointer.clone(), o.pagination.clone())) else {
            continue;
        };
        if let (Some(pages), (pointer, Some(like))) =
            (system.operations.get_mut(i).and_then(|o| o.pagination.as_mut()), like)
        {
            pages.style = PageStyle::Cursor;
            pages.next = like.next;
            pages.basis = Basis::Inferred { rule: "token-as-siblings-send-it", from: vec![pointer] };
        }
    }
}

/// A token below `next` that is called as parameters are: `pages.next.starting_after` goes into `starting_after`.
fn named_token(operation: &Operation, leaves: &[Leaf<'_>]) -> Option<Pagination> {
    if operation.pagination.is_some() {
        return None;
    }
    let leaf = leaves.iter().find(|l| l.parent == "next" && l.textual() && !l.is_url() && is_cursor(&l.name))?;
    let sizes = leaves.iter().find(|l| l.parent == "next" && ECHOED_LIMITS.contains(&l.name.as_str()));
    Some(Pagination {
        style: PageStyle::Cursor,
        param: leaf.path.last().cloned(),
        limit_param: own_limit(operation).or_else(|| sizes?.path.last().cloned()),
        limit_max: None,
        next: Some(CursorFrom::Body(leaf.path.clone())),
        more: None,
        total: None,
        first_page: 1,
        basis: Basis::Inferred { rule: "token-named-as-parameter", from: vec![leaf.schema.pointer.clone()] },
    })
}

/// A text `next` around the records, where no parameter could take a token: it can only be followed.
fn plain_next(operation: &Operation, leaves: &[Leaf<'_>]) -> Option<Pagination> {
    if operation.pagination.is_some() {
        return None;
    }
    let held =
        |l: &Leaf<'_>| l.path.len() == 1 || l.parent.contains("pag") || matches!(l.parent.as_str(), "meta" | "links");
    let leaf = leaves.iter().find(|l| {
        matches!(l.name.as_str(), "next" | "nextpage") && l.schema.types.has(TypeSet::STRING) && !l.numeric() && held(l)
    })?;
    Some(Pagination {
        style: PageStyle::LinkBody,
        param: None,
        limit_param: own_limit(operation),
        limit_max: None,
        next: Some(CursorFrom::Body(leaf.path.clone())),
        more: None,
        total: None,
        first_page: 1,
        basis: Basis::Inferred { rule: "next-without-parameter", from: vec![leaf.schema.pointer.clone()] },
    })
}

/// A list of links with their relations, as bundles of FHIR have one (R5 section 3.2.1.3.4): the next page is among them,
/// but no path of names leads to it.
fn link_list(system: &System, operation: &Operation) -> Option<Pagination> {
    if operation.pagination.is_some() {
        return None;
    }
    let schemas = &system.schemas;
    let body = schemas.properties(operation.success()?.schema?);
    let list = ["link", "links", "_links"].iter().find_map(|n| body.get(n))?;
    let item = schemas.properties(schemas.get(list).items?);
    let has = |names: [&str; 2]| names.iter().any(|n| item.contains_key(n));
    (has(["rel", "relation"]) && has(["href", "url"])).then(|| Pagination {
        style: PageStyle::LinkBody,
        param: None,
        limit_param: own_limit(operation),
        limit_max: None,
        next: None,
        more: None,
        total: None,
        first_page: 1,
        basis: Basis::Inferred { rule: "next-among-links", from: vec![schemas.get(list).pointer.clone()] },
    })
}

fn own_limit(operation: &Operation) -> Option<String> {
    LIMITS.iter().find_map(|n| {
        operation.parameters.iter().find(|p| p.place == ParamIn::Query && norm(&p.name) == *n).map(|p| p.name.clone())
    })
}

/// Number fields named like a page's size and its place, both: the answer repeats what was asked. A style that is known
/// already stays.
fn echoed(operation: &Operation, leaves: &[Leaf<'_>]) -> Option<Pagination> {
    let declared = |name: &str| operation.parameters.iter().any(|p| norm(&p.name) == name);
    let number = |l: &&Leaf<'_>| l.numeric() && !declared(&l.name);
    let limit = leaves.iter().filter(number).find(|l| ECHOED_LIMITS.contains(&l.name.as_str()))?;
    let place =
        leaves.iter().filter(number).find(|l| l.path.len() == limit.path.len() && is_position(&l.name).is_some())?;
    // SCIM repeats the size under another name than it is asked by (RFC 7644 section 3.4.2.4).
    let scim = limit.name == "itemsperpage" && place.name == "startindex";
    let written =
        |l: &Leaf<'_>| l.path.last().map(|n| if scim && l.name == "itemsperpage" { "count" } else { n }.to_owned());
    if let Some(known) = &operation.pagination {
        let follows = known.style.follows_links();
        let param = known.param.clone().or_else(|| written(place).filter(|_| follows));
        return Some(Pagination { param, limit_param: written(limit), ..known.clone() });
    }
    Some(Pagination {
        style: is_position(&place.name)?,
        param: written(place),
        limit_param: written(limit),
        limit_max: None,
        next: None,
        more: None,
        total: leaves.iter().find(|l| l.name.starts_with("total") && !l.name.contains("page")).map(|l| l.path.clone()),
        first_page: u64::from(is_position(&place.name)? == PageStyle::Page),
        basis: Basis::Inferred {
            rule: "page-repeated-in-answer",
            from: vec![place.schema.pointer.clone(), limit.schema.pointer.clone()],
        },
    })
}

/// By where the token stands in the answer: the way to send it, how many operations do, and the first of them.
type Tokens = BTreeMap<Vec<String>, Vec<(String, Option<String>, u32, usize)>>;

fn tokens(system: &System) -> Tokens {
    let mut tokens = Tokens::new();
    for (i, operation) in system.operations.iter().enumerate() {
        let Some(pagination) = &operation.pagination else { continue };
        let (Some(param), Some(CursorFrom::Body(at))) = (&pagination.param, &pagination.next) else { continue };
        if pagination.style != PageStyle::Cursor {
            continue;
        }
        let ways = tokens.entry(at.clone()).or_default();
        match ways.iter_mut().find(|(p, limit, ..)| p == param && *limit == pagination.limit_param) {
            Some(way) => way.2 += 1,
            None => ways.push((param.clone(), pagination.limit_param.clone(), 1, i)),
        }
    }
    tokens
}

/// The answer holds the token that other operations of the system take in one and the same parameter.
fn like_siblings(system: &System, operation: &Operation, leaves: &[Leaf<'_>], tokens: &Tokens) -> Option<Pagination> {
    if operation.pagination.is_some() {
        return None;
    }
    let leaf = leaves.iter().find(|l| tokens.contains_key(&l.path))?;
    let (param, limit, _, first) = tokens.get(&leaf.path)?.iter().max_by_key(|(.., count, _)| *count)?;
    let sibling = system.operations.get(*first)?;
    Some(Pagination {
        param: Some(param.clone()),
        limit_param: own_limit(operation).or_else(|| limit.clone()),
        limit_max: None,
        basis: Basis::Inferred {
            rule: "token-as-siblings-send-it",
            from: vec![leaf.schema.pointer.clone(), sibling.pointer.clone()],
        },
        ..sibling.pagination.clone()?
    })
}

#[cfg(test)]
mod tests {
    use super::super::system_of;
    use super::*;

    type Way = (&'static str, Option<String>, Option<String>);

    fn ways(text: &str) -> Vec<Option<Way>> {
        let system = system_of(text);
        let way = |p: &Pagination| (p.style.as_str(), p.param.clone(), p.limit_param.clone());
        system.operations.iter().map(|o| o.pagination.as_ref().map(way)).collect()
    }

    fn lists(first: &str, second: &str, around: &str) -> String {
        let answer = format!(
            "{{'200': {{description: ok, content: {{application/json: {{schema: {{type: object, properties: {{things: {{type: array, items: {{type: object}}}}, {around}}}}}}}}}}}}}"
        );
        format!(
            "openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\npaths:\n  /a/things: {{get: {{parameters: {first}, responses: {answer}}}}}\n  /b/things: {{get: {{parameters: {second}, responses: {answer}}}}}\n"
        )
    }

    #[test]
    fn an_answer_that_repeats_limit_and_offset_tells_the_parameters() {
        let echo = "meta: {type: object, properties: {limit: {type: integer}, offset: {type: integer}}}";
        let way = Some(("offset", Some("offset".into()), Some("limit".into())));
        assert_eq!(ways(&lists("[]", "[]", echo)), [way.clone(), way]);
        let half = "meta: {type: object, properties: {limit: {type: integer}}}";
        assert_eq!(ways(&lists("[]", "[]", half)), [None, None]);
    }

    #[test]
    fn a_token_is_sent_as_the_siblings_send_it() {
        let token = "pagination: {type: object, properties: {next: {type: integer}}}";
        let first = "[{name: until, in: query, schema: {type: integer}}, {name: limit, in: query}]";
        let way = Some(("cursor", Some("until".into()), Some("limit".into())));
        assert_eq!(ways(&lists(first, "[]", token)), [way.clone(), way]);
        assert_eq!(ways(&lists("[]", "[]", token)), [None, None]);
    }

    #[test]
    fn a_token_below_next_is_sent_as_it_is_called() {
        let next = "pages: {type: object, properties: {next: {type: object, properties: {starting_after: {type: string}, per_page: {type: integer}}}}}";
        let way = Some(("cursor", Some("starting_after".into()), Some("per_page".into())));
        assert_eq!(ways(&lists("[]", "[]", next)), [way.clone(), way]);
    }

    #[test]
    fn a_plain_next_is_followed_where_nothing_takes_it() {
        let next = "paging: {type: object, properties: {next: {type: string}, previous: {type: string}}}";
        let limit = "[{name: limit, in: query, schema: {type: integer}}]";
        let cursor = "[{name: cursor, in: query, schema: {type: string}}]";
        let followed = Some(("link_body", None, Some("limit".into())));
        assert_eq!(ways(&lists(limit, limit, next)), [followed.clone(), followed]);
        let sent = Some(("cursor", Some("cursor".into()), None));
        assert_eq!(ways(&lists(cursor, cursor, next)), [sent.clone(), sent]);
    }

    #[test]
    fn scim_is_asked_by_another_name_than_it_answers_with() {
        let echo = "startIndex: {type: integer}, itemsPerPage: {type: integer}, totalResults: {type: integer}";
        let way = Some(("offset", Some("startIndex".into()), Some("count".into())));
        assert_eq!(ways(&lists("[]", "[]", echo)), [way.clone(), way]);
    }

    #[test]
    fn an_offset_that_takes_text_is_a_token_where_siblings_send_one() {
        let offset = "[{name: offset, in: query, schema: {type: string}}]";
        let fed = lists(offset, "[]", "next_page: {type: object, properties: {offset: {type: string}}}");
        let plain = lists("[]", offset, "done: {type: boolean}");
        let both = format!("{fed}  /c/things:{}", plain.split("/b/things:").nth(1).unwrap_or_default());
        let way = Some(("cursor", Some("offset".into()), None));
        assert_eq!(ways(&both).last().cloned().flatten(), way);
        let alone = ways(&plain);
        assert_eq!(alone.last().cloned().flatten(), Some(("offset", Some("offset".into()), None)));
    }

    #[test]
    fn a_bundle_has_its_next_page_among_its_links() {
        let link = |fields: &str| format!("link: {{type: array, items: {{type: object, properties: {{{fields}}}}}}}");
        let count = "[{name: _count, in: query, schema: {type: integer}}]";
        let way = Some(("link_body", None, Some("_count".into())));
        let named = "relation: {type: string}, url: {type: string}";
        assert_eq!(ways(&lists(count, count, &link(named))), [way.clone(), way]);
        assert_eq!(ways(&lists(count, count, &link("url: {type: string}"))), [None, None]);
    }
}
