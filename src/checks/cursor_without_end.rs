//! Pages that cannot be followed, or never end.

use super::used::Used;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::base::yaml::Span;
use crate::contract::{ExplicitPages, Paginate};
use crate::finding::{Finding, Severity};
use crate::mapping::{Path, field};
use crate::model::{PageStyle, Pagination};

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
            (Paginate::Auto, Some(_)) if used.operation.pages_in_body() => (used.name.at, Some(IN_BODY)),
            (Paginate::Auto, Some(p)) => (used.name.at, lacking(p.style, p.param.is_some(), p.next.is_some())),
            (Paginate::Auto, None) => continue,
        };
        if let Some((lacks, fix)) = lacks {
            let message = format!("the pages of {} cannot be followed: {lacks}", quoted(&used.operation.id, 80));
            out.push(subject.error(&CHECK, at, message).fix(fix).because_of(&used.operation.pointer));
        }
    }
}

/// The connector writes no bodies for reads.
const IN_BODY: (&str, &str) = (
    "the next page is asked for in the body of the request, which the connector does not write",
    "read a list that is paged by query parameters, or write this connector in code",
);

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
