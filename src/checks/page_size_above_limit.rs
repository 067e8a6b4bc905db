//! Pages larger than the source gives.

use std::cell::LazyCell;

use serde_json::Value;

use super::places::Places;
use super::used::Used;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::base::yaml::Span;
use crate::contract::Paginate;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "page-size-above-limit",
    summary: "paginate.limit, or a parameter for the page size, asks for more records than the description allows: it is refused, or cut \
              without a word.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let places = LazyCell::new(|| Places::of(subject.text));
    for used in subject.lists() {
        let Some((at, asked, most, name)) = asked(&|path| places.value(path), &used) else { continue };
        if asked <= most {
            continue;
        }
        let id = quoted(&used.operation.id, 80);
        let message = format!("{asked} records a page are asked for, and {name} of {id} takes {most} at most");
        let fix = format!("ask for {most} or fewer");
        let finding = subject.error(&CHECK, at, message).fix(fix).because_of(&used.operation.pointer);
        out.push(finding.word(asked.to_string(), most.to_string()));
    }
}

/// Where a page size is asked for, how large, the most that is stated, and the parameter.
fn asked(place: &dyn Fn(&str) -> Option<Span>, used: &Used<'_>) -> Option<(Span, u64, u64, String)> {
    let source = &used.flow.source;
    let known = used.operation.pagination.as_ref();
    let explicit = match &source.paginate {
        Paginate::Explicit(p) => Some(p),
        Paginate::Auto => None,
    };
    let param = explicit.and_then(|p| p.limit_param.as_ref()).map(|p| p.value.as_str());
    let param = param.or_else(|| known.and_then(|p| p.limit_param.as_deref()))?;
    let of_schema = || {
        let id = used.operation.parameter(param)?.schema?;
        let schema = used.system.schemas.get(id);
        let most = schema.maximum.as_ref()?.as_u64()?;
        Some(if schema.exclusive_maximum { most.saturating_sub(1) } else { most })
    };
    let stated = known.filter(|p| p.limit_param.as_deref() == Some(param)).and_then(|p| p.limit_max);
    let most = stated.or_else(of_schema)?;
    let shown = quoted(param, 60);
    if let Some((name, value)) = source.params.iter().find(|(n, _)| n.value == param) {
        return Some((name.at, number(value)?, most, shown));
    }
    let limit = explicit?.limit?;
    let path = format!("flows.{}.source.paginate.limit", used.flow.name);
    Some((place(&path).unwrap_or(source.at), limit, most, shown))
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
