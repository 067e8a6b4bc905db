//! While the secret is being changed, what is signed with the old one or the new one is taken.
//!
//! Source: Standard Webhooks, "Zero downtime secret rotation": during the rotation both secrets are valid.

use serde_json::Value;

use super::super::judge::Evidence;
use super::hooked;
use super::strangers;
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::courier::Delivery;
use crate::lab::courier::How;

/// See the module.
pub(super) struct WebhookSecretRotates;

impl Drill for WebhookSecretRotates {
    fn code(&self) -> &'static str {
        "webhook-secret-rotates"
    }

    fn hypothesis(&self) -> &'static str {
        "While the secret is being changed, events signed with the one or the other are taken, and nobody else's."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        match hooked(bench)?.secrets.len() {
            0 | 1 => Err("the contract names one secret; webhook.verify.previous names the one before it".to_owned()),
            _ => Ok(()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        let mut setup = Setup::clean();
        setup.courier = Some(Box::new(|bench, _, fresh, rng| {
            let Ok(hook) = hooked(bench) else { return };
            for one in fresh.iter_mut() {
                if rng.one_in(2) {
                    one.how = How::PreviousSecret;
                }
            }
            if let Some(first) = fresh.first_mut() {
                first.how = How::PreviousSecret;
            }
            for (n, record) in strangers(bench, 1, rng).into_iter().enumerate() {
                let mut forged = Delivery::of(bench, hook, format!("evt_third_{n}"), record, rng);
                forged.how = How::OtherSecret;
                fresh.push(forged);
            }
        }));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let previous = evidence.trace.deliveries.iter().filter(|d| d.delivery.how == How::PreviousSecret);
        previous.filter(|d| d.status.is_some()).count() as u64
    }
}
