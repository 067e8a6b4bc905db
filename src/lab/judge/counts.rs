//! Reconciliation: records counted at each station, by what the systems saw.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Evidence, RunSeen};
use crate::connector::DeletesPlan;
use crate::evidence::Reconciliation;
use crate::lab::bench::Purpose;
use crate::lab::courier::Delivery;
use crate::lab::mock::{Effect, dig};
use crate::lab::trace::{Exchanged, ListRead};
use crate::lab::world::RunEnd;

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
    if !e.expect.counts {
        return;
    }
    for seen in &e.runs {
        let Some(report) = seen.end.report() else { continue };
        let mut ours = reconcile(e, seen);
        let theirs = &report.counts;
        // Who finds after a lost answer that the effect is there may count it as written, or as unchanged.
        let least = acknowledged(e, seen);
        if (least..=ours.written).contains(&theirs.written) {
            ours.unchanged += ours.written - theirs.written;
            ours.written = theirs.written;
        }
        for (station, mine, claimed) in [
            ("read", ours.read, theirs.read),
            ("unique", ours.unique, theirs.unique),
            ("written", ours.written, theirs.written),
            ("unchanged", ours.unchanged, theirs.unchanged),
            ("rejected", ours.rejected, theirs.rejected),
            ("dead-lettered", ours.dead_lettered, theirs.dead_lettered),
        ] {
            if mine != claimed {
                out.push(format!("counts: run {} claims {claimed} {station}, the systems saw {mine}", seen.run));
            }
        }
    }
}

/// The counts of one run, from what the systems saw. What was read, had no effect, is no dead letter and is not missing at its
/// end was there already.
pub(in crate::lab) fn reconcile(e: &Evidence<'_>, seen: &RunSeen) -> Reconciliation {
    let plan = &e.bench.plan;
    let (mut read, mut keys) = (0, BTreeSet::new());
    for page in lists(e).iter().filter(|page| page.run == seen.run) {
        read += page.items;
        keys.extend(page.keys.iter().cloned());
    }
    // An event counts in the run that acknowledged it first: what is known is not read again.
    let known: BTreeSet<&str> = acknowledged_events(e, |run| run < seen.run).map(|d| d.id.as_str()).collect();
    let mut events = BTreeSet::new();
    for event in acknowledged_events(e, |run| run == seen.run).filter(|d| !known.contains(d.id.as_str())) {
        if events.insert(event.id.as_str()) {
            read += 1;
            keys.insert(event.key.clone());
        }
    }
    // An effect whose answer was lost is an effect.
    let effects = written(e, seen, |x| acknowledges(x) || x.effect.as_ref().is_some_and(Effect::keeps));
    let buried = |unmappable: bool| {
        let letters = seen.letters.iter().filter(|l| keys.contains(&l.key));
        let of_kind = letters.filter(|l| {
            let record = e.expected.iter().find(|x| x.key == l.key);
            record.is_some_and(|x| plan.mapping.apply(&x.record).is_err() == unmappable)
        });
        of_kind.count() as u64
    };
    let (rejected, dead_lettered) = (buried(true), buried(false));
    let (unique, written) = (keys.len() as u64, effects);
    let owed = seen.missing.iter().filter(|key| keys.contains(*key)).count() as u64;
    Reconciliation {
        expected: reads_all(e, seen).then_some(e.expected.len() as u64),
        read,
        unique,
        written,
        unchanged: unique.saturating_sub(written + rejected + dead_lettered + owed),
        rejected,
        dead_lettered,
    }
}

/// Whether this run is to read all that the source holds: one that goes on from where another came to is not.
fn reads_all(e: &Evidence<'_>, seen: &RunSeen) -> bool {
    let Some(place) = e.runs.iter().position(|r| r.run == seen.run) else { return false };
    let source = &e.bench.plan.source;
    let anew = source.list.is_some() && !source.by_changes();
    place == 0 || (anew && e.runs.get(place - 1).is_some_and(|r| matches!(r.end, RunEnd::Finished(_))))
}

/// The pages that the source answered with.
fn lists<'e>(e: &'e Evidence<'_>) -> &'e [ListRead] {
    let source = &e.bench.plan.source;
    e.trace.lists.get_or_init(|| {
        let pages = e.trace.exchanges.iter().filter(|x| x.purpose == Purpose::List && x.status() == Some(200));
        pages
            .map(|x| {
                let body = x.answer().and_then(|r| serde_json::from_slice::<Value>(&r.body).ok());
                let items = body.as_ref().and_then(|b| dig(b, &source.items)).and_then(Value::as_array);
                let records = items.into_iter().flatten();
                let keys = records.filter_map(|record| e.bench.source_key(dig(record, &source.inside)?));
                ListRead { run: x.run, items: items.map_or(0, |i| i.len() as u64), keys: keys.collect() }
            })
            .collect()
    })
}

fn acknowledged_events<'e>(e: &'e Evidence<'_>, of: impl Fn(usize) -> bool) -> impl Iterator<Item = &'e Delivery> {
    e.trace.deliveries.iter().filter(move |d| d.is_genuine() && d.acknowledged() && of(d.run)).map(|d| &d.delivery)
}

/// Records of which a write was acknowledged in this run.
fn acknowledged(e: &Evidence<'_>, seen: &RunSeen) -> u64 {
    written(e, seen, acknowledges)
}

fn deletes(x: &Exchanged) -> bool {
    matches!(x.effect, Some(Effect::Deleted { .. }))
}

/// Says that it was done. 202 is noncommittal (RFC 9110 section 15.3.3): it says so only where it was.
fn acknowledges(x: &Exchanged) -> bool {
    x.status().is_some_and(|s| (200..300).contains(&s) && (s != 202 || x.effect.is_some()))
}

/// Different records among the writes of a run that `counts` takes.
fn written(e: &Evidence<'_>, seen: &RunSeen, counts: impl Fn(&Exchanged) -> bool) -> u64 {
    // What a sweep deletes was not read in this run.
    let tombstones = matches!(e.bench.plan.source.deletes, DeletesPlan::Tombstone { .. });
    let records: BTreeSet<String> = e
        .trace
        .run(seen.run)
        .filter(|x| (x.purpose.writes() || (tombstones && deletes(x))) && counts(x))
        .flat_map(|x| match &x.effect {
            // Of a batch, those records that the system kept.
            _ if x.purpose == Purpose::Bulk => {
                let Some(Effect::Many(effects)) = &x.effect else { return Vec::new() };
                x.batch.iter().zip(effects).filter(|(_, e)| e.keeps()).filter_map(|(i, _)| i.clone()).collect()
            }
            _ if deletes(x) => vec![x.request.url.clone()],
            _ => vec![x.identity.clone().unwrap_or_else(|| String::from_utf8_lossy(&x.request.body).into_owned())],
        })
        .collect();
    records.len() as u64
}
