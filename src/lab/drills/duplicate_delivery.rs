//! A page that brings a whole earlier page again leads to one effect a record.
//!
//! Source: at-least-once delivery: what was sent comes again.

use serde_json::Value;

use super::super::bench::Purpose;
use super::super::faults::{Aim, PageOverlap};
use super::paged;
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::model::PageStyle;

/// See the module.
pub(super) struct DuplicateDelivery;

impl Drill for DuplicateDelivery {
    fn code(&self) -> &'static str {
        "duplicate-delivery"
    }

    fn hypothesis(&self) -> &'static str {
        "A page that brings a whole earlier page again leads to one effect a record."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        match paged(bench)?.style {
            PageStyle::Offset => Err("with offsets repeated records would push others out".to_owned()),
            _ => Ok(()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = records;
        let by = usize::try_from(bench.page).unwrap_or(1);
        Setup::with(PageOverlap { aim: Aim::at([Purpose::List]).after(1 + rng.below(2)), by })
    }
}
