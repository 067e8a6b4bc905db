//! Where a contract says what a change of a call is about: its auth, its rate, its pages, a parameter, else the operation.

use crate::base::yaml::{Span, Spanned};
use crate::contract::{Contract, Flow, Paginate, Write};
use crate::drift::change::Change;
use crate::model::Operation;

/// A parameter or header that a flow sends.
pub(super) struct Sent<'a> {
    pub(super) name: &'a str,
    at: Option<Span>,
    clause: &'static str,
}

impl<'a> Sent<'a> {
    fn written(name: &'a Spanned<String>, clause: &'static str) -> Self {
        Self { name: &name.value, at: Some(name.at), clause }
    }
}

/// What the source of a flow sends to the operation it reads with.
pub(super) fn sent_by_source<'a>(flow: &'a Flow, operation: Option<&'a Operation>) -> Vec<Sent<'a>> {
    let source = &flow.source;
    let mut out: Vec<Sent<'_>> = source.params.iter().map(|(n, _)| Sent::written(n, "source.params")).collect();
    out.extend(source.incremental.as_ref().map(|i| Sent::written(&i.param, "source.incremental.param")));
    let token = source.feed.as_ref().and_then(|f| f.param.as_ref());
    out.extend(token.map(|p| Sent::written(p, "source.feed.param")));
    match &source.paginate {
        Paginate::Explicit(p) => {
            let named = [&p.param, &p.limit_param].into_iter().flatten();
            out.extend(named.map(|p| Sent::written(p, "source.paginate")));
        }
        Paginate::Auto => {
            let pages = operation.and_then(|o| o.pagination.as_ref());
            let named = pages.into_iter().flat_map(|p| [&p.param, &p.limit_param]).flatten();
            out.extend(named.map(|name| Sent { name, at: None, clause: "source.paginate" }));
        }
    }
    out
}

/// What the target of a flow sends to the operation in this role.
pub(super) fn sent_by_target<'a>(flow: &'a Flow, role: &str) -> Vec<Sent<'a>> {
    let target = &flow.target;
    let mut out: Vec<Sent<'_>> = target.params.iter().map(|(n, _)| Sent::written(n, "target.params")).collect();
    match &target.write {
        Write::Upsert { idempotency, matching, .. } => {
            out.extend(idempotency.iter().map(|h| Sent::written(h, "target.write.idempotency")));
            if role == "find" {
                out.push(Sent::written(matching, "target.write.match"));
            }
        }
        Write::Create { idempotency, .. } => {
            out.extend(idempotency.iter().map(|h| Sent::written(h, "target.write.idempotency")));
        }
        Write::Put { .. } | Write::Bulk { .. } => {}
    }
    out
}

/// Where the contract says what a change of an operation is about: the place and its name; nothing where only the line that
/// names the operation does.
pub(super) fn of_call(
    change: &Change,
    contract: &Contract,
    system: &str,
    flow: &Flow,
    sends: &[Sent<'_>],
    reads: bool,
) -> Option<(Span, String)> {
    let used = contract.systems.get(system)?;
    match change.code {
        "auth-withdrawn" | "auth-required" | "auth-dropped" | "scope-added" | "scope-removed" => {
            let Some(auth) = &used.auth else { return Some((used.at, format!("systems.{system}"))) };
            let scopes = auth.scopes.first().filter(|_| change.code.starts_with("scope"));
            Some(match scopes {
                Some(first) => (first.at, format!("systems.{system}.auth.scopes")),
                None => (auth.scheme.at, format!("systems.{system}.auth.scheme")),
            })
        }
        "rate-limit-lowered" if !reads => Some((flow.delivery.rate.as_ref()?.at, "delivery.rate".to_owned())),
        "pagination-changed" | "page-size-lowered" | "records-moved" if reads => match &flow.source.paginate {
            Paginate::Explicit(p) => Some((p.at, "source.paginate".to_owned())),
            Paginate::Auto => None,
        },
        "idempotency-withdrawn" => {
            let sent = sends.iter().find(|s| s.clause == "target.write.idempotency")?;
            Some((sent.at?, sent.clause.to_owned()))
        }
        _ => {
            let sent = sends.iter().find(|s| Some(s.name) == change.field.as_deref())?;
            Some((sent.at?, sent.clause.to_owned()))
        }
    }
}
