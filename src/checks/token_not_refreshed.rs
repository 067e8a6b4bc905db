//! A token that ends while the flow goes on.
//!
//! RFC 6749 section 5.1: an access token lives for `expires_in` seconds. A token in an environment variable is what it was when
//! the process began; one that is fetched by client credentials, or read from a file that something renews, is fresh.

use super::budget::shown;
use super::prose::{Told, of_system};
use super::retry_outlives_key::duration;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};
use crate::model::{SchemeKind, System};

pub(super) static CHECK: Check = Check {
    code: "token-not-refreshed",
    summary: "The description says how long an access token lives, and a flow that goes on for ever sends the same one: it stops when the token \
              ends.",
    severity: Severity::Warning,
    run,
};

/// A token that lives longer is renewed by people.
const LONG_MS: u64 = 7 * 86_400_000;

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for (name, system_use) in &subject.contract.systems {
        let (Some(auth), Some((_, system))) = (&system_use.auth, subject.system(name)) else { continue };
        let Some(secret) = auth.secret.as_ref().filter(|s| s.starts_with("env:")) else { continue };
        let Some(scheme) = system.schemes.get(auth.scheme.as_str()) else { continue };
        if !matches!(scheme.kind, SchemeKind::Oauth2(_) | SchemeKind::OpenId(_) | SchemeKind::Bearer) {
            continue;
        }
        let goes_on = subject.contract.flows.values().any(|f| {
            let uses = f.source.system.value == *name && f.source.operation.is_some() || f.target.system.value == *name;
            uses && (f.source.every_ms.is_some() || f.source.webhook.is_some())
        });
        let own = Told { text: &scheme.description, pointer: &scheme.pointer };
        let Some((lives, pointer)) = life(system, own).filter(|_| goes_on) else { continue };
        let message = format!(
            "an access token of {name} lives for {}, and {} is never renewed",
            shown(lives),
            quoted(secret, 60)
        );
        let credentials = matches!(&scheme.kind, SchemeKind::Oauth2(flows)
            if flows.iter().any(|f| f.kind == "clientCredentials" && f.token_url.is_some()));
        let consent = matches!(&scheme.kind, SchemeKind::Oauth2(flows)
            if flows.iter().any(|f| f.token_url.is_some() || f.refresh_url.is_some()));
        let fix = if credentials {
            "write client_id and client_secret instead of secret: then tokens are fetched as they are needed"
        } else if consent {
            "write client_id and refresh_token: file:PATH instead of secret: then tokens are fetched as they are needed"
        } else {
            "write secret: file:PATH, a file that something renews; it is read anew where a request is sent"
        };
        out.push(subject.warning(&CHECK, secret.at, message).fix(fix).because_of(pointer));
    }
}

/// How long the description says that a token lives.
fn life(system: &System, own: Told<'_>) -> Option<(u64, String)> {
    const LIVES: [&str; 9] =
        ["expire", "valid for", "lives for", "live for", "lifetime", "good for", "lasts", "last for", "valid only for"];
    const OTHER: [&str; 12] = [
        "refresh token",
        "page",
        "cursor",
        "link",
        "idempoten",
        "code",
        "upload",
        "webhook",
        "signature",
        "never expire",
        "do not expire",
        "reset",
    ];
    const LASTS: [&str; 5] = ["never expire", "not expire", "long-lived", "until it is revoked", "until revoked"];
    if own.says(&LASTS) {
        return None;
    }
    // What is said of tokens in general may be about those of browsers.
    let general = of_system(system).into_iter().filter(|t| t.says(&["access token", "bearer token", "oauth token"]));
    std::iter::once(own).chain(general).find_map(|t| {
        let about = t.says(&["token"]) && t.says(&LIVES) && !t.says(&OTHER);
        about
            .then(|| duration(t.text))
            .flatten()
            .filter(|ms| (1000..LONG_MS).contains(ms))
            .map(|ms| (ms, t.pointer.to_owned()))
    })
}
