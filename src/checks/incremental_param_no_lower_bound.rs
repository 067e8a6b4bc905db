//! The mark of what was read, sent as something else than a lower bound.
//!
//! The connector sends the time of the newest record that it has read. As an upper bound it asks for what is known already; as
//! a cursor or a page size it is refused or taken for a place in the list. Stripe's `created[lte]` and `ending_before`, Shopify's
//! `updated_at_max` and the `until` of many stand right beside the ones that are meant.

use super::incremental_boundary_exclusive::text;
use super::incremental_param_unknown::known;
use super::told::says;
use super::used::Used;
use super::{Check, Subject};
use crate::base::text::{quoted, words};
use crate::contract::Paginate;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "incremental-param-no-lower-bound",
    summary: "incremental.param is an upper bound, or leads through the pages: what changed since the last pass is not asked for.",
    severity: Severity::Error,
    run,
};

const UPPER: [&str; 13] =
    ["lte", "lt", "le", "before", "until", "till", "to", "end", "ending", "max", "upper", "through", "thru"];
const LOWER: [&str; 16] = [
    "gte", "gt", "ge", "after", "since", "from", "start", "starting", "min", "lower", "newer", "begin", "greater",
    "later", "earliest", "changed",
];
const SAYS_UPPER: [&str; 17] = [
    "or before",
    "before this",
    "before that",
    "before the",
    "or earlier",
    "earlier than",
    "older than",
    "up to this",
    "up to and",
    "until this",
    "less than",
    "no later than",
    "not after",
    "upper bound",
    "end of the",
    "latest date",
    "latest time",
];
const SAYS_LOWER: [&str; 16] = [
    "or after",
    "after this",
    "after the",
    "or later",
    "later than",
    "newer than",
    "more recent",
    "since",
    "greater than",
    "from this",
    "starting",
    "lower bound",
    "on or after",
    "earliest",
    "start of the",
    "not before",
];

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.lists() {
        let Some(clause) = &used.flow.source.incremental else { continue };
        if !known(&used, &clause.param) {
            continue; // reported as that
        }
        let name = clause.param.as_str();
        let of_pages = pages(&used, name);
        let Some(what) = of_pages.or_else(|| upper(name, &text(&used, name))) else { continue };
        let message = format!("{} of {} {what}", quoted(name, 60), quoted(&used.operation.id, 80));
        let fix = match lower_beside(&used, name) {
            Some(other) => format!("write param: \"{}\", which is a lower bound", quoted(&other, 60)),
            None => {
                "use the parameter that takes a lower bound; or leave incremental out, so that every pass reads all"
                    .to_owned()
            }
        };
        out.push(subject.error(&CHECK, clause.param.at, message).fix(fix).because_of(&used.operation.pointer));
    }
}

/// What the parameter does to pages, where it does.
pub(super) fn pages(used: &Used<'_>, name: &str) -> Option<&'static str> {
    let known = used.operation.pagination.as_ref();
    let explicit = if let Paginate::Explicit(p) = &used.flow.source.paginate { Some(p) } else { None };
    let is = |given: Option<&str>| given == Some(name);
    if is(known.and_then(|p| p.param.as_deref())) || is(explicit.and_then(|p| p.param.as_ref()).map(|p| p.as_str())) {
        return Some("leads from page to page, and takes no time");
    }
    if is(known.and_then(|p| p.limit_param.as_deref()))
        || is(explicit.and_then(|p| p.limit_param.as_ref()).map(|p| p.as_str()))
    {
        return Some("is the size of a page");
    }
    match words(name).concat().as_str() {
        "page" | "pagenumber" | "pageno" | "pagetoken" | "cursor" | "nextcursor" | "offset" | "skip"
        | "startingafter" | "endingbefore" | "pageindex" => Some("leads from page to page, and takes no time"),
        "limit" | "pagesize" | "perpage" | "pagelimit" | "maxresults" => Some("is the size of a page"),
        "sort" | "sortby" | "order" | "orderby" => Some("says in which order records come"),
        _ => None,
    }
}

/// Whether it is an upper bound; its description goes before its name.
pub(super) fn upper(name: &str, told: &str) -> Option<&'static str> {
    const WHAT: &str = "is an upper bound: what changed after the last pass is left out, and what is known comes again";
    let (above, below) = (says(told, &SAYS_UPPER), says(told, &SAYS_LOWER));
    // "Changed before this are left out" is a lower bound.
    if says(told, &["left out", "excluded", "skipped", "omitted", "ignored"]) {
        return None;
    }
    if above != below {
        return above.then_some(WHAT);
    }
    let parts = words(name);
    let has = |set: &[&str]| parts.iter().any(|w| set.contains(&w.as_str()));
    (has(&UPPER) && !has(&LOWER)).then_some(WHAT)
}

/// The lower bound of the same pair: `created[gte]` beside `created[lte]`.
fn lower_beside(used: &Used<'_>, name: &str) -> Option<String> {
    if let Some(stated) = &used.operation.incremental {
        return (stated.param != name).then(|| stated.param.clone());
    }
    const PAIRS: [(&str, &str); 11] = [
        ("lte", "gte"),
        ("lt]", "gte]"),
        ("before", "since"),
        ("before", "after"),
        ("until", "since"),
        ("until", "from"),
        ("_to", "_from"),
        ("to", "from"),
        ("end", "start"),
        ("max", "min"),
        ("To", "From"),
    ];
    let tried = PAIRS.iter().filter(|(from, _)| name.contains(from)).map(|(from, to)| name.replace(from, to));
    tried.into_iter().find(|candidate| candidate != name && known(used, candidate) && !upper_inside(used, candidate))
}

/// A deep object that has no such bound: `created[gte]` where `created` has `lte` alone.
fn upper_inside(used: &Used<'_>, candidate: &str) -> bool {
    let Some((object, bound)) = candidate.split_once('[') else { return false };
    if used.operation.parameter(candidate).is_some() {
        return false;
    }
    let schema = used.operation.parameter(object).and_then(|p| p.schema);
    schema.is_none_or(|id| used.system.schemas.property(id, bound.trim_end_matches(']')).is_none())
}

#[cfg(test)]
mod tests {
    use super::upper;

    #[test]
    fn an_upper_bound_is_told_by_its_words() {
        for (name, text, told) in [
            ("created[lte]", "", true),
            ("updated_before", "", true),
            ("until", "", true),
            ("end_date", "", true),
            ("updated_at_max", "", true),
            ("date_to", "", true),
            ("cutoff", "Only records changed at or before this time.", true),
            ("created[gte]", "", false),
            ("updated_since", "", false),
            ("updated_after", "", false),
            ("to", "Records changed at or after this time.", false),
            ("cutoff", "Records changed before this time are left out.", false),
            ("start_date", "", false),
            ("modified", "", false),
            ("from_end", "", false),
        ] {
            assert_eq!(upper(name, text).is_some(), told, "{name}: {text}");
        }
    }
}
