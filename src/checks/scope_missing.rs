//! An operation needs a scope that is not asked for.

use super::{Check, Subject};
use crate::base::text::quoted;
use crate::base::yaml::Span;
use crate::contract::Auth;
use crate::finding::{Finding, Severity};
use crate::model::{Operation, SchemeKind, System};

pub(super) static CHECK: Check = Check {
    code: "scope-missing",
    summary: "An operation in use requires an OAuth scope that auth.scopes does not ask for.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    // What several operations lack is one thing to mend.
    let mut lacks: Vec<(Span, String, &str, Vec<&Operation>)> = Vec::new();
    for used in subject.used() {
        let mut auths = used.system_use.auth.iter().flat_map(Auth::all);
        let Some(auth) = auths.find(|a| scoped(used.system, &a.scheme)) else { continue };
        let asked = |scope: &&str| auth.scopes.iter().any(|s| s.value == **scope);
        let lacking = alternatives(used.operation, &auth.scheme)
            .into_iter()
            .map(|scopes| scopes.into_iter().filter(|s| !asked(s)).collect::<Vec<&str>>())
            .min_by_key(Vec::len)
            .unwrap_or_default();
        if lacking.is_empty() {
            continue;
        }
        let scopes = lacking.iter().map(|s| quoted(s, 60)).collect::<Vec<_>>().join(", ");
        let at = auth.scopes.first().map_or(auth.at, |s| s.at);
        match lacks.iter_mut().find(|(place, known, ..)| *place == at && *known == scopes) {
            Some((.., by)) if by.iter().any(|o| o.pointer == used.operation.pointer) => {}
            Some((.., by)) => by.push(used.operation),
            None => lacks.push((at, scopes, &used.system_name.value, vec![used.operation])),
        }
    }
    for (at, scopes, system, by) in lacks {
        let names = by.iter().take(5).map(|o| quoted(&o.id, 80)).collect::<Vec<_>>().join(", ");
        let more = by.len().saturating_sub(5);
        let names = if more > 0 { format!("{names} and {more} more") } else { names };
        let verb = if by.len() > 1 { "need" } else { "needs" };
        let pointer = by.first().map(|o| o.pointer.clone()).unwrap_or_default();
        let message = format!("{names} {verb} the scope {scopes}");
        out.push(
            subject.error(&CHECK, at, message).fix(format!("add {scopes} to scopes of {system}")).because_of(pointer),
        );
    }
}

/// Whether a scheme knows scopes at all.
pub(super) fn scoped(system: &System, scheme: &str) -> bool {
    system.schemes.get(scheme).is_some_and(|s| matches!(s.kind, SchemeKind::Oauth2(_) | SchemeKind::OpenId(_)))
}

/// The scopes that an operation asks of this scheme, for each alternative that has it.
pub(super) fn alternatives<'o>(operation: &'o Operation, scheme: &str) -> Vec<Vec<&'o str>> {
    let uses = operation.security.iter().flatten().filter(|u| u.scheme == scheme);
    uses.map(|u| u.scopes.iter().map(String::as_str).collect()).collect()
}
