//! A scope that no operation in use needs. An error where the description leaves no doubt, so that nothing asks for it: it is on
//! offer, and every operation in use says what it needs. What a description does not offer (`offline_access`) is for other ends.

use super::scope_missing::{alternatives, scoped};
use super::used::{Role, Used};
use super::{Check, Subject};
use crate::base::text::{quoted, words};
use crate::contract::Auth;
use crate::finding::{Finding, Severity};
use crate::model::{Operation, SchemeKind, System};

pub(super) static CHECK: Check = Check {
    code: "scope-too-wide",
    summary: "auth.scopes asks for a scope that no operation in use needs, or that another one asked for makes needless.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let used = subject.used();
    for (name, system_use) in &subject.contract.systems {
        let Some((_, system)) = subject.system(name) else { continue };
        let Some(auth) = system_use.auth.iter().flat_map(Auth::all).find(|a| scoped(system, &a.scheme)) else {
            continue;
        };
        let own: Vec<&Used<'_>> = used.iter().filter(|u| &u.system_name.value == name).collect();
        let needs: Vec<Vec<Vec<&str>>> = own.iter().map(|u| alternatives(u.operation, &auth.scheme)).collect();
        let stated = needs.iter().flatten().flatten().next().is_some();
        if !stated {
            // Nothing to compare with, but that a system is only read.
            let read_only = !own.is_empty() && own.iter().all(|u| u.operation.safe());
            for scope in auth.scopes.iter().filter(|s| read_only && writes(s)) {
                let message = format!("{name} is only read, and the scope {} is for more", quoted(scope, 60));
                out.push(
                    subject
                        .warning(&CHECK, scope.at, message)
                        .sure(0.7)
                        .fix("ask for a scope that only reads: least privilege"),
                );
            }
            continue;
        }
        let back = ways_back(subject, name);
        let whole = needs.iter().all(|any| any.iter().any(|all| !all.is_empty()));
        let mut kept: Vec<&str> = auth.scopes.iter().map(|s| s.value.as_str()).collect();
        let allowed = |asked: &[&str]| {
            needs
                .iter()
                .filter(|any| any.is_empty() || any.iter().any(|all| all.iter().all(|s| asked.contains(s))))
                .count()
        };
        let before = allowed(&kept);
        // Of two scopes either of which would do, the one for more goes first; else the later.
        let mut order: Vec<_> = auth.scopes.iter().rev().collect();
        order.sort_by_key(|s| !writes(s));
        for scope in order {
            let without: Vec<&str> = kept.iter().copied().filter(|s| *s != scope.value).collect();
            // What an operation cannot do without is missed; that is for another check.
            let needed = needs.iter().flatten().flatten().any(|s| *s == scope.value);
            if allowed(&without) < before || (needed && before < needs.len()) {
                continue;
            }
            kept = without;
            let shown = quoted(scope, 60);
            // No flow names them, and a rollback and `run --verify` call them.
            let leads_back = |o: &&Operation| alternatives(o, &auth.scheme).iter().flatten().any(|s| *s == scope.value);
            if !needed && back.iter().any(leads_back) {
                continue;
            }
            let finding = if needed {
                // Allowed either way: worth knowing, and often how a vendor's own guide has it.
                let message = format!("every operation in use is allowed without the scope {shown}");
                Finding::note(CHECK.code, subject.location(scope.at), message)
            } else {
                let message = format!("no operation in use needs the scope {shown}");
                if whole && offered(system, &auth.scheme, scope) {
                    subject.error(&CHECK, scope.at, message)
                } else {
                    subject.warning(&CHECK, scope.at, message)
                }
            };
            out.push(finding.fix("remove it: least privilege"));
        }
    }
}

/// What reads, lists and deletes the records that the flows write to this system.
fn ways_back<'s>(subject: &Subject<'s>, name: &str) -> Vec<&'s Operation> {
    let mut out = Vec::new();
    for flow in subject.contract.flows.values() {
        let used = subject.used_by(flow);
        let here = |u: &&Used<'s>| u.system_name.value == *name;
        let of = |roles: &[Role]| used.iter().filter(here).find(|u| roles.contains(&u.role));
        let (many, one) = (of(&[Role::Create, Role::Bulk]), of(&[Role::Update, Role::Put]));
        let Some(first) = many.or(one) else { continue };
        let back = first.system.back(many.map(|u| u.operation), one.map(|u| u.operation));
        out.extend([back.get, back.list, back.delete].into_iter().flatten());
    }
    out
}

/// The description offers this scope.
fn offered(system: &System, scheme: &str, scope: &str) -> bool {
    match system.schemes.get(scheme).map(|s| &s.kind) {
        Some(SchemeKind::Oauth2(flows)) => flows.iter().any(|flow| flow.scopes.iter().any(|s| s == scope)),
        _ => false,
    }
}

/// A scope for more than reading, by its words.
pub(super) fn writes(scope: &str) -> bool {
    const MORE: [&str; 12] = [
        "write",
        "admin",
        "administrator",
        "manage",
        "delete",
        "full",
        "root",
        "superuser",
        "owner",
        "create",
        "update",
        "edit",
    ];
    const LESS: [&str; 4] = ["read", "readonly", "view", "viewer"];
    let parts = words(scope);
    let has = |set: &[&str]| parts.iter().any(|w| set.contains(&w.as_str()));
    scope.trim() == "*"
        || (has(&MORE) && !has(&LESS))
        || parts.join("") == "readwrite"
        || (has(&LESS) && has(&["write"]))
}
