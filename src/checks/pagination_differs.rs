//! Pages that the contract spells out in another way than the list has them.
//!
//! A page number that grows by records, a cursor sent as a page size, or a count that begins past the first page reads a part of
//! the list and calls it the whole.

use super::used::{Role, Used};
use super::{Check, Subject};
use crate::base::text::{quoted, words};
use crate::base::yaml::Span;
use crate::contract::{ExplicitPages, Paginate};
use crate::finding::{Finding, Severity};
use crate::mapping::{Path, field};
use crate::model::{PageStyle, Pagination, Parameter, TypeSet, counts_from_zero};

pub(super) static CHECK: Check = Check {
    code: "pagination-differs",
    summary: "paginate contradicts the list: the style of another parameter, size and place exchanged, records or next step at a path of \
              another kind, or a first page that is never read.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.used().into_iter().filter(|u| u.role == Role::List) {
        let Paginate::Explicit(p) = &used.flow.source.paginate else { continue };
        let known = used.operation.pagination.as_ref();
        let found =
            exchanged(p, known).or_else(|| style(p, known)).or_else(|| paths(&used, p)).or_else(|| first(&used, p));
        if let Some((at, because)) = found {
            let message = format!("the pages of {} are others: {because}", quoted(&used.operation.id, 80));
            let fix = known.map_or_else(
                || "write paginate as the description of the list has it".to_owned(),
                |k| {
                    format!("write paginate: auto, by which the list is read as it is described ({})", k.style.as_str())
                },
            );
            out.push(subject.error(&CHECK, at, message).fix(fix).because_of(&used.operation.pointer));
            continue;
        }
        if let Some(at) = unsent(&used, p) {
            let message = format!(
                "paginate.limit is not sent: no parameter of {} is known to take it",
                quoted(&used.operation.id, 80)
            );
            let fix = "add limit_param: the parameter that takes the page size; or leave limit out";
            out.push(subject.warning(&CHECK, at, message).fix(fix).because_of(&used.operation.pointer));
        }
    }
}

type Why = (Span, String);

/// Place and size exchanged.
fn exchanged(p: &ExplicitPages, known: Option<&Pagination>) -> Option<Why> {
    if let (Some(param), Some(limit)) = (&p.param, &p.limit_param)
        && param.value == limit.value
    {
        return Some((limit.at, format!("{} cannot be both place and size of a page", quoted(limit, 60))));
    }
    let param = p.param.as_ref().filter(|param| {
        known.is_some_and(|k| k.limit_param.as_deref() == Some(param.as_str())) || role(param) == Some(Part::Size)
    });
    if let Some(param) = param {
        return Some((param.at, format!("{} is the size of a page, not its place", quoted(param, 60))));
    }
    let limit = p.limit_param.as_ref().filter(|limit| {
        known.is_some_and(|k| k.param.as_deref() == Some(limit.as_str()))
            || matches!(role(limit), Some(Part::Page | Part::Offset | Part::Cursor))
    })?;
    Some((limit.at, format!("{} is the place of a page, not its size", quoted(limit, 60))))
}

/// The style of another parameter.
fn style(p: &ExplicitPages, known: Option<&Pagination>) -> Option<Why> {
    let param = p.param.as_ref()?;
    if let Some(k) = known.filter(|k| k.param.as_deref() == Some(param.as_str())) {
        // A list may hand out links beside a counter; following them is as good.
        if k.style == p.style || p.style.follows_links() {
            return None;
        }
        if !k.style.follows_links() {
            return Some((param.at, {
                let (own, said) = (k.style.as_str(), p.style.as_str());
                format!("{} is a parameter of style {own}, not {said}", quoted(param, 60))
            }));
        }
    }
    let means = match role(param)? {
        Part::Page => PageStyle::Page,
        Part::Offset => PageStyle::Offset,
        Part::Cursor => PageStyle::Cursor,
        Part::Size => return None,
    };
    let counted = |s| matches!(s, PageStyle::Page | PageStyle::Offset | PageStyle::Cursor);
    // Some call a cursor a page or an offset.
    (counted(p.style) && p.style != means && p.style != PageStyle::Cursor).then(|| {
        (param.at, format!("{} names a {}, and style is {}", quoted(param, 60), means.as_str(), p.style.as_str()))
    })
}

/// Records and next step at paths that hold something else.
fn paths(used: &Used<'_>, p: &ExplicitPages) -> Option<Why> {
    let answer = used.operation.success()?.schema?;
    let at = |path: &str| field(&used.system.schemas, answer, &Path::parse(path).ok()?).ok();
    let only = |types: TypeSet, allowed: TypeSet| !types.is_any() && !types.has(allowed);
    if let Some(items) = &p.items {
        let whole = used.operation.items.is_some();
        match at(items) {
            Some(kind) if only(kind.types, TypeSet::ARRAY) => {
                return Some((items.at, format!("{} is {}, not a list of records", quoted(items, 60), kind.types)));
            }
            None if whole => return Some((items.at, format!("the answer has nothing at {}", quoted(items, 60)))),
            _ => {}
        }
    }
    let next = p.next.as_ref()?;
    let kind = at(next)?;
    let scalar = TypeSet::STRING.with(TypeSet::INTEGER).with(TypeSet::NUMBER);
    let wanted = if p.style == PageStyle::LinkBody { TypeSet::STRING } else { scalar };
    (matches!(p.style, PageStyle::Cursor | PageStyle::LinkBody) && only(kind.types, wanted))
        .then(|| (next.at, format!("{} is {}, not what leads to the next page", quoted(next, 60), kind.types)))
}

/// The connector counts from one where the description does not tell it of pages: a list that counts from zero loses its first.
fn first(used: &Used<'_>, p: &ExplicitPages) -> Option<Why> {
    let known = used.operation.pagination.as_ref();
    if p.style != PageStyle::Page || known.is_some_and(|k| k.style == PageStyle::Page) {
        return None;
    }
    let name = p.param.as_ref()?;
    let parameter = used.operation.parameter(name)?;
    from_zero(used, parameter)
        .then(|| (name.at, format!("{} counts from 0, and pages would be read from 1 on", quoted(name, 60))))
}

fn from_zero(used: &Used<'_>, parameter: &Parameter) -> bool {
    let schema = parameter.schema.map(|id| used.system.schemas.get(id));
    let default = schema.and_then(|s| s.default.as_deref()).and_then(serde_json::Value::as_u64);
    counts_from_zero(&parameter.description) || default == Some(0)
}

/// A page size that goes nowhere.
fn unsent(used: &Used<'_>, p: &ExplicitPages) -> Option<Span> {
    let known = used.operation.pagination.as_ref().filter(|k| k.style == p.style);
    let sent = p.limit_param.is_some() || known.is_some_and(|k| k.limit_param.is_some());
    (p.limit.is_some() && !sent).then_some(p.at)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Page,
    Offset,
    Cursor,
    Size,
}

/// What a parameter of this name is in practice, where that is beyond doubt.
fn role(name: &str) -> Option<Part> {
    Some(match words(name).concat().as_str() {
        "page" | "pagenumber" | "pageno" | "pageindex" | "pagenum" => Part::Page,
        "offset" | "skip" | "startindex" | "firstrecord" => Part::Offset,
        "cursor" | "pagetoken" | "nextcursor" | "continuationtoken" | "startingafter" => Part::Cursor,
        "limit" | "perpage" | "pagesize" | "pagelimit" | "maxresults" | "maxrecords" => Part::Size,
        _ => return None,
    })
}
