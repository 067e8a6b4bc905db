//! What is sent to another path is not taken, be it signed as it should be.
//!
//! Source: a receiver for several senders tells them apart by path; a delivery to the wrong one is another flow's.

use serde_json::Value;

use super::super::judge::Evidence;
use super::hooked;
use super::strangers;
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::courier::How;

/// See the module.
pub(super) struct WebhookWrongPath;

impl Drill for WebhookWrongPath {
    fn code(&self) -> &'static str {
        "webhook-wrong-path"
    }

    fn hypothesis(&self) -> &'static str {
        "An event that is sent to another path than the contract's is not taken."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        hooked(bench).map(|_| ())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        let mut setup = Setup::clean();
        setup.courier = Some(strangers::among("evt_astray", 2, |one, _, _, _| one.sent(How::Elsewhere)));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let sent = evidence.trace.deliveries.iter().filter(|d| d.delivery.how == How::Elsewhere);
        sent.filter(|d| d.status.is_some()).count() as u64
    }
}
