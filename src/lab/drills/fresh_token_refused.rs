//! The API refuses every token, the newest too: one that was just handed out is not the reason, and asking for another is no way
//! out. The flow asks a few times at most, stops, says so, and delivers what is owed once tokens are taken again.
//!
//! Source: RFC 6750 section 3.1 (`invalid_token`: a new token may be asked for, and the request sent again, once).

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::bench::Purpose;
use super::super::faults::{Aim, KeyRefused};
use super::super::judge::Evidence;
use super::refresh_fails::enough;
use super::tokens::oauth;
use super::{Drill, Setup, in_target, owed};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// Tokens that a run needs in any case.
const FIRST: usize = 2;

/// See the module.
pub(super) struct FreshTokenRefused;

impl Drill for FreshTokenRefused {
    fn code(&self) -> &'static str {
        "fresh-token-refused"
    }

    fn hypothesis(&self) -> &'static str {
        "A token that is refused as soon as it was handed out stops the flow; no other is asked for in a loop, and nothing is lost."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        oauth(bench).map(|_| ())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let Ok(purposes) = oauth(bench) else { return Setup::clean() };
        let aim: Aim = in_target(purposes, owed(bench, records).min(5), rng).times(u64::MAX / 2);
        let challenge = "Bearer error=\"invalid_token\"";
        let mut setup = Setup::with(KeyRefused { aim, challenge }).passes(2).lenient();
        setup.faults_end_with_first_pass = true;
        setup
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let mut out = Vec::new();
        for seen in &evidence.runs {
            let refused = evidence.trace.run(seen.run).filter(|x| x.fault == Some("key-refused"));
            let refused: BTreeSet<u64> = refused.map(|x| x.asks).collect();
            let tokens = evidence.trace.run(seen.run).filter(|x| x.purpose == Purpose::Token).count();
            // A program may give its records up one by one, each after a token of its own.
            let most = match &evidence.foreign {
                Some(_) => refused.len() + enough(evidence, seen) - FIRST,
                None => enough(evidence, seen) + FIRST,
            };
            if !refused.is_empty() && tokens > most {
                out.push(format!("loop: run {} asked {tokens} times for a token, and none of them is taken", seen.run));
            }
        }
        out
    }
}
