//! Changes are to be followed by a token that the list does not give, or does not take, or by a link where pages do not follow links:
//! each pass reads everything, or stops.
//!
//! OData JSON Format 4.01 section 4.5.6 (`deltaLink`); Google Calendar, "Synchronize resources efficiently" (`syncToken`).

use super::incremental_param_unknown::known;
use super::used::Used;
use super::{Check, Subject, among};
use crate::base::text::quoted;
use crate::contract::Paginate;
use crate::finding::{Finding, Severity};
use crate::model::SchemaId;

pub(super) static CHECK: Check = Check {
    code: "feed-unknown",
    summary: "feed.token is no field of the list's answer, or feed.param is none of its parameters, or is missing where pages follow no links.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.lists() {
        let Some(feed) = &used.flow.source.feed else { continue };
        let id = quoted(&used.operation.id, 80);
        if let Some(param) = feed.param.as_ref().filter(|p| !known(&used, p)) {
            let message = format!("{id} has no query parameter \"{}\"", quoted(param, 60));
            let fix = match used.operation.feed.as_ref().and_then(|f| f.param.as_ref()) {
                Some(param) => format!("the description has {} for this", quoted(param, 60)),
                None => among(param, used.operation.parameters.iter().map(|p| p.name.as_str())),
            };
            out.push(subject.error(&CHECK, param.at, message).fix(fix).because_of(&used.operation.pointer));
        }
        let style = match &used.flow.source.paginate {
            Paginate::Auto => used.operation.pagination.as_ref().map(|p| p.style),
            Paginate::Explicit(pages) => Some(pages.style),
        };
        if feed.param.is_none() && style.is_some_and(|s| !s.follows_links()) {
            let token = quoted(&feed.token, 60);
            let message =
                format!("feed has no param, so that {token} is to be a link, and the pages of {id} follow no links");
            let fix = match used.operation.feed.as_ref().and_then(|f| f.param.as_ref()) {
                Some(param) => format!("the description has {} for this; write param: {0}", quoted(param, 60)),
                None => "name the parameter that takes it: {token: …, param: …}; or paginate by link".to_owned(),
            };
            out.push(subject.error(&CHECK, feed.token.at, message).fix(fix).because_of(&used.operation.pointer));
        }
        let Some(answer) = used.operation.success().and_then(|r| r.schema) else { continue };
        if !shows(&used, answer, &feed.token) {
            let schemas = &used.system.schemas;
            let message = format!("the answer of {id} has no field \"{}\"", quoted(&feed.token, 60));
            let fix = match &used.operation.feed {
                Some(known) => format!("the description has {} for this", quoted(&known.token.join("."), 60)),
                None => among(&feed.token, schemas.properties(answer).into_keys()),
            };
            out.push(subject.error(&CHECK, feed.token.at, message).fix(fix).because_of(&schemas.get(answer).pointer));
        }
    }
}

/// Whether the answer has such a field: a name as it is written, or a path. What takes any field may have it.
fn shows(used: &Used<'_>, answer: SchemaId, token: &str) -> bool {
    let schemas = &used.system.schemas;
    if schemas.property(answer, token).is_some() || schemas.properties(answer).is_empty() {
        return true;
    }
    let mut at = answer;
    for name in token.split('.') {
        match schemas.property(at, name) {
            Some((next, _)) => at = next,
            None => return false,
        }
    }
    true
}
