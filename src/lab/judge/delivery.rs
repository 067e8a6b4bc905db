//! Loss, duplicates, wrong values, and records that were nobody's business.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Evidence, Expected, some};
use crate::base::text::truncate;
use crate::lab::bench::{Bench, Identity};
use crate::lab::mock::{Collection, Effect, text_of};

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
    let dead: BTreeSet<&str> = e.letters.iter().map(|l| l.key.as_str()).collect();
    let lost = missing(e.bench, &e.expected, e.target, &dead);
    // Who stops and says so loses nothing: it is all still there to be read.
    let stopped = e.runs.last().and_then(|r| r.end.report()).is_some_and(|r| r.stopped.is_some());
    if !lost.is_empty() && !(e.expect.may_stop && stopped) {
        out.push(format!("lost: {} of {} source records: {}", lost.len(), e.expected.len(), some(&lost, 3)));
    }
    match e.bench.identity {
        Identity::Whole => whole(e, out),
        _ => by_identity(e, &dead, out),
    }
}

/// Keys of source records that are neither in the target nor among the dead letters.
pub(in crate::lab) fn missing(
    bench: &Bench,
    expected: &[Expected],
    target: &Collection,
    dead: &BTreeSet<&str>,
) -> Vec<String> {
    let owed = expected.iter().filter(|x| !dead.contains(x.key.as_str()));
    let kept: BTreeSet<String> = target.iter().filter_map(|(key, record)| bench.identity_kept(key, record)).collect();
    if bench.identity != Identity::Whole {
        let there = |x: &&Expected| x.identity.as_ref().is_some_and(|i| kept.contains(i));
        return owed.filter(|x| !there(x)).map(|x| x.key.clone()).collect();
    }
    let mut left: Vec<&Value> = target.iter().map(|(_, r)| r).collect();
    let mut out = Vec::new();
    for one in owed {
        let place = one.mapped.as_ref().ok().and_then(|m| left.iter().position(|r| holds(r, m)));
        match place {
            Some(place) => {
                left.swap_remove(place);
            }
            None => out.push(one.key.clone()),
        }
    }
    out
}

fn by_identity(e: &Evidence<'_>, dead: &BTreeSet<&str>, out: &mut Vec<String>) {
    let mut kept: BTreeMap<String, Vec<(&str, &Value)>> = BTreeMap::new();
    for (key, record) in e.target.iter() {
        if let Some(identity) = e.bench.identity_kept(key, record) {
            kept.entry(identity).or_default().push((key, record));
        }
    }
    let mut wanted: BTreeMap<&str, Vec<&Expected>> = BTreeMap::new();
    for one in &e.expected {
        if let Some(identity) = &one.identity {
            wanted.entry(identity).or_default().push(one);
        }
    }
    for (identity, records) in &kept {
        let Some(owners) = wanted.get(identity.as_str()) else {
            bystanders(e, identity, records, out);
            continue;
        };
        if records.len() > 1 {
            let keys: Vec<String> = records.iter().map(|r| r.0.to_owned()).collect();
            out.push(format!(
                "duplicate: source record {} is in the target {} times: {}",
                owners[0].key,
                records.len(),
                some(&keys, 3)
            ));
        }
        // Two source records with one target key: which of them wins is not for this oracle.
        let [owner] = owners.as_slice() else { continue };
        let (Ok(mapped), false) = (&owner.mapped, dead.contains(owner.key.as_str())) else { continue };
        if !e.expect.values {
            continue;
        }
        if let Some(difference) = records.iter().find_map(|(_, r)| difference(mapped, r, "")) {
            out.push(format!("wrong value: source record {}: {difference}", owner.key));
        }
    }
    let mut made: BTreeMap<&str, u64> = BTreeMap::new();
    for x in &e.trace.exchanges {
        if let (Some(Effect::Created { .. }), Some(identity), true) = (&x.effect, &x.identity, x.purpose.writes()) {
            *made.entry(identity).or_default() += 1;
        }
        if let Some(Effect::Many(effects)) = &x.effect {
            let made_here = x.batch.iter().zip(effects).filter(|(_, e)| matches!(e, Effect::Created { .. }));
            for identity in made_here.filter_map(|(i, _)| i.as_deref()) {
                *made.entry(identity).or_default() += 1;
            }
        }
    }
    for (identity, times) in made.into_iter().filter(|(_, n)| *n > 1) {
        let key = wanted.get(identity).map_or(identity, |o| o[0].key.as_str());
        out.push(format!("duplicate: source record {key} was made {times} times"));
    }
}

/// A target record that stems from no source record: it was there before, and it is as it was.
fn bystanders(e: &Evidence<'_>, identity: &str, records: &[(&str, &Value)], out: &mut Vec<String>) {
    for (key, record) in records {
        match e.target_before.get(*key) {
            None => {
                out.push(format!("invented: the target holds {key} ({identity}), which stems from no source record"))
            }
            Some(before) if before != *record => {
                out.push(format!("bystander: {key} was changed, which stems from no source record"));
            }
            Some(_) => {}
        }
    }
}

/// Nothing tells records apart: what is left over when each source record has taken its own.
fn whole(e: &Evidence<'_>, out: &mut Vec<String>) {
    let mut owed: Vec<&Value> = e.expected.iter().filter_map(|x| x.mapped.as_ref().ok()).collect();
    for (key, record) in e.target.iter().filter(|(key, _)| !e.target_before.contains_key(*key)) {
        match owed.iter().position(|m| holds(record, m)) {
            Some(place) => {
                owed.swap_remove(place);
            }
            None => {
                let twice = e.expected.iter().any(|x| x.mapped.as_ref().is_ok_and(|m| holds(record, m)));
                let what = if twice { "duplicate" } else { "wrong value or invented" };
                out.push(format!("{what}: the target holds {key}, which no source record accounts for"));
            }
        }
    }
}

fn holds(record: &Value, mapped: &Value) -> bool {
    difference(mapped, record, "").is_none()
}

/// Where `kept` does not hold what was mapped; further fields do not matter.
fn difference(mapped: &Value, kept: &Value, at: &str) -> Option<String> {
    match (mapped, kept) {
        (Value::Object(want), Value::Object(have)) => want.iter().find_map(|(name, value)| {
            let here = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            match have.get(name) {
                Some(kept) => difference(value, kept, &here),
                None => Some(format!("{here} is missing")),
            }
        }),
        (Value::Number(a), Value::Number(b)) if crate::lab::mock::compare(mapped, kept).is_eq() => {
            let _ = (a, b);
            None
        }
        _ if mapped == kept => None,
        _ => Some(format!("{at} is {}, should be {}", truncate(&text_of(kept), 60), truncate(&text_of(mapped), 60))),
    }
}
