//! Legal and rare: chunks with extensions (RFC 9112 section 7.1), header names in any case (RFC 9110 section 5.1); and what a
//! client asked for without thinking of it: gzip (RFC 9110 section 8.4.1.3).

use serde_json::Value;

use super::OnWire;
use crate::base::rng::Rng;
use crate::lab::bench::{Bench, Purpose};
use crate::lab::drills::{Drill, Setup, held_back};
use crate::lab::faults::{Aim, Wire};

pub(super) struct OddFraming;

impl Drill for OddFraming {
    fn code(&self) -> &'static str {
        "odd-framing"
    }

    fn hypothesis(&self) -> &'static str {
        "Chunks of a few bytes that part characters, header names in any case, and gzip where it was asked for, are read like any other answer."
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let aim =
            Aim::at([Purpose::List, Purpose::Find, Purpose::Create, Purpose::Update, Purpose::Put, Purpose::Bulk]);
        let _ = (records, rng);
        let mut setup = Setup::with(OnWire { code: "odd-framing", aim: aim.times(u64::MAX / 2), wire: Wire::Odd });
        if bench.plan.source.webhook.is_some() && bench.plan.source.list.is_some() {
            // What an event has told needs no page.
            setup = setup.passes(2);
            setup.courier = Some(held_back());
        }
        setup
    }

    fn thorough(&self) -> bool {
        true
    }
}
