//! What faults hit, and how often.

use serde_json::Value;

use super::super::bench::{Bench, Purpose};
use super::super::faults::Aim;
use crate::base::rng::Rng;
use crate::connector::WritePlan;

/// The operations that write to the target.
pub(in crate::lab) const WRITES: [Purpose; 4] = [Purpose::Create, Purpose::Update, Purpose::Put, Purpose::Bulk];
/// The operations that make something in the target.
pub(in crate::lab) const MAKES: [Purpose; 3] = [Purpose::Create, Purpose::Put, Purpose::Bulk];
/// Every operation on the target but the token.
pub(in crate::lab) const TARGET: [Purpose; 5] =
    [Purpose::Find, Purpose::Create, Purpose::Update, Purpose::Put, Purpose::Bulk];

/// How many of these records are owed to the target: what its source marks as deleted was never written, and is not sent.
pub(in crate::lab) fn owed(bench: &Bench, records: &[Value]) -> usize {
    records.iter().filter(|record| !bench.plan.source.deletes.marks(record)).count().max(1)
}

/// Aims at the source or at the target, somewhere in the run.
pub(in crate::lab) fn somewhere(bench: &Bench, records: usize, rng: &mut Rng) -> Aim {
    if bench.plan.source.list.is_some() && rng.one_in(3) {
        Aim::at([Purpose::List]).after(rng.below(2))
    } else {
        in_target(TARGET.to_vec(), records, rng)
    }
}

/// Aims somewhere in the run; of a program, which is given few schedules, at a page, at a look-up and at a write, in each of them.
pub(in crate::lab) fn everywhere(bench: &Bench, records: usize, rng: &mut Rng) -> Aim {
    if bench.real.is_none() {
        return somewhere(bench, records, rng);
    }
    let mut aim = in_target(WRITES.to_vec(), records, rng);
    if matches!(bench.plan.target.write, WritePlan::Upsert { .. }) {
        aim = aim.also(in_target(vec![Purpose::Find], records, rng));
    }
    if bench.plan.source.list.is_some() {
        aim = aim.also(Aim::at([Purpose::List]).after(rng.below(2)));
    }
    aim
}

/// Aims at a page of the source, or at a look-up before a write: one that is misread lets a record be made that is there. Of a
/// program at both.
pub(in crate::lab) fn read(bench: &Bench, records: usize, rng: &mut Rng) -> Aim {
    let looks = matches!(bench.plan.target.write, WritePlan::Upsert { .. });
    let lists = bench.plan.source.list.is_some();
    let page = |rng: &mut Rng| Aim::at([Purpose::List]).after(rng.below(3));
    if looks && lists && bench.real.is_some() {
        return in_target(vec![Purpose::Find], records, rng).also(page(rng));
    }
    if looks && (!lists || rng.one_in(2)) { in_target(vec![Purpose::Find], records, rng) } else { page(rng) }
}

/// Aims at operations on the target, somewhere in the run.
pub(in crate::lab) fn in_target(purposes: Vec<Purpose>, records: usize, rng: &mut Rng) -> Aim {
    Aim::at(purposes).after(rng.below((records as u64).saturating_sub(2).max(1)))
}

/// How often something may fail in a row so that the last attempt still gets through.
pub(in crate::lab) fn survivable(bench: &Bench, most: u64, rng: &mut Rng) -> u64 {
    let attempts = u64::from(bench.plan.delivery.retry.attempts);
    // A program of its own counts its attempts in its own way: three are few enough for all.
    let most = if bench.real.is_some() { most.min(2) } else { most };
    rng.between(1, most.min(attempts.saturating_sub(1)).max(1))
}
