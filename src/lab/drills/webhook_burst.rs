//! All events at once, each several times: every one is answered soon, kept once, and none is lost.
//!
//! Source: Stripe and Shopify deliver as fast as a batch job of their customer makes events; both end an endpoint that is slow.

use serde_json::Value;

use super::super::judge::Evidence;
use super::hooked;
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct WebhookBurst;

impl Drill for WebhookBurst {
    fn code(&self) -> &'static str {
        "webhook-burst"
    }

    fn hypothesis(&self) -> &'static str {
        "All events at once, each several times, are answered soon and kept once; none is lost."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        hooked(bench).map(|_| ())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records);
        let times = usize::try_from(rng.between(2, 4)).unwrap_or(2);
        let mut setup = Setup::clean();
        setup.process.burst = true;
        setup.courier = Some(Box::new(move |_, _, fresh, _| {
            let once = fresh.clone();
            for _ in 1..times {
                fresh.extend(once.iter().cloned());
            }
        }));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let all = &evidence.trace.deliveries;
        let beside = |i: usize| all[..i].iter().any(|d| d.ended.is_none_or(|end| end > all[i].at));
        (1..all.len()).filter(|i| beside(*i)).count() as u64
    }
}
