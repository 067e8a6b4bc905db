//! A fixed value of a parameter that the connector fills itself: both are sent, and every server reads two in its own way.
//!
//! RFC 3986 gives a repeated name in a query no meaning; frameworks take the first, the last, or a list.

use super::used::{Role, Used};
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::{Paginate, Write};
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "param-sent-twice",
    summary: "params fixes a parameter that the connector fills: the lower bound of changes, the place or size of a page, or what a record is \
              found by.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.used() {
        // Variables of a GraphQL request are set once.
        if used.operation.root_field.is_some() {
            continue;
        }
        match used.role {
            Role::List => source(subject, &used, out),
            Role::Find => target(subject, &used, out),
            Role::Create | Role::Update | Role::Put | Role::Bulk | Role::Delete => {}
        }
    }
}

fn source(subject: &Subject<'_>, used: &Used<'_>, out: &mut Vec<Finding>) {
    let source = &used.flow.source;
    let known = used.operation.pagination.as_ref();
    let explicit = if let Paginate::Explicit(p) = &source.paginate { Some(p) } else { None };
    let same_style = known.filter(|k| explicit.is_none_or(|e| e.style == k.style));
    let place = explicit.and_then(|p| p.param.as_ref()).map(|p| p.as_str());
    let place = place.or_else(|| same_style.and_then(|k| k.param.as_deref()));
    let size = explicit.and_then(|p| p.limit_param.as_ref()).map(|p| p.as_str());
    let size = size.or_else(|| same_style.and_then(|k| k.limit_param.as_deref()));
    // As the connector asks for pages: what the contract says, else the largest that is stated, within reason.
    let asked = explicit.and_then(|p| p.limit).or_else(|| same_style.and_then(|k| k.limit_max).map(|m| m.min(500)));
    for (name, value) in &source.params {
        let shown = quoted(name, 60);
        let id = quoted(&used.operation.id, 80);
        let given = value.as_u64().or_else(|| value.as_str().and_then(|t| t.parse().ok()));
        if source.incremental.as_ref().is_some_and(|i| i.param.value == name.value) {
            let message =
                format!("{shown} of {id} is fixed, and is the lower bound of incremental too: each pass sends both");
            let fix = "take it out of params: the bound moves with what was read";
            out.push(subject.error(&CHECK, name.at, message).fix(fix).because_of(&used.operation.pointer));
        } else if source.feed.as_ref().and_then(|f| f.param.as_ref()).is_some_and(|p| p.value == name.value) {
            let message = format!(
                "{shown} of {id} is fixed, and takes the token of feed too: each pass but the first sends both"
            );
            let fix = "take it out of params: the token moves with what was read";
            out.push(subject.error(&CHECK, name.at, message).fix(fix).because_of(&used.operation.pointer));
        } else if place == Some(name.as_str()) {
            let message = format!(
                "{shown} of {id} is fixed, and leads from page to page: each page but the first is asked for with both"
            );
            let fix = "take it out of params: pages are followed from the first on";
            out.push(subject.error(&CHECK, name.at, message).fix(fix).because_of(&used.operation.pointer));
        } else if size == Some(name.as_str())
            && let (Some(given), Some(asked)) = (given, asked)
            && (1..asked).contains(&given)
        {
            let message =
                format!("{shown} of {id} is sent twice: {given} from params, and {asked} as the size of a page");
            let fix = format!(
                "take it out of params, and write paginate: {{style: …, limit: {given}}} where smaller pages are wanted"
            );
            out.push(subject.warning(&CHECK, name.at, message).fix(fix).because_of(&used.operation.pointer));
        }
    }
}

fn target(subject: &Subject<'_>, used: &Used<'_>, out: &mut Vec<Finding>) {
    let Write::Upsert { matching, .. } = &used.flow.target.write else { return };
    let Some(param) = used.operation.parameter_for(matching) else { return };
    for (name, _) in used.flow.target.params.iter().filter(|(n, _)| n.value == param.name) {
        let message = format!(
            "{} of {} is fixed, and takes {} of each record too: no search finds anything",
            quoted(name, 60),
            quoted(&used.operation.id, 80),
            quoted(matching, 60)
        );
        out.push(subject.error(&CHECK, name.at, message).fix("take it out of params").because_of(&param.pointer));
    }
}
