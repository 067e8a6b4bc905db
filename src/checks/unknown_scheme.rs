//! A security scheme that the description does not have.

use super::{Check, Subject, among};
use crate::base::text::quoted;
use crate::contract::{Auth, SCHEMES};
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "unknown-scheme",
    summary: "auth names a security scheme that the description does not state.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for (name, system_use) in &subject.contract.systems {
        let Some((_, system)) = subject.system(name) else { continue };
        for auth in system_use.auth.iter().flat_map(Auth::all) {
            if !system.schemes.contains_key(auth.scheme.as_str()) {
                let message = format!("{name} states no security scheme \"{}\"", quoted(&auth.scheme, 60));
                let fix = if system.schemes.is_empty() {
                    format!("the description declares none, so write scheme: {SCHEMES}")
                } else {
                    among(&auth.scheme, system.schemes.keys().map(String::as_str))
                };
                let names = system.schemes.keys().map(String::as_str);
                out.push(subject.error(&CHECK, auth.scheme.at, message).fix(fix).meant(&auth.scheme, names));
            }
        }
    }
}
