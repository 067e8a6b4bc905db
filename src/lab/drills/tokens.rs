//! Which systems of a contract hand out tokens, and which requests carry them.

use super::TARGET;
use crate::connector::AuthPlan;
use crate::lab::bench::{Bench, Purpose};

/// The purposes of requests to systems that hand out tokens.
pub(super) fn oauth(bench: &Bench) -> Result<Vec<Purpose>, String> {
    let (source, target) = (hands_out(&bench.plan.source.auth), hands_out(&bench.plan.target.auth));
    match (source && bench.plan.source.list.is_some(), target) {
        (_, true) => Ok(TARGET.to_vec()),
        (true, false) => Ok(vec![Purpose::List]),
        (false, false) => Err("neither system hands out tokens".to_owned()),
    }
}

/// How many systems hand out tokens.
pub(super) fn oauth_systems(bench: &Bench) -> u64 {
    let (source, target) = (&bench.plan.source, &bench.plan.target);
    let same = source.system == target.system && source.auth == target.auth;
    u64::from(hands_out(&source.auth) && !same) + u64::from(hands_out(&target.auth))
}

const fn hands_out(auth: &AuthPlan) -> bool {
    matches!(auth, AuthPlan::ClientCredentials { .. } | AuthPlan::RefreshToken { .. })
}

/// A system gives tokens for a refresh token.
pub(super) fn refreshes(bench: &Bench) -> Result<(), String> {
    let one = |auth: &AuthPlan| matches!(auth, AuthPlan::RefreshToken { .. });
    let (source, target) = (&bench.plan.source, &bench.plan.target);
    match one(&target.auth) || (one(&source.auth) && source.list.is_some()) {
        true => Ok(()),
        false => Err("neither system gives tokens for a refresh token".to_owned()),
    }
}

/// The purposes of requests that carry a bearer token.
pub(super) fn bearers(bench: &Bench) -> Result<Vec<Purpose>, String> {
    let bearer = |auth: &AuthPlan| hands_out(auth) || matches!(auth, AuthPlan::Bearer(_));
    match (bearer(&bench.plan.target.auth), bearer(&bench.plan.source.auth) && bench.plan.source.list.is_some()) {
        (true, _) => Ok(TARGET.to_vec()),
        (false, true) => Ok(vec![Purpose::List]),
        (false, false) => Err("neither system takes a bearer token".to_owned()),
    }
}
