//! Requests all over a run fail once, without a word on when to come back: no two attempts follow after the same pause, or all who
//! failed at the same time come back at the same time ("Exponential Backoff And Jitter", AWS Architecture Blog).
//!
//! In virtual time every drill sees that; here a pause is never exact, and takes many to be told from chance.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::base::rng::Rng;
use crate::connector::WritePlan;
use crate::lab::bench::{Bench, Purpose};
use crate::lab::drills::{Drill, Setup, WRITES, retries};
use crate::lab::faults::{Disposition, Exchange, Fault, Unavailable};
use crate::lab::judge::{Evidence, pauses};
use crate::lab::trace::ask_of;

/// Pauses from which on anything is said; and where they are whole seconds, of which some languages know no parts, and a few are
/// often the same by chance.
const FEW: usize = 6;
const FEW_SECONDS: usize = 9;
/// Real milliseconds, and a share of the pause, by which timers and the way are off; and where requests are under way side by side,
/// and what failed may be sent again in rounds that take about as long as each other.
const UNSHARP: (i64, f64) = (2, 0.015);
const UNSHARP_BESIDE: (i64, f64) = (3, 0.003);
/// A pause below this is told from none by other laws, and from the way by nobody.
const SHORTEST_MS: i64 = 20;
/// Two pauses that begin, or end, so close together may be one: workers can share it, and it was drawn once.
const APART_MS: i64 = 10;

pub(super) struct RetriesInStep;

impl Drill for RetriesInStep {
    fn code(&self) -> &'static str {
        "retries-in-step"
    }

    fn hypothesis(&self) -> &'static str {
        "Pauses before another attempt are drawn by chance: what failed at one time does not come back at one time."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        if !bench.plan.delivery.retry.full_jitter {
            return Err("the contract wants pauses without chance (jitter: none)".to_owned());
        }
        retries(bench)
    }

    fn many(&self) -> bool {
        true
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = records;
        // A breaker that opens by the share of failures stays shut; batches are too few for that.
        let every = if matches!(bench.plan.target.write, WritePlan::Bulk { .. }) { 1 } else { 2 };
        Setup::with(Once { every, first: rng.below(every), seen: BTreeMap::new(), met: BTreeSet::new() })
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        in_step(evidence).into_iter().collect()
    }
}

/// Every so-manieth page and write fails, once.
struct Once {
    every: u64,
    first: u64,
    seen: BTreeMap<bool, u64>,
    met: BTreeSet<u64>,
}

impl Fault for Once {
    fn code(&self) -> &'static str {
        "unavailable"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        let writes = WRITES.contains(&exchange.purpose);
        if !(writes || exchange.purpose == Purpose::List) || !self.met.insert(ask_of(exchange.system, exchange.request))
        {
            return Disposition::Pass;
        }
        let seen = self.seen.entry(writes).or_default();
        *seen += 1;
        if *seen % self.every == self.first { Unavailable::reply(503) } else { Disposition::Pass }
    }
}

/// What is said of a program whose pauses are all the same.
fn in_step(e: &Evidence<'_>) -> Option<String> {
    let breaker = e.bench.plan.delivery.breaker.map_or(u64::MAX, |b| b.probe_every_ms);
    let breaker = i64::try_from(breaker).unwrap_or(i64::MAX);
    // Times of the trace are the program's.
    let scale = e.bench.real.map_or(1, |real| i64::from(real.scale.max(1)));
    let (spans, side_by_side) = pauses(e);
    let by_itself = apart(spans, side_by_side.then_some(APART_MS * scale));
    let lengths: Vec<i64> = by_itself.into_iter().filter(|ms| *ms < breaker).collect();
    let (least, most) = alike(&lengths, scale, side_by_side)?;
    Some(format!(
        "jitter: {} pauses before another attempt were all {least} to {most} ms long; the contract wants them drawn by chance, or all \
         who fail together come back together",
        lengths.len()
    ))
}

/// The shortest and the longest of these pauses, where they are too many and too much alike to be drawn.
fn alike(lengths: &[i64], scale: i64, side_by_side: bool) -> Option<(i64, i64)> {
    let (least, most) = (*lengths.iter().min()?, *lengths.iter().max()?);
    let (fixed, share) = if side_by_side { UNSHARP_BESIDE } else { UNSHARP };
    let unsharp = fixed * scale + (least as f64 * share) as i64;
    let beyond = least % 1_000;
    let whole = least >= 1_000 && beyond.min(1_000 - beyond) <= unsharp;
    let few = if whole { FEW_SECONDS } else { FEW };
    let same = lengths.len() >= few && least >= SHORTEST_MS * scale && most - least <= unsharp;
    same.then_some((least, most))
}

/// How long those pauses are that were drawn each by itself, from when they began and ended: one after the other, or, by workers
/// side by side, so much apart at both ends.
fn apart(mut spans: Vec<(i64, i64)>, side_by_side: Option<i64>) -> Vec<i64> {
    spans.sort_unstable();
    let mut out: Vec<(i64, i64)> = Vec::new();
    for (from, to) in spans {
        let by_itself = out.iter().all(|(began, ended)| match side_by_side {
            Some(apart) => (from - began).abs() > apart && (to - ended).abs() > apart,
            None => from >= *ended,
        });
        if by_itself {
            out.push((from, to));
        }
    }
    out.into_iter().map(|(from, to)| to - from).collect()
}

#[cfg(test)]
mod tests {
    use super::{alike, apart};

    #[test]
    fn what_is_drawn_is_not_taken_for_the_same() {
        let same = |lengths: &[i64]| alike(lengths, 1, false).is_some();
        assert!(same(&[500, 503, 501, 500, 507, 502]));
        assert!(!same(&[500, 503, 501, 500, 507]), "five may be so by chance");
        assert!(!same(&[500, 503, 501, 340, 507, 502]), "one that differs was drawn");
        assert!(!same(&[12, 12, 13, 12, 12, 13]), "no pause at all is for other laws");
        assert!(!same(&[1_000; 8]) && same(&[1_000; 9]), "whole seconds are all that some languages know");
        assert!(alike(&[500, 503, 501, 500, 507, 502], 1, true).is_none(), "rounds take about as long as each other");
        assert!(alike(&[500, 503, 501, 500, 502, 502], 1, true).is_some());
        assert!(
            alike(&[500, 515, 501, 500, 507, 522], 10, false).is_some(),
            "a tenth of the time, ten times as unsharp"
        );
    }

    #[test]
    fn a_pause_that_many_share_counts_once() {
        assert_eq!(apart(vec![(0, 500), (510, 1_010), (505, 1_000)], None), [500, 495]);
        // Rounds: all that failed is sent again after one pause.
        assert_eq!(apart(vec![(0, 500), (60, 560), (120, 620)], None), [500]);
        assert_eq!(apart(vec![(0, 500), (60, 560), (65, 580), (130, 505)], Some(10)), [500, 500]);
    }
}
