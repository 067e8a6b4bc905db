//! What an operation does not declare of its pages, but its answer shows: fields that repeat the size and the place
//! of the page, or a token that other operations of the system take in a parameter.

use std::collections::BTreeMap;

use super::leaves::{Leaf, around};
use super::page_names::{LIMITS, is_position};
use super::path::norm;
use crate::model::{Action, Basis, CursorFrom, Method, Operation, PageStyle, Pagination, ParamIn, System};

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
            let found = echoed(o, &leaves).or_else(|| like_siblings(system, o, &leaves, &tokens))?;
            Some((i, found))
        })
        .collect();
    for (i, pagination) in found {
        if let Some(operation) = system.operations.get_mut(i) {
            operation.pagination = Some(pagination);
        }
    }
}

/// Number fields named like a page's size and its place, both: the answer repeats what was asked. A style that is known
/// already stays.
fn echoed(operation: &Operation, leaves: &[Leaf<'_>]) -> Option<Pagination> {
    let declared = |name: &str| operation.parameters.iter().any(|p| norm(&p.name) == name);
    let number = |l: &&Leaf<'_>| l.numeric() && !declared(&l.name);
    let limit = leaves.iter().filter(number).find(|l| ECHOED_LIMITS.contains(&l.name.as_str()))?;
    let place =
        leaves.iter().filter(number).find(|l| l.path.len() == limit.path.len() && is_position(&l.name).is_some())?;
    let written = |l: &Leaf<'_>| l.path.last().cloned();
    if let Some(known) = &operation.pagination {
        let follows = matches!(known.style, PageStyle::LinkBody | PageStyle::LinkHeader);
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
    let own = LIMITS.iter().find_map(|n| {
        operation.parameters.iter().find(|p| p.place == ParamIn::Query && norm(&p.name) == *n).map(|p| p.name.clone())
    });
    Some(Pagination {
        param: Some(param.clone()),
        limit_param: own.or_else(|| limit.clone()),
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
}
