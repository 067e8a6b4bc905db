//! Every write carries an id by which it is found again in the logs of both sides (W3C Trace Context, or a correlation id).

use serde_json::Value;

use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::drills::{Drill, Setup, two_more};
use crate::lab::judge::{Evidence, correlation_ids};
use crate::lab::trace::Exchanged;

pub(super) struct UncorrelatedWrite;

impl Drill for UncorrelatedWrite {
    fn code(&self) -> &'static str {
        "uncorrelated-write"
    }

    fn hypothesis(&self) -> &'static str {
        "Every write carries traceparent, x-correlation-id or x-request-id, and not one id for all that is ever written."
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        let mut setup = Setup::clean().passes(2).honest();
        setup.between = Some(Box::new(two_more));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        writes(evidence).count() as u64
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let bare: Vec<u64> = writes(evidence).filter(|x| correlation_ids(x).is_empty()).map(|x| x.nth).collect();
        match bare.first() {
            Some(first) => vec![format!(
                "trace: {} of {} writes carry no correlation id (request {first} first)",
                bare.len(),
                writes(evidence).count()
            )],
            None => the_same_for_all(evidence).into_iter().collect(),
        }
    }
}

/// What is said of a program that sends one id with all that it ever writes: a run may have one of its own, two runs share none.
fn the_same_for_all(evidence: &Evidence<'_>) -> Option<String> {
    let (first, later): (Vec<&Exchanged>, Vec<&Exchanged>) = writes(evidence).partition(|x| x.run == 1);
    let fresh: Vec<&Exchanged> = later.into_iter().filter(|x| !first.iter().any(|before| before.asks_as(x))).collect();
    let mut all = first.iter().chain(&fresh).map(|x| correlation_ids(x));
    let shared = all.next()?;
    let shared = all.fold(shared, |shared, ids| shared.intersection(&ids).cloned().collect());
    let id = shared.first().filter(|_| first.len() > 1 && !fresh.is_empty())?;
    Some(format!(
        "trace: all {} writes of two runs carry the same id, {id:?}: nothing is found again by it",
        first.len() + fresh.len()
    ))
}

fn writes<'e>(evidence: &'e Evidence<'_>) -> impl Iterator<Item = &'e Exchanged> {
    evidence.trace.exchanges.iter().filter(|x| x.purpose.writes())
}
