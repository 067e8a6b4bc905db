//! What somebody else sends in the name of the source is refused, and leaves nothing behind.
//!
//! Source: Standard Webhooks, "Verifying webhook authenticity"; RFC 2104 (HMAC).

use serde_json::Value;

use super::super::judge::Evidence;
use super::super::mock::put;
use super::strangers::slip_in;
use super::{Drill, Setup, hooked, strangers};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::courier::{Delivery, How};

/// See the module.
pub(super) struct WebhookForged;

impl Drill for WebhookForged {
    fn code(&self) -> &'static str {
        "webhook-forged"
    }

    fn hypothesis(&self) -> &'static str {
        "What somebody else sends in the name of the source, or changes on the way, is refused and leaves nothing behind."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        hooked(bench).map(|_| ())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        let mut setup = Setup::clean();
        setup.courier = Some(Box::new(|bench, start, fresh, rng| {
            let Ok(hook) = hooked(bench) else { return };
            if start > 0 {
                return;
            }
            let mut forged = Vec::new();
            for (n, record) in strangers(bench, 5, rng).into_iter().enumerate() {
                let mut one = Delivery::of(bench, hook, format!("evt_forged_{n}"), record.clone(), rng);
                one.how = match n {
                    0 => How::Unsigned,
                    1 => How::OtherSecret,
                    2 => How::CutSignature,
                    3 => How::OffSignature,
                    _ => {
                        // A true event, with another record put into it.
                        let Some(mut caught) = rng.pick(fresh).cloned() else { continue };
                        let mut changed = caught.payload.clone();
                        put(&mut changed, &hook.record, record);
                        caught.id = one.id;
                        caught.how = How::Altered(changed);
                        forged.push(caught);
                        continue;
                    }
                };
                forged.push(one);
            }
            for one in forged {
                slip_in(fresh, one, rng);
            }
        }));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        evidence.trace.deliveries.iter().filter(|d| !d.is_genuine() && d.status.is_some()).count() as u64
    }
}
