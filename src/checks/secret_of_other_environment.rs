//! A secret for trying where it is for real, or the other way round.

use super::sandbox_base_url::of;
use super::{Check, Subject};
use crate::base::text::{quoted, words};
use crate::finding::{Finding, Severity};
use crate::model::environment;

pub(super) static CHECK: Check = Check {
    code: "secret-of-other-environment",
    summary: "A secret is named for trying (…_TEST, …_SANDBOX) and its system is addressed for real, or the other way round.",
    severity: Severity::Warning,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for (name, system_use) in &subject.contract.systems {
        let (Some(auth), Some(place)) = (&system_use.auth, of(subject, name)) else { continue };
        let named = |text: &str| {
            let name = text.strip_prefix("env:").or_else(|| text.strip_prefix("file:"))?;
            words(name).iter().filter(|w| *w != "local").find_map(|w| environment(w))
        };
        let Some((key, secret, kind)) = auth.secrets().find_map(|(key, s)| Some((key, s, named(s)?))) else { continue };
        let real = kind == "production";
        // A test key is used at the one address that there is with some vendors: then the other side tells.
        let others_real = || {
            subject.contract.systems.iter().filter(|(n, _)| *n != name).any(|(n, s)| {
                let place = of(subject, n);
                let live = s.auth.iter().flat_map(|a| a.secrets()).any(|(_, s)| named(s) == Some("production"));
                live || place.is_some_and(|p| p.kind == Some("production"))
            })
        };
        let message = match place.kind {
            Some(_) if real && place.tried() => {
                format!("{key} of {name} is named for real use, and {} is for trying", quoted(place.host, 80))
            }
            Some("production") if !real => {
                format!("{key} of {name} is named for trying ({kind}), and {} is for real", quoted(place.host, 80))
            }
            None if !real && others_real() => {
                format!("{key} of {name} is named for trying ({kind}), and the other system is for real")
            }
            _ => continue,
        };
        let fix = format!(
            "name the secret that belongs to that address of {name}, or write the base_url that belongs to the secret"
        );
        out.push(subject.warning(&CHECK, secret.at, message).sure(0.75).fix(fix));
    }
}
