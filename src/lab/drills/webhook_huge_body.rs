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
        setup.courier = Some(strangers::among("evt_huge", 2, |one, n, _, _| {
            // Above what is taken, and below it.
            one.sent(How::Huge(if n == 0 { MOST_BYTES + 1 } else { 64 * 1024 }))
        }));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let sent = evidence.trace.deliveries.iter().filter(|d| matches!(d.delivery.how, How::Huge(_)));
        sent.filter(|d| d.status.is_some()).count() as u64
    }
}
