//! One secret for two systems: each gets the key of the other.

use super::account::host;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "secret-of-other-system",
    summary: "Two systems at different hosts are called with the same secret: one of them gets a credential that is not its own, and can use it.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let systems: Vec<_> = subject.contract.systems.iter().collect();
    for (i, (name, system)) in systems.iter().enumerate() {
        let Some(auth) = &system.auth else { continue };
        let found = auth.secrets().find_map(|(key, secret)| {
            // A name is no secret: a client id or user name may be one everywhere.
            // A certificate is shown to everybody, and its key leaves for nobody.
            if ["client_id", "username", "certificate", "key"].contains(&key) {
                return None;
            }
            let first = systems.iter().take(i).find(|(other, o)| {
                o.auth.as_ref().is_some_and(|a| a.secrets().any(|(_, s)| s.value == secret.value))
                    && apart(subject, name, other)
            });
            first.map(|(other, _)| (secret, *other))
        });
        let Some((secret, other)) = found else { continue };
        let message = format!("{} is sent to {name} and to {other}, which are at different hosts", quoted(secret, 60));
        let fix = format!("give {name} a secret of its own: env:NAME");
        out.push(subject.error(&CHECK, secret.at, message).fix(fix));
    }
}

/// Hosts that have not even the last two names in common: not one vendor under several names.
fn apart(subject: &Subject<'_>, a: &str, b: &str) -> bool {
    let domain = |system: &str| {
        let url = subject.url(system)?;
        if crate::base::address::is_loopback(url) {
            return None;
        }
        let host = host(url)?.to_ascii_lowercase();
        let mut last: Vec<&str> = host.rsplit('.').take(2).collect();
        last.reverse();
        Some(last.join("."))
    };
    let described = |system: &str| subject.contract.systems.get(system).map(|s| s.api.value.clone());
    // Two names of one description are one system, here and there.
    described(a) != described(b) && domain(a).zip(domain(b)).is_some_and(|(a, b)| a != b)
}
