//! A body of megabytes from somebody else is refused soon, and the events after it are taken.
//!
//! Source: RFC 9110 section 15.5.14 (413 Content Too Large): anybody can post anything to an open port.

use serde_json::Value;

use super::super::judge::Evidence;
use super::hooked;
use super::strangers;
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::connector::MOST_BYTES;
use crate::lab::bench::Bench;
use crate::lab::courier::Delivery;
use crate::lab::courier::How;

/// See the module.
pub(super) struct WebhookHugeBody;

impl Drill for WebhookHugeBody {
    fn code(&self) -> &'static str {
        "webhook-huge-body"
    }

    fn hypothesis(&self) -> &'static str {
        "A body of megabytes from somebody else is refused soon and leaves nothing behind; the events after it are taken."
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
            for (n, record) in strangers(bench, 2, rng).into_iter().enumerate() {
                let mut one = Delivery::of(bench, hook, format!("evt_huge_{n}"), record, rng);
                // Above what is taken, and below it.
                one.how = How::Huge(if n == 0 { MOST_BYTES + 1 } else { 64 * 1024 });
                let place = usize::try_from(rng.below(fresh.len() as u64)).unwrap_or(0);
                fresh.insert(place, one);
            }
        }));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let sent = evidence.trace.deliveries.iter().filter(|d| matches!(d.delivery.how, How::Huge(_)));
        sent.filter(|d| d.status.is_some()).count() as u64
    }
}
