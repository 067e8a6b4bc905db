//! The scheme needs a secret that the contract does not name.

use super::{Check, Subject};
use crate::contract::Auth;
use crate::finding::{Finding, Severity};
use crate::model::SchemeKind;

pub(super) static CHECK: Check = Check {
    code: "auth-incomplete",
    summary: "auth lacks what its security scheme needs, or the scheme is one that the connector cannot speak.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for (name, system_use) in &subject.contract.systems {
        let Some((_, system)) = subject.system(name) else { continue };
        for auth in system_use.auth.iter().flat_map(Auth::all) {
            let Some(scheme) = system.schemes.get(auth.scheme.as_str()) else { continue };
            if let Some((lacks, fix)) = lacking(auth, &scheme.kind) {
                let message = format!("auth of {name} {lacks}");
                out.push(subject.error(&CHECK, auth.at, message).fix(fix).because_of(&scheme.pointer));
            }
        }
        let tokens = system_use.auth.iter().flat_map(Auth::all).filter(|a| fetches(a)).nth(1);
        if let Some(second) = tokens {
            let message = format!("auth of {name} fetches two tokens, and a request carries one");
            out.push(subject.error(&CHECK, second.at, message).fix("keep the one that the operations in use ask for"));
        }
    }
}

/// It asks for tokens itself.
const fn fetches(auth: &Auth) -> bool {
    auth.refresh_token.is_some() || (auth.client_id.is_some() && auth.client_secret.is_some())
}

fn lacking(auth: &Auth, kind: &SchemeKind) -> Option<(&'static str, &'static str)> {
    match kind {
        SchemeKind::Bearer | SchemeKind::ApiKey { .. } | SchemeKind::Http(_) => {
            auth.secret.is_none().then_some(("lacks the secret that its scheme needs", "add secret: env:NAME"))
        }
        SchemeKind::Basic => (auth.secret.is_none() && auth.username.is_none()).then_some((
            "lacks user name and password",
            "add username: env:NAME and password: env:NAME, or secret: env:NAME for a key as user name",
        )),
        SchemeKind::Oauth2(flows) => {
            let credentials = flows.iter().any(|f| f.kind == "clientCredentials" && f.token_url.is_some());
            let endpoint = flows.iter().any(|f| f.token_url.is_some() || f.refresh_url.is_some());
            if auth.refresh_token.is_some() {
                return match (endpoint, auth.client_id.is_some()) {
                    (true, true) => None,
                    (true, false) => Some((
                        "lacks the client that the refresh token was given to",
                        "add client_id: env:NAME, and client_secret: env:NAME unless the client is a public one",
                    )),
                    (false, _) => Some((
                        "has a refresh token, and the description says nowhere where to redeem it",
                        "add the token URL to the description by an overlay",
                    )),
                };
            }
            let both = auth.client_id.is_some() && auth.client_secret.is_some();
            // A token issued elsewhere works for every flow.
            if auth.secret.is_some() || (credentials && both) {
                None
            } else if credentials {
                Some(("lacks the client that its scheme needs", "add client_id: env:NAME and client_secret: env:NAME"))
            } else {
                Some((
                    "names a scheme without client credentials",
                    "add client_id: env:NAME and refresh_token: file:PATH, from a person's consent; or secret: env:NAME with a token issued elsewhere",
                ))
            }
        }
        SchemeKind::OpenId(_) => {
            auth.secret.is_none().then_some(("lacks a token", "add secret: env:NAME with a token issued elsewhere"))
        }
        SchemeKind::MutualTls => (auth.certificate.is_none() || auth.key.is_none()).then_some((
            "lacks the certificate that its scheme needs",
            "add certificate: file:PATH and key: file:PATH, both PEM",
        )),
    }
}
