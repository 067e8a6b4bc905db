//! A list in another order than that of its changes, read page by page up to the newest change seen.
//!
//! A record that changes after its page was read, while a later page brings a newer change, lies below the next lower bound.
//! In the order of changes, either way round, it cannot: what changes moves to an end.

use serde_json::Value;

use super::told::{BIRTH, CHANGE, has_word, leaf};
use super::used::Used;
use super::{Check, Subject};
use crate::base::text::{quoted, words};
use crate::base::yaml::Span;
use crate::contract::Paginate;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "sorted-by-other-field",
    summary: "Only changes are read, from a list with pages that is sorted by something else: a record that changes while it is read \
              may be passed over for good.",
    severity: Severity::Warning,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.lists() {
        let Some(clause) = &used.flow.source.incremental else { continue };
        let paged = used.operation.pagination.is_some() || matches!(used.flow.source.paginate, Paginate::Explicit(_));
        // What tells of creation or only counts up does not move.
        if !paged || !has_word(leaf(&clause.field), &CHANGE) {
            continue;
        }
        let Some((at, by)) = other(&used, leaf(&clause.field)) else { continue };
        let field = quoted(&clause.field, 60);
        let message = format!(
            "{} is sorted by {}, not by {field}: a record that changes while pages are read may be passed over",
            quoted(&used.operation.id, 80),
            quoted(&by, 60)
        );
        let sort = used.operation.parameters.iter().find(|p| sorts(&p.name));
        let fix = match sort {
            Some(p) => {
                format!("ask for that order in source.params, by {}: {field}, where it takes it", quoted(&p.name, 60))
            }
            None => "leave incremental out, so that every pass reads all".to_owned(),
        };
        out.push(subject.warning(&CHECK, at, message).fix(fix).because_of(&used.operation.pointer));
    }
}

/// What the list is sorted by where that is another field of the record, and the clause that leads to it.
fn other(used: &Used<'_>, field: &str) -> Option<(Span, String)> {
    let source = &used.flow.source;
    if let Some((name, value)) =
        source.params.iter().find(|(n, v)| sorts(n) && v.as_str().is_some_and(|v| !core(v).is_empty()))
    {
        return differs(used, field, value.as_str()?).map(|by| (name.at, by));
    }
    let at = source.incremental.as_ref()?.field.at;
    let default = used
        .operation
        .parameters
        .iter()
        .filter(|p| sorts(&p.name))
        .find_map(|p| used.system.schemas.get(p.schema?).default.as_deref().and_then(Value::as_str));
    if let Some(default) = default.filter(|d| !core(d).is_empty()) {
        return differs(used, field, default).map(|by| (at, by));
    }
    let told = used
        .system
        .facts_named("ordering")
        .find(|f| f.value.get("operation").and_then(Value::as_str) == Some(used.operation.id.as_str()))?;
    let says = told.value.get("says").and_then(Value::as_str)?.to_lowercase();
    let markers = ["order of ", "ordered by ", "sorted by ", "sort by ", "order by "];
    let rest = markers.iter().find_map(|m| says.split_once(m).map(|(_, rest)| rest))?;
    let first: String = rest.chars().take(40).collect();
    let clause = first.split(['.', ',', ';', '(']).next().unwrap_or_default();
    differs(used, field, clause).map(|by| (at, by))
}

fn sorts(name: &str) -> bool {
    let joined = words(name).concat();
    ["sort", "sortby", "order", "orderby", "ordering", "sortfield", "sortkey", "sorts"].contains(&joined.as_str())
}

/// The field of the record that a sort names, where it is not this one.
fn differs(used: &Used<'_>, field: &str, sort: &str) -> Option<String> {
    let told = core(sort);
    let meant = core(field);
    let within = |part: &[String]| !part.is_empty() && told.windows(part.len()).any(|w| w == part);
    if within(&meant) {
        return None;
    }
    let fields = used.system.schemas.properties(used.operation.record?);
    fields.into_iter().map(|(name, _)| name).find(|name| within(&core(name))).map(str::to_owned)
}

/// The words that tell what is meant: `-updated_at`, `updated desc` and `time of the last change` are all `changed`.
fn core(text: &str) -> Vec<String> {
    const AROUND: [&str; 20] = [
        "at",
        "on",
        "date",
        "time",
        "timestamp",
        "asc",
        "desc",
        "ascending",
        "descending",
        "the",
        "of",
        "in",
        "last",
        "their",
        "its",
        "a",
        "by",
        "utc",
        "datetime",
        "field",
    ];
    let kept = words(text).into_iter().filter(|w| !AROUND.contains(&w.as_str()));
    kept.map(|w| match w.as_str() {
        w if CHANGE.contains(&w) => "changed".to_owned(),
        w if BIRTH.contains(&w) => "created".to_owned(),
        _ => w,
    })
    .collect()
}
