//! A record that is removed while pages are counted moves all that follow: the one that slips over the edge of a page is
//! not lost. Counted pages need a second look, or an overlap (Airbyte issue 21500 is this loss).
//!
//! Source: Airbyte issue 21500, which is this loss; "We need tool support for keyset pagination", use-the-index-luke.com.

use serde_json::Value;

use super::super::faults::{Aim, Altered, SourceChanged};
use super::{Drill, Setup, counted};
use crate::base::rng::Rng;
use crate::lab::bench::{Bench, Purpose};

/// See the module.
pub(super) struct DeleteWhilePaging;

impl Drill for DeleteWhilePaging {
    fn code(&self) -> &'static str {
        "delete-while-paging"
    }

    fn hypothesis(&self) -> &'static str {
        "A record that is removed while pages are counted makes no other one be skipped."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        counted(bench)?;
        let plan = &bench.plan.source;
        let total = plan.pagination.as_ref().is_some_and(|p| p.total.is_some());
        if !total && plan.by_changes() {
            return Err(
                "neither a total nor a second reading could tell that a page has slipped; a cursor would".to_owned()
            );
        }
        Ok(())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = records;
        let entity = bench.source_entity.clone();
        let at = usize::try_from(rng.below(bench.page)).unwrap_or(0);
        let change = SourceChanged {
            aim: Aim::at([Purpose::List]).after(1),
            change: Some(Box::new(move |source| {
                // One of the page that was read already.
                let gone = source.take(&entity, at);
                Altered {
                    what: format!("{} fewer in the source", gone.iter().len()),
                    born: Vec::new(),
                    gone: gone.into_iter().collect(),
                }
            })),
        };
        let mut setup = Setup::with(change).passes(2).honest();
        if bench.plan.source.pagination.as_ref().is_some_and(|p| p.total.is_none()) {
            // Nobody can know in this run; the next one reads all again.
            setup.expect.claim = super::Claim::Any;
        }
        setup
    }
}
