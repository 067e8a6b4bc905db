//! A list that can be counted through only so far.
//!
//! Offsets are costly, and many bound them: Elasticsearch and what stands on it at 10,000 (`index.max_result_window`), HubSpot's
//! and Salesforce's searches likewise. A first pass over more records ends in an error at that page, each time.

use super::prose::{of_operation, of_system};
use super::used::Used;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::Paginate;
use crate::finding::{Finding, Severity};
use crate::model::PageStyle;

pub(super) static CHECK: Check = Check {
    code: "offset-window-exceeded",
    summary: "The list is paged by number or offset, and the description bounds how far it can be read: the records beyond are never reached.",
    severity: Severity::Warning,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.lists() {
        let (style, param) = match (&used.flow.source.paginate, &used.operation.pagination) {
            (Paginate::Explicit(p), known) => {
                let same = known.as_ref().filter(|k| k.style == p.style);
                (p.style, p.param.as_ref().map(|p| p.as_str()).or_else(|| same.and_then(|k| k.param.as_deref())))
            }
            (Paginate::Auto, Some(k)) => (k.style, k.param.as_deref()),
            (Paginate::Auto, None) => continue,
        };
        if !matches!(style, PageStyle::Page | PageStyle::Offset) {
            continue;
        }
        let Some((most, pointer)) = param.and_then(|p| by_schema(&used, style, p)).or_else(|| by_words(&used, param))
        else {
            continue;
        };
        let message = format!(
            "{} can be read up to record {most} and no further: a pass over more of them stops there, each time anew",
            quoted(&used.operation.id, 80)
        );
        let fix = "read by cursor where the source has one; or read the list in parts that stay below it, a flow each, by source.params; or say \
                   in a constraint how many records there are at most, and take this under accepted";
        out.push(subject.warning(&CHECK, used.name.at, message).fix(fix).because_of(pointer));
    }
}

/// The bound of the parameter's own schema, in records. A bound as large as the integer's own is none.
fn by_schema(used: &Used<'_>, style: PageStyle, param: &str) -> Option<(u64, String)> {
    const REAL: u64 = 1_000_000;
    if used.operation.pagination.as_ref().is_some_and(|p| p.limit_param.as_deref() == Some(param)) {
        return None; // reported as that
    }
    let parameter = used.operation.parameter(param)?;
    let most =
        used.system.schemas.get(parameter.schema?).maximum.as_ref()?.as_u64().filter(|m| *m > 0 && *m <= REAL)?;
    let records = if style == PageStyle::Page {
        most.checked_mul(used.operation.pagination.as_ref().and_then(|p| p.limit_max)?)?
    } else {
        most
    };
    Some((records, parameter.pointer.clone()))
}

/// A bound that a sentence about the list, its place, or paging in general states.
fn by_words(used: &Used<'_>, place: Option<&str>) -> Option<(u64, String)> {
    const BOUNDS: [&str; 16] = [
        "beyond",
        "past the first",
        "more than the first",
        "only the first 10",
        "deeper than",
        "paginate past",
        "page past",
        "offset + limit",
        "offset plus limit",
        "offset and limit",
        "skip + limit",
        "page * per_page",
        "result window",
        "first 10,000",
        "first 10000",
        "total of 10,000",
    ];
    const OTHER: [&str; 6] = ["in the range", "between", "per second", "per minute", "characters", "bytes"];
    // "Use skip to fetch results beyond the first 5,000" bounds nothing.
    const REFUSES: [&str; 18] = [
        "cannot",
        "can not",
        "can't",
        "not possible",
        "not supported",
        "refused",
        "rejected",
        "error",
        "only",
        "limited",
        "must not",
        "may not",
        "at most",
        "no more",
        "not be",
        "unavailable",
        "exceed",
        "must be",
    ];
    let own = of_operation(used.system, used.operation).into_iter();
    let general = of_system(used.system).into_iter().filter(|t| t.says(&["offset", "pagination", "paging", "pages"]));
    let params = used.operation.parameters.iter().filter(|p| place == Some(p.name.as_str()));
    let params = params.map(|p| super::prose::Told { text: &p.description, pointer: &p.pointer });
    own.chain(params).chain(general).find_map(|t| {
        let bounds = t.says(&BOUNDS) && t.says(&REFUSES) && !t.says(&OTHER);
        bounds.then(|| number(t.text)).flatten().map(|n| (n, t.pointer.to_owned()))
    })
}

/// The first number from a thousand on, commas aside.
fn number(text: &str) -> Option<u64> {
    let parts = text.split(|c: char| !(c.is_ascii_digit() || c == ',' || c == '_'));
    let numbers = parts.filter_map(|p| p.replace([',', '_'], "").parse::<u64>().ok());
    // A year is no bound.
    numbers.filter(|n| *n >= 1000 && !(1990..2100).contains(n)).find(|n| *n <= 10_000_000)
}
