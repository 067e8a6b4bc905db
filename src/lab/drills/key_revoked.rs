//! A key that is refused from one request on says nothing of the record that the request is about: whoever stops says so and
//! delivers all when the key is good again, and whoever goes on tells of each record that he could not deliver. None is passed over.
//!
//! Source: RFC 9110 section 15.5.2: the request lacks valid credentials for the resource, whatever it holds.

use serde_json::Value;

use super::super::faults::{Aim, KeyRefused};
use super::{Drill, Setup, TARGET, in_target, owed};
use crate::base::rng::Rng;
use crate::connector::AuthPlan;
use crate::lab::bench::{Bench, Purpose};

/// See the module.
pub(super) struct KeyRevoked;

impl Drill for KeyRevoked {
    fn code(&self) -> &'static str {
        "key-revoked"
    }

    fn hypothesis(&self) -> &'static str {
        "A key that is refused for good is told; no record is passed over for it, and a run with a good key delivers what is owed."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        held(bench).map(|_| ())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let Ok((purposes, challenge)) = held(bench) else { return Setup::clean() };
        let aim = match purposes.as_slice() {
            [Purpose::List] => Aim::at(purposes).after(rng.below(3)),
            _ => in_target(purposes, owed(bench, records), rng),
        };
        let mut setup = Setup::with(KeyRefused { aim: aim.times(u64::MAX / 2), challenge }).passes(2).lenient();
        setup.faults_end_with_first_pass = true;
        setup
    }
}

/// What is asked of a system that takes a key which is held and not handed out, and how it says that it wants one.
fn held(bench: &Bench) -> Result<(Vec<Purpose>, &'static str), String> {
    let challenge = |auth: &AuthPlan| {
        auth.parts().iter().filter(|_| auth.token_url().is_none()).find_map(|part| match part {
            AuthPlan::Bearer(_) => Some("Bearer error=\"invalid_token\""),
            AuthPlan::Basic { .. } => Some("Basic realm=\"mock\""),
            AuthPlan::HeaderKey { .. } | AuthPlan::QueryKey { .. } | AuthPlan::CookieKey { .. } => Some("ApiKey"),
            _ => None,
        })
    };
    let (source, target) = (&bench.plan.source, &bench.plan.target);
    if let Some(challenge) = challenge(&target.auth) {
        return Ok((TARGET.to_vec(), challenge));
    }
    match challenge(&source.auth).filter(|_| source.list.is_some()) {
        Some(challenge) => Ok((vec![Purpose::List], challenge)),
        None => Err("neither system takes a key that is held and not handed out".to_owned()),
    }
}
