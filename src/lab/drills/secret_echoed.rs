//! An error page that repeats the request does not carry its credential into logs or dead letters (CWE-209, CWE-532; RFC
//! 6750 section 5.3).
//!
//! Source: CWE-209, CWE-532; RFC 6750 section 5.3.

use serde_json::Value;

use super::super::faults::SecretEchoed;
use super::{Drill, Setup, everywhere, owed, retries, survivable};
use crate::base::rng::Rng;
use crate::connector::AuthPlan;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct SecretEchoedDrill;

impl Drill for SecretEchoedDrill {
    fn code(&self) -> &'static str {
        "secret-echoed"
    }

    fn hypothesis(&self) -> &'static str {
        "A credential that an error repeats does not reach logs or dead letters."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        retries(bench)?;
        match (&bench.plan.source.auth, &bench.plan.target.auth) {
            (AuthPlan::None, AuthPlan::None) => Err("nothing is authenticated".to_owned()),
            _ => Ok(()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let status = if rng.one_in(2) { 400 } else { 500 };
        let times = survivable(bench, 2, rng);
        let aim = everywhere(bench, owed(bench, records), rng).times(times);
        let mut setup = Setup::with(SecretEchoed { aim, status }).passes(2).lenient();
        setup.faults_end_with_first_pass = true;
        setup
    }
}
