//! Records that are added while pages are counted are read, by this run or the next; the total that the first page told is
//! not the end.
//!
//! Source: "We need tool support for keyset pagination", use-the-index-luke.com: counted pages drift while rows come and go.

use serde_json::Value;

use super::super::faults::{Aim, Altered, SourceChanged};
use super::super::mock::text_of;
use super::{Drill, Setup, counted};
use crate::base::rng::Rng;
use crate::lab::bench::{Bench, Purpose};
use crate::lab::mock::dig;

/// See the module.
pub(super) struct InsertWhilePaging;

impl Drill for InsertWhilePaging {
    fn code(&self) -> &'static str {
        "insert-while-paging"
    }

    fn hypothesis(&self) -> &'static str {
        "Records that are added while pages are counted are delivered by this run or the next, and no other is lost."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        counted(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = records;
        let (entity, key_path) = (bench.source_entity.clone(), bench.plan.source.key.clone());
        let count = usize::try_from(rng.between(1, 3)).unwrap_or(1);
        let mut draws = rng.fork("born");
        let change = SourceChanged {
            aim: Aim::at([Purpose::List]).after(1 + rng.below(2)),
            change: Some(Box::new(move |source| {
                let born = source.seed_records(&entity, count, &mut draws);
                let keys: Vec<String> = born.iter().filter_map(|r| dig(r, &key_path)).map(text_of).collect();
                Altered { what: format!("{count} more in the source"), born: keys, gone: Vec::new() }
            })),
        };
        Setup::with(change).passes(2).honest()
    }
}
