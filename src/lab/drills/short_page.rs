//! A page with fewer records than asked for is not taken for the last one.
//!
//! Source: Google AIP-158: a page may hold fewer records than were asked for, though more follow.

use serde_json::Value;

use super::super::bench::Purpose;
use super::super::faults::{Aim, ShortPage};
use super::paged;
use super::{Drill, Setup, strangers};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::model::PageStyle;

/// See the module.
pub(super) struct ShortPageDrill;

impl Drill for ShortPageDrill {
    fn code(&self) -> &'static str {
        "short-page"
    }

    fn hypothesis(&self) -> &'static str {
        "A page with fewer records than asked for is not taken for the last one."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        let pages = paged(bench)?;
        match pages.style {
            PageStyle::Page => Err("with page numbers a short page is a full one with records hidden".to_owned()),
            PageStyle::Offset if pages.more.is_none() && pages.total.is_none() => {
                Err("with offsets and no total, a short page is the end".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records);
        strangers::unheard(bench, Setup::with(ShortPage { aim: Aim::at([Purpose::List]).after(rng.below(2)), keep: 1 }))
    }
}
