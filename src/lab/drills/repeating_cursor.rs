//! A cursor that leads to itself ends the run with an honest verdict; the next run goes on.
//!
//! Source: Singer and Airbyte both fail a sync on a cursor that leads to itself.

use serde_json::Value;

use super::super::bench::Purpose;
use super::super::faults::{Aim, RepeatingCursor};
use super::paged;
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::model::PageStyle;

/// See the module.
pub(super) struct RepeatingCursorDrill;

impl Drill for RepeatingCursorDrill {
    fn code(&self) -> &'static str {
        "repeating-cursor"
    }

    fn hypothesis(&self) -> &'static str {
        "A cursor that leads to itself ends the run with an honest verdict; the next run goes on."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        match paged(bench)?.style {
            PageStyle::Cursor | PageStyle::LinkHeader | PageStyle::LinkBody => Ok(()),
            PageStyle::Page | PageStyle::Offset => Err("the client counts by itself".to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        let aim = Aim::at([Purpose::List]).after(1).times(u64::MAX / 2);
        let mut setup = Setup::with(RepeatingCursor { aim }).passes(2).honest();
        setup.faults_end_with_first_pass = true;
        setup
    }
}
