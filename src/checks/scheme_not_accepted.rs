//! A scheme that the description has and an operation in use does not take.

use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};
use crate::model::Operation;

pub(super) static CHECK: Check = Check {
    code: "scheme-not-accepted",
    summary: "auth names a security scheme that an operation in use does not take, or takes only together with another one.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let used = subject.used();
    for (name, system_use) in &subject.contract.systems {
        let Some((_, system)) = subject.system(name) else { continue };
        let Some(auth) = &system_use.auth else { continue };
        let sent: Vec<&str> = auth.all().map(|a| a.scheme.as_str()).collect();
        if !sent.iter().all(|s| system.schemes.contains_key(*s)) {
            continue; // reported as unknown
        }
        let refuses = |o: &Operation| {
            !o.security.is_empty()
                && !o.security.iter().any(|all| all.iter().all(|s| sent.contains(&s.scheme.as_str())))
        };
        let Some(first) = used.iter().find(|u| u.system_name.value == *name && refuses(u.operation)) else { continue };
        let (scheme, id) = (quoted(&auth.scheme, 60), quoted(&first.operation.id, 80));
        let with = first.operation.security.iter().find(|all| all.iter().any(|s| sent.contains(&s.scheme.as_str())));
        let others = |all: &mut dyn Iterator<Item = &str>| {
            let mut names: Vec<String> = all.filter(|s| !sent.contains(s)).map(|s| quoted(s, 60)).collect();
            names.sort();
            names.dedup();
            names.join(", ")
        };
        let (message, fix) = match with {
            Some(all) => (
                format!(
                    "{id} takes {scheme} only together with {}",
                    others(&mut all.iter().map(|s| s.scheme.as_str()))
                ),
                format!(
                    "write auth as a list of what is sent together: [{}]",
                    all.iter()
                        .map(|s| format!("{{scheme: {}, …}}", quoted(&s.scheme, 60)))
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            ),
            None => {
                let takes = others(&mut first.operation.security.iter().flatten().map(|s| s.scheme.as_str()));
                (format!("{id} does not take {scheme}"), format!("write scheme: one of {takes}"))
            }
        };
        out.push(subject.error(&CHECK, auth.scheme.at, message).fix(fix).because_of(&first.operation.pointer));
    }
}
