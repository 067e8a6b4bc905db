//! A record that changes and changes back has its first values in the target again: what was delivered once, before something
//! else was, is not what is there.
//!
//! Source: Enterprise Integration Patterns, Idempotent Receiver: a message is known again by its identity, which two changes with
//! the same values do not share.

use serde_json::Value;

use super::super::judge::Evidence;
use super::changed_between_runs::{another_form, changeable, forward};
use super::spoiled::{fate, fields};
use super::versions::touched_last;
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::lab::bench::{Bench, Purpose};

/// See the module.
pub(super) struct ChangedBack;

impl Drill for ChangedBack {
    fn code(&self) -> &'static str {
        "changed-back"
    }

    fn hypothesis(&self) -> &'static str {
        "A record that changes at the source, and after the next run changes back, has its first values in the target again."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        changeable(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, rng);
        let first = records.clone();
        let mut setup = Setup::clean().passes(3);
        setup.between = Some(Box::new(|bench, source, rng| {
            let held = source.collection(&bench.source_entity);
            let all: Vec<Value> = held.map(|c| c.iter().map(|(_, r)| r.clone()).collect()).unwrap_or_default();
            let mut count = 0;
            for record in &all {
                let Some(changed) = other(bench, record, &all, rng) else { continue };
                source.keep(&bench.source_entity, changed);
                count += 1;
            }
            format!("{count} in the source have other values")
        }));
        setup.then = Some(Box::new(move |bench, source, _| {
            let held = source.collection(&bench.source_entity);
            let all: Vec<Value> = held.map(|c| c.iter().map(|(_, r)| r.clone()).collect()).unwrap_or_default();
            let mut count = 0;
            for now in &all {
                let before = first.iter().find(|r| bench.source_key(r) == bench.source_key(now));
                let Some(back) = before.and_then(|before| back(bench, before, now, &all)) else { continue };
                source.keep(&bench.source_entity, back);
                count += 1;
            }
            format!("{count} in the source have their first values again")
        }));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let third = evidence.runs.get(2).map_or(usize::MAX, |r| r.run);
        let exchanges = evidence.trace.exchanges.iter().filter(|x| x.run >= third);
        u64::from(exchanges.filter(|x| x.purpose == Purpose::List).any(|x| x.status() == Some(200)))
    }
}

/// The record with other values; its times stay, but for the one that tells of the change: a record that changes back is the same
/// again to the letter.
fn other(bench: &Bench, record: &Value, all: &[Value], rng: &mut Rng) -> Option<Value> {
    let mut other = another_form(bench, record, all, rng)?;
    if bench.plan.source.version().is_some() {
        for (name, held) in fields(bench, record).into_iter().filter(|(_, held)| forward(held, held).is_some()) {
            other[name] = held.clone();
        }
    }
    let (was, becomes) = (fate(bench, record)?.mapped.ok()?, fate(bench, &other)?.mapped.ok()?);
    (was != becomes).then_some(other)
}

/// The record as it was before, changed last of all; its times do not go back. Nothing where it did not change.
fn back(bench: &Bench, before: &Value, now: &Value, all: &[Value]) -> Option<Value> {
    if before == now {
        return None;
    }
    let mut back = match bench.plan.source.version() {
        Some(_) => touched_last(bench, before, all)?,
        None => before.clone(),
    };
    for (name, held) in fields(bench, now) {
        if let Some(later) = before.get(name).filter(|b| *b != held).and_then(|before| forward(held, before)) {
            back[name] = later;
        }
    }
    fate(bench, &back).is_some_and(|x| x.mapped.is_ok()).then_some(back)
}
