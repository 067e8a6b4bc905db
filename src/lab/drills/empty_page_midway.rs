//! An empty page with a cursor is not the end.
//!
//! Source: Google AIP-158: an empty page with a token is not the end.

use serde_json::Value;

use super::super::bench::Purpose;
use super::super::faults::{Aim, EmptyPage};
use super::paged;
use super::{Drill, Setup, strangers};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::model::{CursorFrom, PageStyle};

/// See the module.
pub(super) struct EmptyPageMidway;

impl Drill for EmptyPageMidway {
    fn code(&self) -> &'static str {
        "empty-page-midway"
    }

    fn hypothesis(&self) -> &'static str {
        "An empty page with a cursor is not the end."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        let pages = paged(bench)?;
        match (pages.style, &pages.next) {
            (PageStyle::LinkHeader, _) | (PageStyle::Cursor | PageStyle::LinkBody, Some(CursorFrom::Body(_))) => Ok(()),
            _ => Err("an empty page gives no way to go on in this style".to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records);
        strangers::unheard(bench, Setup::with(EmptyPage { aim: Aim::at([Purpose::List]).after(rng.below(3)) }))
    }
}
