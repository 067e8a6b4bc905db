//! An event is verified as the bytes that came, however its sender writes JSON.
//!
//! Source: RFC 8259 section 2: white space means nothing to JSON and everything to a signature.

use serde_json::Value;

use super::super::judge::Evidence;
use super::hooked;
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::courier::How;

/// See the module.
pub(super) struct WebhookBodySpaced;

impl Drill for WebhookBodySpaced {
    fn code(&self) -> &'static str {
        "webhook-body-spaced"
    }

    fn hypothesis(&self) -> &'static str {
        "An event whose JSON is written with white space is verified as the bytes that came, and taken."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        hooked(bench).map(|_| ())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        let mut setup = Setup::clean();
        setup.courier = Some(Box::new(|_, _, fresh, rng| {
            for one in fresh.iter_mut() {
                if rng.one_in(2) {
                    one.how = How::Spaced;
                }
            }
            if let Some(first) = fresh.first_mut() {
                first.how = How::Spaced;
            }
        }));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let sent = evidence.trace.deliveries.iter().filter(|d| d.delivery.how == How::Spaced);
        sent.filter(|d| d.status.is_some()).count() as u64
    }
}
