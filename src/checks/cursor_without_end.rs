//! Pages that cannot be followed, or never end.

use super::used::Used;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::base::yaml::Span;
use crate::contract::{ExplicitPages, Paginate};
use crate::finding::{Finding, Severity};
use crate::mapping::{Path, field};
use crate::model::{PageStyle, Pagination, TypeSet};

pub(super) static CHECK: Check = Check {
    code: "cursor-without-end",
    summary: "The pagination lacks what leads to the next page or ends it: the parameter or the next cursor.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.lists() {
        let (at, lacks): (Span, _) = match (&used.flow.source.paginate, &used.operation.pagination) {
            (Paginate::Explicit(p), known) => (p.at, explicit(p, known.as_ref()).or_else(|| astray(&used, p))),
            (Paginate::Auto, Some(p)) => (used.name.at, lacking(p.style, p.param.is_some(), p.next.is_some())),
            (Paginate::Auto, None) => continue,
        };
        if let Some((lacks, fix)) = lacks.or_else(|| unsendable(&used)) {
            let message = format!("the pages of {} cannot be followed: {lacks}", quoted(&used.operation.id, 80));
            out.push(subject.error(&CHECK, at, message).fix(fix).because_of(&used.operation.pointer));
        }
    }
}

/// A search that is a POST, and asked for its pages in a way that the connector cannot write.
fn unsendable(used: &Used<'_>) -> Option<(&'static str, &'static str)> {
    let operation = used.operation;
    let body = operation.body.as_ref().filter(|_| operation.asks_in_body())?;
    if !body.is_json_or_form() {
        return Some((
            "it is asked for by a body that is neither JSON nor a form",
            "read a list that is a GET or takes JSON, or write this connector in code",
        ));
    }
    let known = operation.pagination.as_ref();
    let names: Vec<&str> = match &used.flow.source.paginate {
        Paginate::Explicit(p) => p.param.iter().chain(&p.limit_param).map(|n| n.as_str()).collect(),
        Paginate::Auto => known.iter().flat_map(|p| p.param.iter().chain(&p.limit_param)).map(String::as_str).collect(),
    };
    let schemas = &used.system.schemas;
    let one = TypeSet::STRING.with(TypeSet::INTEGER).with(TypeSet::NUMBER);
    let many = |name: &&str| {
        let types = operation.body_field(schemas, name).map(|s| schemas.get(s).types.without(TypeSet::NULL));
        operation.parameter(name).is_none() && types.is_some_and(|t| !t.is_any() && !t.has(one))
    };
    names.into_iter().any(|n| many(&n)).then_some((
        "what leads to them in the body of the request is a list or an object, and the connector sends one text or number there",
        "read a list whose cursor is one value, or write this connector in code",
    ))
}

/// The path of what comes next leads nowhere in the answer: it would be read as the end.
fn astray(used: &Used<'_>, p: &ExplicitPages) -> Option<(&'static str, &'static str)> {
    let answer = used.operation.success()?.schema?;
    let next = p.next.as_ref()?;
    let leads = Path::parse(next).is_ok_and(|path| field(&used.system.schemas, answer, &path).is_ok());
    let by_path = matches!(p.style, PageStyle::Cursor | PageStyle::LinkBody);
    (by_path && !leads).then_some((
        "the answer has nothing at paginate.next, so the first page would be taken for the last",
        "write next: the dotted path of the next cursor or link in the answer",
    ))
}

/// What the contract leaves open may still be known from the description, where the style is the same.
fn explicit(p: &ExplicitPages, known: Option<&Pagination>) -> Option<(&'static str, &'static str)> {
    let known = known.filter(|k| k.style == p.style);
    let param = p.param.is_some() || known.is_some_and(|k| k.param.is_some());
    let next = p.next.is_some() || known.is_some_and(|k| k.next.is_some());
    lacking(p.style, param, next)
}

const fn lacking(style: PageStyle, param: bool, next: bool) -> Option<(&'static str, &'static str)> {
    match style {
        PageStyle::Cursor if !param => Some(("no parameter takes the cursor", "add param to paginate")),
        PageStyle::Cursor if !next => Some((
            "nothing says where the next cursor stands, so the first page would be read for ever",
            "add next to paginate: the dotted path of the next cursor in the answer",
        )),
        PageStyle::Page | PageStyle::Offset if !param => {
            Some(("no parameter takes the page or offset", "add param to paginate"))
        }
        PageStyle::LinkBody if !next => {
            Some(("nothing says where the next link stands", "add next to paginate: the dotted path of the link"))
        }
        PageStyle::Cursor | PageStyle::Page | PageStyle::Offset | PageStyle::LinkBody | PageStyle::LinkHeader => None,
    }
}
