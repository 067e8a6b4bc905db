//! A refresh token in a place that cannot be written.
//!
//! RFC 6749 section 6: the server may hand out a new refresh token with every use; RFC 9700 section 4.14.2: one that is used a
//! second time ends the consent. An environment variable still holds the first one when the process starts again.

use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::Auth;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "refresh-token-not-kept",
    summary: "A refresh token is in an environment variable: where the server hands out a newer one with each use, it is lost when the process ends.",
    severity: Severity::Warning,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for (name, system_use) in &subject.contract.systems {
        for auth in system_use.auth.iter().flat_map(Auth::all) {
            let Some(token) = auth.refresh_token.as_ref().filter(|t| t.starts_with("env:")) else { continue };
            let message = format!(
                "the refresh token of {name} is in {}, which cannot be written: where the server hands out a newer one with each use, \
                 the next start is locked out",
                quoted(token, 60)
            );
            let fix = format!(
                "write refresh_token: file:.platform-integration/{name}-refresh-token and put the token into that file; it is rewritten, \
                 for its owner's eyes alone"
            );
            out.push(subject.warning(&CHECK, token.at, message).fix(fix));
        }
    }
}
