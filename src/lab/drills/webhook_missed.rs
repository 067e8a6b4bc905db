//! What the source never delivered is found by the sweep, also what came after the sweep before.
//!
//! Source: senders give up after some attempts: a sweep finds the rest.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::courier::{Courier, Delivery};
use super::super::judge::Evidence;
use super::{Drill, Setup, hooked, two_more};
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
        // What is new is missed as well, and the sweep of the next run reads from where the one before had come to.
        let mut setup = Setup::clean().passes(2);
        setup.between = Some(Box::new(two_more));
        setup.courier = Some(Box::new(|_, _, fresh, rng| {
            lost(fresh, rng);
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

/// A courier who brings in the second run what he held back in the first: till then it is told by the list alone.
pub(in crate::lab) fn held_back() -> Courier {
    let mut held: Vec<Delivery> = Vec::new();
    Box::new(move |_, starts, fresh, rng| match starts {
        0 => held = lost(fresh, rng),
        _ => fresh.append(&mut held),
    })
}

/// Takes one event in any case, and others by chance.
fn lost(fresh: &mut Vec<Delivery>, rng: &mut Rng) -> Vec<Delivery> {
    let first = usize::try_from(rng.below(fresh.len().max(1) as u64)).unwrap_or(0);
    let mut at = 0..;
    fresh.extract_if(.., |_| at.next() == Some(first) || rng.one_in(3)).collect()
}
