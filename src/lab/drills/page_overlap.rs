//! A record that comes again on the next page is written once.
//!
//! Source: offset paging while records come in: the last of a page is the first of the next.

use serde_json::Value;

use super::super::bench::Purpose;
use super::super::faults::{Aim, PageOverlap};
use super::paged;
use super::{Drill, Setup, strangers};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::model::PageStyle;

/// See the module.
pub(super) struct PageOverlapDrill;

impl Drill for PageOverlapDrill {
    fn code(&self) -> &'static str {
        "page-overlap"
    }

    fn hypothesis(&self) -> &'static str {
        "A record that comes again on the next page is written once."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        match paged(bench)?.style {
            PageStyle::Offset => Err("with offsets a repeated record would push another one out".to_owned()),
            _ => Ok(()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records);
        strangers::unheard(
            bench,
            Setup::with(PageOverlap { aim: Aim::at([Purpose::List]).after(1 + rng.below(2)), by: 1 }),
        )
    }
}
