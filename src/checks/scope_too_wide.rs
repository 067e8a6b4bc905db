//! A scope that no operation in use needs.

use super::scope_missing::{alternatives, scoped};
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "scope-too-wide",
    summary: "auth.scopes asks for a scope that no operation in use needs.",
    severity: Severity::Warning,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let used = subject.used();
    for (name, system_use) in &subject.contract.systems {
        let Some((_, system)) = subject.system(name) else { continue };
        let Some(auth) = system_use.auth.as_ref().filter(|a| scoped(system, &a.scheme)) else { continue };
        let needed: Vec<&str> = used
            .iter()
            .filter(|u| &u.system_name.value == name)
            .flat_map(|u| alternatives(u.operation, &auth.scheme).into_iter().flatten())
            .collect();
        // A description that states no scopes leaves nothing to compare with.
        for scope in auth.scopes.iter().filter(|s| !needed.is_empty() && !needed.contains(&s.as_str())) {
            let message = format!("no operation in use needs the scope {}", quoted(scope, 60));
            out.push(subject.warning(&CHECK, scope.at, message).fix("remove it: least privilege"));
        }
    }
}
