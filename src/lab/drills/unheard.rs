//! Who works side by side and is told to wait: the others have to hear of it, though nobody tells them.

use super::super::faults::{Disposition, Exchange, Fault};
use super::super::judge::ON_ITS_WAY_MS;
use crate::base::clock::Timestamp;
use crate::lab::bench::{Bench, Purpose};

/// So long the answers take that a worker gets who was on its way when another one was told to wait: what it sends next comes
/// after all that may be on its way, and before the wait is over.
const ANSWERED_AFTER_MS: i64 = ON_ITS_WAY_MS + 200;

/// A fault that says when to come back. For a program whose time is ours, answers to what was on its way beside it come late:
/// a worker that waits for itself alone goes on then.
pub(super) fn and_the_others<F: Fault>(bench: &Bench, fault: F) -> TheOthers<F> {
    TheOthers { fault, our_time: bench.real.is_some_and(|real| real.scale <= 1), told: None }
}

/// See [`and_the_others`].
pub(super) struct TheOthers<F> {
    fault: F,
    our_time: bool,
    /// Who said it, and when.
    told: Option<(String, Timestamp)>,
}

impl<F: Fault> Fault for TheOthers<F> {
    fn code(&self) -> &'static str {
        self.fault.code()
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        let wants = self.fault.on_exchange(exchange);
        if !matches!(wants, Disposition::Pass) {
            self.told = Some((exchange.system.to_owned(), exchange.at));
            return wants;
        }
        let beside = |(system, at): &(String, Timestamp)| {
            system == exchange.system && exchange.at.0 - at.0 <= ON_ITS_WAY_MS && exchange.purpose != Purpose::Token
        };
        match self.our_time && self.told.as_ref().is_some_and(beside) {
            true => Disposition::Delay(ANSWERED_AFTER_MS.unsigned_abs()),
            false => wants,
        }
    }
}
