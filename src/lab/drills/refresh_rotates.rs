//! Where a refresh token is good for one use, one refresh is under way at a time, the token that follows is kept before the new
//! access token is used, and none is shown a second time, also over a crash: a second use ends everything that the consent led to.
//!
//! Source: RFC 9700 section 4.14.2 (refresh token rotation): reuse revokes the whole family, since nobody can tell who is the thief.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::bench::Purpose;
use super::super::faults::{Aim, SlowAnswer, TokenRevoked};
use super::super::judge::{Evidence, shown};
use super::super::trace::Exchanged;
use super::tokens::{oauth, refreshes};
use super::{Drill, Setup, in_target, owed};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct RefreshRotates;

impl Drill for RefreshRotates {
    fn code(&self) -> &'static str {
        "refresh-rotates"
    }

    fn hypothesis(&self) -> &'static str {
        "A refresh token is used once, by one at a time; the one that follows is kept before the new access token is used."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        refreshes(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let Ok(purposes) = oauth(bench) else { return Setup::clean() };
        let mut setup =
            Setup::with(TokenRevoked { aim: in_target(purposes.clone(), owed(bench, records), rng) }).passes(2);
        // Slow answers keep many on their way, and a slow token endpoint lets all of them come to it.
        let slow = [purposes, vec![Purpose::Token]].concat();
        setup.faults.push(Box::new(SlowAnswer { aim: Aim::at(slow).times(u64::MAX / 2), ms: 200 }));
        if rng.one_in(2) {
            setup.crashes = 2;
            // Killed after the server has spent the token and before anybody could read the answer, it is locked out, and says so.
            setup = setup.honest();
            setup.expect.may_stop = true;
            // Then what the target held before stays as it was; of a program nobody knows what it had read.
            setup.expect.values = bench.real.is_none();
        }
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let (_, spent) = spent(evidence);
        spent.len().saturating_sub(1) as u64
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let (asked, spent) = spent(evidence);
        let mut out = Vec::new();
        for pair in asked.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            if a.run == b.run && a.system == b.system && a.ended.is_none_or(|end| end > b.at) {
                out.push(format!("race: request {} asks for a token while request {} is under way", b.nth, a.nth));
            }
        }
        for again in &asked {
            let Some(first) = shown(again).and_then(|token| spent.get(&token).copied()) else { continue };
            // Nobody can keep a token that came in an answer which was never read.
            let known = again.run == first.run || used(evidence, first, again);
            if first.nth < again.nth && known {
                out.push(format!(
                    "reuse: request {} shows the refresh token that request {} has spent",
                    again.nth, first.nth
                ));
            }
        }
        out
    }
}

/// Requests for tokens, and those of them that spent a refresh token, by that token.
fn spent<'e>(evidence: &'e Evidence<'_>) -> (Vec<&'e Exchanged>, BTreeMap<String, &'e Exchanged>) {
    let asked: Vec<&Exchanged> = evidence.trace.exchanges.iter().filter(|x| x.purpose == Purpose::Token).collect();
    let redeemed = asked.iter().filter(|x| x.status() == Some(200));
    let mut spent = BTreeMap::new();
    for x in redeemed {
        if let Some(token) = shown(x) {
            spent.entry(token).or_insert(*x);
        }
    }
    (asked, spent)
}

/// The access token that this answer brought was sent before the later request.
fn used(evidence: &Evidence<'_>, x: &Exchanged, later: &Exchanged) -> bool {
    let body = x.answer().and_then(|r| serde_json::from_slice::<Value>(&r.body).ok());
    let Some(token) = body.as_ref().and_then(|b| b.get("access_token")).and_then(Value::as_str) else { return false };
    let bearer = format!("Bearer {token}");
    let mut between = evidence.trace.exchanges.iter().filter(|n| n.nth > x.nth && n.nth < later.nth);
    between.any(|n| n.request.header("authorization") == Some(bearer.as_str()))
}
