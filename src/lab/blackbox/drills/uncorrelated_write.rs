//! Every write carries an id by which it is found again in the logs of both sides (W3C Trace Context, or a correlation id).

use serde_json::Value;

use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::drills::{Drill, Setup};
use crate::lab::judge::{Evidence, correlation_ids};
use crate::lab::trace::Exchanged;

pub(super) struct UncorrelatedWrite;

impl Drill for UncorrelatedWrite {
    fn code(&self) -> &'static str {
        "uncorrelated-write"
    }

    fn hypothesis(&self) -> &'static str {
        "Every write carries traceparent, x-correlation-id or x-request-id."
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        Setup::clean()
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
            None => Vec::new(),
        }
    }
}

fn writes<'e>(evidence: &'e Evidence<'_>) -> impl Iterator<Item = &'e Exchanged> {
    evidence.trace.exchanges.iter().filter(|x| x.purpose.writes())
}
