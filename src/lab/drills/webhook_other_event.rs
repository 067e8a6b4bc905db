//! An event of another kind, signed by the source and sent to the same path, is nothing that the flow writes.
//!
//! Source: Standard Webhooks, "Payload structure": the type tells one kind of event from another, and an endpoint gets those that
//! somebody subscribed it to, whoever reads them.

use serde_json::Value;

use super::super::judge::Evidence;
use super::hooked;
use super::strangers;
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::courier::How;

/// See the module.
pub(super) struct WebhookOtherEvent;

impl Drill for WebhookOtherEvent {
    fn code(&self) -> &'static str {
        "webhook-other-event"
    }

    fn hypothesis(&self) -> &'static str {
        "An event of another kind that comes to the same path is not written."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        if hooked(bench)?.tells.is_empty() {
            return Err("the description does not say what tells one kind of event from another".to_owned());
        }
        Ok(())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        let mut setup = Setup::clean();
        setup.courier = Some(strangers::among("evt_other", 2, |one, _, hook, _| one.of_other_kind(hook)));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let sent = evidence.trace.deliveries.iter().filter(|d| d.delivery.how == How::OtherEvent);
        sent.filter(|d| d.status.is_some()).count() as u64
    }
}
