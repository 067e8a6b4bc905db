//! What the source never delivered is found by the sweep.
//!
//! Source: senders give up after some attempts: a sweep finds the rest.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::judge::Evidence;
use super::{Drill, Setup, hooked};
use crate::base::rng::Rng;
use crate::lab::bench::{Bench, Purpose};

/// See the module.
pub(super) struct WebhookMissed;

impl Drill for WebhookMissed {
    fn code(&self) -> &'static str {
        "webhook-missed"
    }

    fn hypothesis(&self) -> &'static str {
        "What the source never delivered is found by the sweep, once."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        hooked(bench)?;
        match bench.plan.source.list {
            Some(_) => Ok(()),
            None => Err("nothing sweeps up what was never delivered".to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        let mut setup = Setup::clean();
        setup.courier = Some(Box::new(|_, _, fresh, rng| {
            let spared = usize::try_from(rng.below(fresh.len().max(1) as u64)).unwrap_or(0);
            let mut n = 0;
            fresh.retain(|_| {
                n += 1;
                n - 1 != spared && !rng.one_in(3)
            });
        }));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        // A program that sweeps by the hour is not waited for.
        let swept = evidence.trace.exchanges.iter().any(|x| x.purpose == Purpose::List);
        if evidence.foreign.is_some() && !swept {
            return 0;
        }
        let told: BTreeSet<&str> = evidence.trace.deliveries.iter().map(|d| d.delivery.key.as_str()).collect();
        evidence.expected.iter().filter(|x| !told.contains(x.key.as_str())).count() as u64
    }
}
