//! The source's clock is minutes ahead or behind: what was read is remembered by what the source wrote, never by the
//! connector's own time.
//!
//! Source: "Time, clocks, and the ordering of events in a distributed system", Lamport 1978: two clocks tell no order.

use serde_json::Value;

use super::super::judge::Evidence;
use super::super::mock::{MockSystem, compare, dig, put};
use super::versions::shifted;
use super::{Drill, Setup, datable};
use crate::base::clock::{Clock as _, SystemClock, Timestamp};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::world::begins;

/// See the module.
pub(super) struct ClockSkew;

impl Drill for ClockSkew {
    fn code(&self) -> &'static str {
        "clock-skew"
    }

    fn hypothesis(&self) -> &'static str {
        "With the source's clock ahead or behind, records that come later are read by the next run, and none is left out."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        datable(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let Some((path, _)) = bench.plan.source.incremental.clone() else { return Setup::clean() };
        // A source that is behind is what an own clock reads past; one that is ahead hides it.
        let off_ms = if rng.one_in(4) { 600_000 } else { -600_000 };
        let newest = records.iter().filter_map(|r| dig(r, &path)).max_by(|a, b| compare(a, b)).cloned();
        // Ahead or behind of the connector's clock, which in real time is that of the machine.
        let now = begins(bench, SystemClock.now());
        let Some(by) = newest.as_ref().and_then(time_of).map(|t| now.0 + off_ms - t.0) else { return Setup::clean() };
        for record in records.iter_mut() {
            if let Some(moved) = dig(record, &path).and_then(|v| shifted(v, by)) {
                put(record, &path, moved);
            }
        }
        let mut setup = Setup::clean().passes(2);
        setup.clock_off_ms = off_ms;
        setup.between = Some(Box::new(add_soon_after));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        u64::from(evidence.runs.len() >= 2)
    }
}

/// The time that a version stands for.
fn time_of(version: &Value) -> Option<Timestamp> {
    match version {
        Value::String(text) => Timestamp::parse(text),
        Value::Number(n) => n.as_i64().map(|n| Timestamp(if n > 100_000_000_000 { n } else { n * 1000 })),
        _ => None,
    }
}

/// New records, some seconds after the last one by the source's clock.
fn add_soon_after(bench: &Bench, source: &mut MockSystem, rng: &mut Rng) -> String {
    let Some((path, _)) = &bench.plan.source.incremental else { return String::new() };
    let held = source.collection(&bench.source_entity);
    let newest = held.and_then(|c| c.iter().filter_map(|(_, r)| dig(r, path)).max_by(|a, b| compare(a, b)).cloned());
    let count = usize::try_from(rng.between(1, 3)).unwrap_or(1);
    let drawn = source.draw_records(&bench.source_entity, count, rng);
    for (nth, mut record) in (1..).zip(drawn) {
        if let Some(later) = newest.as_ref().and_then(|n| shifted(n, nth * 2_000)) {
            put(&mut record, path, later);
        }
        source.keep(&bench.source_entity, record);
    }
    format!("{count} more in the source, seconds after the last one by its own clock")
}
