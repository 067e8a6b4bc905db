//! When a token ends while many requests are on their way, one new token is asked for, by one of them, and all share it
//! (RFC 6750 section 3.1; single flight). Several at once are a stampede, and where tokens rotate the end of access.
//!
//! Source: RFC 6750 section 3.1; RFC 9700 section 4.14 (rotation: a token used twice ends the family).

use serde_json::Value;

use super::super::bench::Purpose;
use super::super::faults::{Aim, SlowAnswer, SlowWay, TokenRevoked};
use super::super::judge::Evidence;
use super::tokens::oauth;
use super::{Drill, Setup, in_target, owed};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct TokenStampede;

impl Drill for TokenStampede {
    fn code(&self) -> &'static str {
        "token-stampede"
    }

    fn hypothesis(&self) -> &'static str {
        "When a token ends while many requests are on their way, one new token is asked for, and all share it."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        oauth(bench).map(|_| ())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let Ok(purposes) = oauth(bench) else { return Setup::clean() };
        // Well within what the contract waits for an answer.
        let short = bench.plan.delivery.timeout_ms / 8;
        let mut setup = Setup::with(TokenRevoked { aim: in_target(purposes.clone(), owed(bench, records), rng) });
        // A slow token endpoint lets all of them come to it. What is longer on its way than a new token takes is refused for the
        // old one when the new one is there already: it is no word about the new one.
        setup
            .faults
            .push(Box::new(SlowAnswer { aim: Aim::at([Purpose::Token]).times(u64::MAX / 2), ms: short.min(200) }));
        setup.faults.push(Box::new(SlowWay { aim: Aim::at(purposes).times(u64::MAX / 2), ms: (2 * short).min(350) }));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        evidence.trace.exchanges.iter().filter(|x| x.fault == Some("token-revoked") && x.status() == Some(401)).count()
            as u64
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let asked = evidence.trace.exchanges.iter().filter(|x| x.purpose == Purpose::Token).count() as u64;
        let ended = evidence.trace.exchanges.iter().filter(|x| x.fault == Some("token-revoked")).count() as u64;
        let systems = super::tokens::oauth_systems(evidence.bench);
        let most = systems + ended;
        if asked > most { vec![format!("{asked} tokens were asked for, {most} are enough")] } else { Vec::new() }
    }
}
