//! A record changes while its source is read: a page brings it in one form, a later page in a newer one, and the write of the first
//! takes long. Who writes side by side and does not keep the order of a record overtakes it, and the older form stands.
//!
//! Source: `delivery.order: per-key` of the contract; Apache Kafka keeps order within a key, and a worker pool behind it loses it.

use serde_json::Value;

use super::super::faults::{Aim, Fault, OlderFirst, PageShape, SlowAnswer, SlowWay};
use super::super::judge::Evidence;
use super::super::mock::{dig, put};
use super::strangers::{keep_identity, strangers};
use super::versions::{DAY_MS, movable, shifted};
use super::{Drill, Setup, WRITES, identifiable, paged};
use crate::base::rng::Rng;
use crate::connector::WritePlan;
use crate::contract::Order;
use crate::lab::bench::{Bench, Purpose};
use crate::model::PageStyle;

/// See the module.
pub(super) struct OvertakenWrite;

impl Drill for OvertakenWrite {
    fn code(&self) -> &'static str {
        "overtaken-write"
    }

    fn hypothesis(&self) -> &'static str {
        "A newer form of a record that is read while an older one is being written is not overtaken by it."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        if matches!(paged(bench)?.style, PageStyle::Page | PageStyle::Offset) {
            return Err("pages are counted by records, so a record more on one of them moves all others".to_owned());
        }
        if bench.plan.delivery.order == Order::None {
            return Err("the contract wants no order".to_owned());
        }
        if matches!(bench.plan.target.write, WritePlan::Create { .. }) {
            return Err("a record is only created, so it has one form".to_owned());
        }
        movable(bench)?;
        identifiable(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let source = &bench.plan.source;
        let Some(version) = source.version() else { return Setup::clean() };
        let stranger = strangers(bench, 1, rng).pop();
        let Some((held, mut older)) = rng.pick(records).cloned().zip(stranger) else { return Setup::clean() };
        let before = dig(&held, version).and_then(|v| shifted(v, -DAY_MS));
        let (Some(key), Some(before)) = (dig(&held, &source.key), before) else { return Setup::clean() };
        put(&mut older, &source.key, key.clone());
        put(&mut older, version, before);
        // One record in the target: the natural key stays.
        keep_identity(bench, &held, &mut older);
        let written = bench.plan.mapped(&older).ok().and_then(|mapped| bench.identity_of(&older, &mapped));
        let Some((record, identity)) = bench.source_key(&held).zip(written) else { return Setup::clean() };
        let ms = bench.plan.delivery.timeout_ms / 4;
        let ms = if bench.real.is_some() { ms.min(1_500) } else { ms };
        let slow = Aim::at(WRITES).record(identity);
        // Slow to be answered, or slow to arrive: then a later form that does not wait for it is overtaken by it.
        let slow: Box<dyn Fault> = if bench.real.is_some() || rng.one_in(2) {
            Box::new(SlowWay { aim: slow, ms })
        } else {
            Box::new(SlowAnswer { aim: slow, ms })
        };
        let there = record.clone();
        let mut setup = Setup::with(OlderFirst {
            aim: Aim::at([Purpose::List]),
            record,
            older,
            page: PageShape::of(source),
            version: version.to_vec(),
        });
        setup.faults.push(slow);
        // It is there already: two that would make it get into each other's way, and one of them is refused.
        setup.older.insert(there);
        // One record is written in two forms: how many writes that counts for, and whether the list is read again, is left open.
        setup.honest()
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let hit = |code: &str| evidence.trace.exchanges.iter().any(|x| x.fault == Some(code));
        u64::from(hit("older-first") && (hit("slow-way") || hit("slow-answer")))
    }
}
