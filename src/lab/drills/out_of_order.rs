//! A later page that repeats a record in an older form does not take the newer one's place: the last state wins, by the
//! version that the source writes, not by the order of arrival.
//!
//! Source: RFC 9110 section 13.1.1: the lost update, which a version prevents and an order of arrival does not.

use serde_json::Value;

use super::super::faults::{Aim, PageShape, StaleAgain};
use super::super::mock::{dig, put};
use super::versions::{DAY_MS, movable, shifted};
use super::{Drill, Setup, paged};
use crate::base::rng::Rng;
use crate::connector::WritePlan;
use crate::lab::bench::{Bench, Purpose};
use crate::model::PageStyle;

/// See the module.
pub(super) struct OutOfOrder;

impl Drill for OutOfOrder {
    fn code(&self) -> &'static str {
        "out-of-order"
    }

    fn hypothesis(&self) -> &'static str {
        "A later page that repeats a record in an older form does not take the newer one's place."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        if paged(bench)?.style == PageStyle::Offset {
            return Err("pages are counted by records, so a record more on one of them moves all others".to_owned());
        }
        if matches!(bench.plan.target.write, WritePlan::Create { .. }) {
            return Err("a record is only created, so it has one form".to_owned());
        }
        movable(bench).map(|_| ())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let source = &bench.plan.source;
        let Some(version) = source.version() else { return Setup::clean() };
        let stranger = super::strangers(bench, 1, rng).pop();
        let Some((held, mut older)) = rng.pick(records).cloned().zip(stranger) else { return Setup::clean() };
        let (Some(key), Some(before)) =
            (dig(&held, &source.key), dig(&held, version).and_then(|v| shifted(v, -DAY_MS)))
        else {
            return Setup::clean();
        };
        put(&mut older, &source.key, key.clone());
        put(&mut older, version, before);
        let text = bench.source_key(&held).unwrap_or_default();
        let aim = Aim::at([Purpose::List]).times(u64::MAX / 2);
        Setup::with(StaleAgain::new(aim, text, older, PageShape::of(source)))
    }
}
