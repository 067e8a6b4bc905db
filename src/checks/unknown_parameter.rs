//! A parameter that the operation does not take.

use super::used::{Role, Used};
use super::{Check, Subject, among};
use crate::base::text::quoted;
use crate::base::yaml::Spanned;
use crate::contract::Paginate;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "unknown-parameter",
    summary: "params or paginate names a parameter that the operation does not take.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let used = subject.used_by(flow);
        let lists: Vec<&Used<'_>> = used.iter().filter(|u| u.role == Role::List).collect();
        let writes: Vec<&Used<'_>> = used.iter().filter(|u| u.role != Role::List).collect();
        let mut asked: Vec<&Spanned<String>> = flow.source.params.iter().map(|(n, _)| n).collect();
        if let Paginate::Explicit(p) = &flow.source.paginate {
            asked.extend(p.param.iter().chain(&p.limit_param));
        }
        out.extend(asked.into_iter().filter_map(|n| look(subject, &lists, n)));
        // One unread operation may be the one that takes it.
        if writes.len() == flow.target.operations().len() {
            out.extend(flow.target.params.iter().filter_map(|(n, _)| look(subject, &writes, n)));
        }
    }
}

fn look(subject: &Subject<'_>, used: &[&Used<'_>], name: &Spanned<String>) -> Option<Finding> {
    let same = |p: &str| p == name.value || p.eq_ignore_ascii_case(name);
    let below = |u: &&Used<'_>| {
        let schemas = &u.system.schemas;
        u.operation.argument(schemas, name).is_some() || u.operation.body_is_free(schemas)
    };
    if used.is_empty() || used.iter().any(|u| below(u) || u.operation.parameters.iter().any(|p| same(&p.name))) {
        return None;
    }
    let ids: Vec<String> = used.iter().map(|u| quoted(&u.operation.id, 60)).collect();
    let in_bodies: Vec<String> = used.iter().flat_map(|u| u.operation.body_fields(&u.system.schemas)).collect();
    let names = || {
        let parameters = used.iter().flat_map(|u| u.operation.parameters.iter().map(|p| p.name.as_str()));
        parameters.chain(in_bodies.iter().map(String::as_str))
    };
    let message = format!("{} has no parameter \"{}\"", ids.join(", "), quoted(name, 60));
    Some(subject.error(&CHECK, name.at, message).fix(among(name, names())).meant(name, names()))
}
