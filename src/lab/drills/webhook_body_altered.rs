//! An event whose bytes were changed after it was signed is refused, be the change as small as a space.
//!
//! Source: Standard Webhooks, "Verifying webhook authenticity": the signature is over the raw body; who parses first and writes
//! anew verifies something else.

use serde_json::Value;

use super::super::judge::Evidence;
use super::hooked;
use super::strangers;
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::courier::How;

/// See the module.
pub(super) struct WebhookBodyAltered;

impl Drill for WebhookBodyAltered {
    fn code(&self) -> &'static str {
        "webhook-body-altered"
    }

    fn hypothesis(&self) -> &'static str {
        "An event whose bytes were changed after it was signed is refused, also where the change means nothing."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        hooked(bench).map(|_| ())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        let mut setup = Setup::clean();
        setup.courier = Some(strangers::among("evt_altered", 2, |one, _, _, _| one.sent(How::Respaced)));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let altered = evidence.trace.deliveries.iter().filter(|d| d.delivery.how == How::Respaced);
        altered.filter(|d| d.status.is_some()).count() as u64
    }
}
