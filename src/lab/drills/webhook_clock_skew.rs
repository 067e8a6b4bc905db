//! A sender whose clock is off by less than the contract tolerates is believed.
//!
//! Source: Standard Webhooks: the time stamp is checked within a tolerance, since no two clocks agree.

use serde_json::Value;

use super::super::judge::Evidence;
use super::hooked;
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::courier::How;

/// See the module.
pub(super) struct WebhookClockSkew;

impl Drill for WebhookClockSkew {
    fn code(&self) -> &'static str {
        "webhook-clock-skew"
    }

    fn hypothesis(&self) -> &'static str {
        "Events of a sender whose clock is off by less than the contract tolerates, ahead or behind, are taken."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        match hooked(bench)?.signing.tolerance_ms {
            Some(10_000..) => Ok(()),
            Some(_) => Err("the contract tolerates next to nothing".to_owned()),
            None => Err("the time is not signed, or the contract does not look at it".to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        let mut setup = Setup::clean();
        setup.courier = Some(Box::new(|bench, _, fresh, rng| {
            let tolerated = hooked(bench).ok().and_then(|h| h.signing.tolerance_ms).unwrap_or(0);
            let off = i64::try_from(tolerated / 5 * 4).unwrap_or(0);
            for one in fresh.iter_mut() {
                one.how = How::Skewed(if rng.one_in(2) { off } else { -off });
            }
        }));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let sent = evidence.trace.deliveries.iter().filter(|d| matches!(d.delivery.how, How::Skewed(_)));
        sent.filter(|d| d.status.is_some()).count() as u64
    }
}
