//! Of several signatures in one header any may be the one that holds, and an event is taken by it.
//!
//! Source: Standard Webhooks, "webhook-signature": a list of signatures, delimited by spaces, of which one has to hold; Stripe
//! documentation, "Verify webhook signatures": one `v1` for each active secret.

use serde_json::Value;

use super::super::judge::Evidence;
use super::hooked;
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::courier::How;

/// See the module.
pub(super) struct WebhookSeveralSignatures;

impl Drill for WebhookSeveralSignatures {
    fn code(&self) -> &'static str {
        "webhook-several-signatures"
    }

    fn hypothesis(&self) -> &'static str {
        "An event with two signatures, the first by a secret that is not known yet, is taken by the second."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        let scheme = hooked(bench)?.signing.scheme;
        match scheme.shows_several() {
            true => Ok(()),
            false => Err(format!("{} shows one signature", scheme.as_str())),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        let mut setup = Setup::clean();
        setup.courier = Some(Box::new(|_, _, fresh, rng| {
            for (n, one) in fresh.iter_mut().enumerate() {
                if n == 0 || rng.one_in(2) {
                    one.how = How::TwoSignatures;
                }
            }
        }));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let several = evidence.trace.deliveries.iter().filter(|d| d.delivery.how == How::TwoSignatures);
        several.filter(|d| d.status.is_some()).count() as u64
    }
}
