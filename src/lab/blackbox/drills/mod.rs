//! Drills that exist only on real sockets and with real processes: one a file, beside those that are played in virtual time too.

mod closed_connection;
mod cut_chunked_body;
mod cut_closed_body;
mod disabled_midway;
mod ended_midway;
mod garbage_on_wire;
mod gigabyte_body;
mod half_close;
mod odd_framing;
mod retries_in_step;
mod slow_drip;
mod started_twice;
mod truncated_body;
mod uncorrelated_write;

pub use started_twice::LOCKS;

use crate::lab::drills::Drill;
use crate::lab::faults::{Aim, Disposition, Exchange, Fault, Wire};

/// Every drill of this room, in the order in which a matrix shows them.
pub const ALL: [&dyn Drill; 14] = [
    &half_close::HalfClose,
    &garbage_on_wire::GarbageOnWire,
    &closed_connection::ClosedConnection,
    &odd_framing::OddFraming,
    &truncated_body::TruncatedBody,
    &cut_chunked_body::CutChunkedBody,
    &cut_closed_body::CutClosedBody,
    &slow_drip::SlowDrip,
    &gigabyte_body::GigabyteBody,
    &disabled_midway::DisabledMidway,
    &ended_midway::EndedMidway,
    &started_twice::StartedTwice,
    &uncorrelated_write::UncorrelatedWrite,
    &retries_in_step::RetriesInStep,
];

/// Something that happens on the wire, or to the process, to the exchanges that are hit.
struct OnWire {
    code: &'static str,
    aim: Aim,
    wire: Wire,
}

impl Fault for OnWire {
    fn code(&self) -> &'static str {
        self.code
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if self.aim.hits(exchange) { Disposition::Wire(self.wire) } else { Disposition::Pass }
    }
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn names_are_unlike_all_others() {
        let mut names: Vec<&str> = crate::lab::blackbox::codes();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        for drill in ALL {
            assert!(drill.hypothesis().len() > 20 && drill.hypothesis().ends_with('.'), "{}", drill.code());
        }
    }
}
