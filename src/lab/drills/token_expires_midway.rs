//! When a token ends before its time, one new token is asked for and the request is sent once more.
//!
//! Source: RFC 6750 section 3.1 (invalid_token) and RFC 6749 section 4.4.

use serde_json::Value;

use super::super::bench::Purpose;
use super::super::faults::TokenRevoked;
use super::super::judge::Evidence;
use super::{Drill, Setup};
use super::{TARGET, in_target, owed};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct TokenExpiresMidway;

impl Drill for TokenExpiresMidway {
    fn code(&self) -> &'static str {
        "token-expires-midway"
    }

    fn hypothesis(&self) -> &'static str {
        "When a token ends before its time, one new token is asked for and the request is sent once more."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        if bench.plan.source.auth.token_url().or(bench.plan.target.auth.token_url()).is_some() {
            return Ok(());
        }
        Err("neither system hands out tokens".to_owned())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let purposes = if bench.plan.target.auth.token_url().is_some() { TARGET.to_vec() } else { vec![Purpose::List] };
        Setup::with(TokenRevoked { aim: in_target(purposes, owed(bench, records).min(5), rng) })
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let systems = [&evidence.bench.plan.source.system, &evidence.bench.plan.target.system];
        let asked = evidence.trace.exchanges.iter().filter(|x| x.purpose == Purpose::Token).count() as u64;
        // One at the start of each, one for each time that tokens ended.
        let most = systems.len() as u64 + evidence.faults_fired;
        // A program of its own may ask ahead of need, and does so at each start.
        let most = if evidence.foreign.is_some() { most * 2 * evidence.runs.len() as u64 } else { most };
        if asked > most { vec![format!("{asked} tokens were asked for, {most} are enough")] } else { Vec::new() }
    }
}
