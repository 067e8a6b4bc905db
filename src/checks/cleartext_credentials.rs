//! Credentials that anybody on the way can read.
//!
//! RFC 6750 section 5.3 and RFC 6749 sections 3.1.2.1 and 3.2 require TLS for bearer tokens and for both endpoints of OAuth;
//! RFC 7617 section 4 says of Basic that it is cleartext without it.

use super::{Check, Subject};
use crate::base::address::{is_loopback, is_plain, parse};
use crate::base::text::quoted;
use crate::base::yaml::Span;
use crate::finding::{Finding, Severity};
use crate::model::SchemeKind;

pub(super) static CHECK: Check = Check {
    code: "cleartext-credentials",
    summary: "A system that is called with credentials, or where its tokens come from, is addressed by plain http beyond this machine.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for (name, system_use) in &subject.contract.systems {
        let (Some(auth), Some((_, system))) = (&system_use.auth, subject.system(name)) else { continue };
        let called = subject.contract.flows.values().any(|f| {
            (f.source.system.value == *name && f.source.operation.is_some()) || f.target.system.value == *name
        });
        if !called {
            continue;
        }
        let mut find = |at: Span, what: &str, url: &str, fix: String, sure: bool, pointer: &str| {
            let message = format!("{what} is {}, which anybody on the way can read", quoted(url, 120));
            let finding = if sure { subject.error(&CHECK, at, message) } else { subject.warning(&CHECK, at, message) };
            out.push(finding.fix(fix).because_of(pointer));
        };
        let url = subject.url(name).filter(|url| http(url));
        if let Some(url) = url {
            let (at, pointer) = match (&system_use.base_url, system.servers.first()) {
                (Some(base), _) => (base.at, ""),
                (None, server) => (system_use.api.at, server.map_or("", |s| s.pointer.as_str())),
            };
            let fix =
                format!("write base_url: https://… for {name}; where it has no TLS, put a proxy beside it that has");
            find(at, &format!("the address of {name}, with its credentials,"), url, fix, true, pointer);
        }
        let Some(scheme) = system.schemes.get(auth.scheme.as_str()) else { continue };
        let SchemeKind::Oauth2(flows) = &scheme.kind else { continue };
        // At a stand-in of this machine, the token comes from there too.
        let local = subject.url(name).is_some_and(is_loopback);
        let fetches = auth.client_id.is_some() && !local;
        for flow in flows {
            let at = auth.token_url.as_ref().map_or(auth.scheme.at, |t| t.at);
            let token = flow.token_url.as_deref().filter(|u| http(u));
            if let Some(token) = token.filter(|_| flow.kind == "clientCredentials" && fetches) {
                let fix = "use the https address of the token endpoint: mend the description by an overlay, or ask the vendor";
                find(at, &format!("the token endpoint of {name}"), token, fix.to_owned(), true, &flow.pointer);
            }
            let authorize = flow.authorization_url.as_deref().filter(|u| http(u));
            if let Some(url) = authorize.filter(|_| auth.client_id.is_none()) {
                let fix = "agree at the https address alone: mend the description by an overlay, or ask the vendor";
                find(at, &format!("the page where a user of {name} agrees"), url, fix.to_owned(), false, &flow.pointer);
            }
        }
    }
}

/// An absolute address that is plain.
fn http(url: &str) -> bool {
    parse(url).is_some() && is_plain(url)
}
