//! An event that is delivered again, at once or hours later, has one effect.
//!
//! Source: Standard Webhooks: delivery is at least once; webhook-id tells repeats.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::judge::Evidence;
use super::strangers::slip_in;
use super::{Drill, Setup, hooked};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::courier::Delivery;

/// See the module.
pub(super) struct WebhookDuplicated;

impl Drill for WebhookDuplicated {
    fn code(&self) -> &'static str {
        "webhook-duplicated"
    }

    fn hypothesis(&self) -> &'static str {
        "An event that is delivered again, at once or hours later, has one effect."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        hooked(bench).map(|_| ())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        let mut setup = Setup::clean().passes(2);
        setup.pause_ms = 26 * 3600 * 1000;
        let mut first: Vec<Delivery> = Vec::new();
        setup.courier = Some(Box::new(move |_, start, fresh, rng| {
            if start == 0 {
                first.clone_from(fresh);
                for one in &first {
                    if rng.one_in(3) {
                        slip_in(fresh, one.clone(), rng);
                    }
                }
                fresh.extend(first.first().cloned());
            } else {
                fresh.extend(first.iter().filter(|_| rng.one_in(2)).cloned());
                fresh.extend(first.last().cloned());
            }
        }));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let mut seen = BTreeSet::new();
        evidence.trace.deliveries.iter().filter(|d| d.acknowledged() && !seen.insert(&d.delivery.id)).count() as u64
    }
}
