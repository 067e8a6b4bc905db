//! A token endpoint that says no for good (`invalid_grant`, `invalid_client`) is not asked for ever: the flow stops, says
//! so, and holds what it has not delivered (RFC 6749 section 5.2).
//!
//! Source: RFC 6749 section 5.2.

use serde_json::Value;

use super::super::bench::Purpose;
use super::super::faults::{Aim, TokenRefused, TokenRevoked};
use super::super::judge::{Evidence, RunSeen};
use super::tokens::oauth;
use super::{Drill, Setup, in_target, owed};
use crate::base::rng::Rng;
use crate::evidence::Verdict;
use crate::lab::bench::Bench;

/// Two ways to authenticate at the endpoint, and each tried twice.
const ENOUGH: usize = 4;
/// The same for each of two workers of a program that share no token.
const ENOUGH_OF_A_PROGRAM: usize = 8;
/// A service that tries no more often than this does not loop.
const POLLS_A_SECOND: usize = 2;

/// How often a run may ask for a token that is of no use. A service goes on polling at its own pace, which is no loop.
pub(super) fn enough(evidence: &Evidence<'_>, run: &RunSeen) -> usize {
    match &evidence.foreign {
        None => ENOUGH,
        Some(program) if program.service => {
            let seconds = usize::try_from((run.to.0 - run.from.0) / 1000).unwrap_or(0);
            ENOUGH_OF_A_PROGRAM + POLLS_A_SECOND * seconds
        }
        Some(_) => ENOUGH_OF_A_PROGRAM,
    }
}

/// See the module.
pub(super) struct RefreshFails;

impl Drill for RefreshFails {
    fn code(&self) -> &'static str {
        "refresh-fails"
    }

    fn hypothesis(&self) -> &'static str {
        "A token endpoint that refuses for good stops the flow; it is not asked in a loop, and nothing is lost."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        oauth(bench).map(|_| ())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let Ok(purposes) = oauth(bench) else { return Setup::clean() };
        let (status, error) = if rng.one_in(2) { (400, "invalid_grant") } else { (401, "invalid_client") };
        let midway = rng.one_in(2);
        // From the start, or when the first token has ended before its time.
        let aim = Aim::at([Purpose::Token]).after(u64::from(midway)).times(u64::MAX / 2);
        let mut setup = Setup::with(TokenRefused { aim, status, error }).passes(2).lenient();
        if midway {
            setup.faults.push(Box::new(TokenRevoked { aim: in_target(purposes, owed(bench, records).min(5), rng) }));
        }
        setup.faults_end_with_first_pass = true;
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        evidence.trace.exchanges.iter().filter(|x| x.fault == Some("token-refused")).count() as u64
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let mut out = Vec::new();
        for seen in &evidence.runs {
            let enough = enough(evidence, seen);
            let refused = evidence.trace.run(seen.run).filter(|x| x.fault == Some("token-refused")).count();
            if refused > enough {
                out.push(format!("loop: run {} asked {refused} times for a token that is refused for good", seen.run));
            }
            let passed = seen.end.report().is_some_and(|r| r.verdict == Verdict::Pass);
            if refused > 0 && passed && !evidence.trace.run(seen.run).any(|x| x.purpose.writes()) {
                out.push(format!("dishonest: run {} claims PASS, and had no token", seen.run));
            }
        }
        out
    }
}
