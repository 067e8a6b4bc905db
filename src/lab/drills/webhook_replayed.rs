//! A delivery whose signature is right and whose time is not is refused.
//!
//! Source: Standard Webhooks: the signed time stamp is held against a tolerance.

use serde_json::Value;

use super::super::judge::Evidence;
use super::{Drill, Setup, hooked, strangers};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::courier::How;

/// See the module.
pub(super) struct WebhookReplayed;

impl Drill for WebhookReplayed {
    fn code(&self) -> &'static str {
        "webhook-replayed"
    }

    fn hypothesis(&self) -> &'static str {
        "A delivery that was signed longer ago than the contract tolerates, or in the future, is refused."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        let hook = hooked(bench)?;
        if !hook.signing.has_time() {
            return Err(format!(
                "{} signs no time; the event id alone keeps replays out",
                hook.signing.scheme.as_str()
            ));
        }
        match hook.signing.tolerance_ms {
            Some(_) => Ok(()),
            None => Err("the contract tolerates any time".to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        let mut setup = Setup::clean();
        setup.courier = Some(strangers::among("evt_replayed", 2, |one, n, hook, rng| {
            // Of a record that the source has taken back since: whoever takes it in has something nobody holds.
            let tolerance = i64::try_from(hook.signing.tolerance_ms.unwrap_or(0)).unwrap_or(i64::MAX / 2);
            let off = tolerance + i64::try_from(rng.between(2_000, 90_000_000)).unwrap_or(2_000);
            one.sent(How::Replayed(if n == 0 { off } else { -off }))
        }));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        evidence.trace.deliveries.iter().filter(|d| !d.is_genuine() && d.status.is_some()).count() as u64
    }
}
