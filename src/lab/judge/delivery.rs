//! Loss, duplicates, wrong values, and records that were nobody's business.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Evidence, Expected, some};
use crate::base::clock::Timestamp;
use crate::base::text::truncate;
use crate::connector::DeletesPlan;
use crate::lab::bench::{Bench, Identity};
use crate::lab::mock::{Collection, Effect, text_of};
use crate::lab::world::RunEnd;

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
    let dead: BTreeSet<&str> = e.letters.iter().map(|l| l.key.as_str()).collect();
    let lost = missing(e.bench, &e.expected, e.target, &dead);
    // Who stops and says so loses nothing: it is all still there to be read.
    let stopped = said_so(e);
    let excused = e.expect.may_wait || ((e.expect.may_stop || e.locked_out) && stopped) || e.left_half_taken_back();
    if !lost.is_empty() && !excused {
        out.push(format!("lost: {} of {} source records: {}", lost.len(), e.expected.len(), some(&lost, 3)));
    }
    removed(e, out);
    match e.bench.identity {
        Identity::Whole => whole(e, out),
        _ => by_identity(e, &dead, out),
    }
}

/// The last run did not come to its end, and said so.
fn said_so(e: &Evidence<'_>) -> bool {
    e.runs.last().is_some_and(|r| match (&r.end, &e.foreign) {
        (RunEnd::Exited(exit), Some(program)) => program.service || !exit.is_success(),
        (end, _) => end.report().is_some_and(|r| r.stopped.is_some()),
    })
}

/// What was in the target before is deleted by those alone whose contract says so, or that roll back: who makes it anew gives it
/// another id, and what others keep of it is lost.
fn removed(e: &Evidence<'_>, out: &mut Vec<String>) {
    if e.bench.plan.source.deletes != DeletesPlan::Ignore || e.rolled_back.is_some() {
        return;
    }
    let gone = e.trace.exchanges.iter().find_map(|x| match &x.effect {
        Some(Effect::Deleted { key, .. }) if x.system == e.bench.plan.target.system => {
            e.target_before.contains_key(key).then_some((x.nth, key))
        }
        _ => None,
    });
    if let Some((nth, key)) = gone {
        out.push(format!("deleted: request {nth} deletes {key}, and the contract wants no deletions"));
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

/// Keys of source records that may be dead letters: those that must be, and where any may be, whatever is owed.
pub(in crate::lab) fn excusable(
    bench: &Bench,
    expect: &crate::lab::drills::Expect,
    expected: &[Expected],
    target: &Collection,
) -> BTreeSet<String> {
    if expect.may_die {
        return owed(bench, expect, expected, target);
    }
    let unmappable = expected.iter().filter(|x| x.mapped.is_err()).map(|x| x.key.clone());
    unmappable.chain(expect.dead.iter().cloned()).collect()
}

/// Keys of source records that must become dead letters, are missing, or are not in the target as they should be.
pub(in crate::lab) fn owed(
    bench: &Bench,
    expect: &crate::lab::drills::Expect,
    expected: &[Expected],
    target: &Collection,
) -> BTreeSet<String> {
    let mut owed: BTreeSet<String> = missing(bench, expected, target, &BTreeSet::new()).into_iter().collect();
    owed.extend(expect.dead.iter().cloned());
    for one in expected {
        let as_it_should = one.mapped.as_ref().is_ok_and(|mapped| {
            let own = target.iter().filter(|(key, record)| bench.identity_kept(key, record) == one.identity);
            own.map(|(_, record)| record).any(|record| holds(record, mapped))
        });
        if !as_it_should && (bench.identity != Identity::Whole || one.mapped.is_err()) {
            owed.insert(one.key.clone());
        }
    }
    owed
}

fn by_identity(e: &Evidence<'_>, dead: &BTreeSet<&str>, out: &mut Vec<String>) {
    let excused = e.locked_out && (said_so(e) || e.left_half_taken_back());
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
            if e.gone.iter().any(|x| x.identity.as_ref() == Some(identity)) {
                // It was there when it was read.
                continue;
            }
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
        if !e.expect.values || excused {
            continue;
        }
        if let Some(difference) = records.iter().find_map(|(_, r)| difference(mapped, r, "")) {
            out.push(format!("wrong value: source record {}: {difference}", owner.key));
        }
    }
    for (identity, times) in made(e).into_iter().filter(|(_, n)| *n > 1) {
        let key = wanted.get(identity).map_or(identity, |o| o[0].key.as_str());
        out.push(format!("duplicate: source record {key} was made {times} times"));
    }
}

/// How often a record of each identity was made while what was made of it before still stood.
fn made<'e>(e: &'e Evidence<'_>) -> BTreeMap<&'e str, usize> {
    let mut standing: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut most: BTreeMap<&str, usize> = BTreeMap::new();
    let mut makes = |standing: &mut BTreeMap<&'e str, Vec<&'e str>>, identity: &'e str, key: &'e str| {
        let keys = standing.entry(identity).or_default();
        keys.push(key);
        let most = most.entry(identity).or_default();
        *most = (*most).max(keys.len());
    };
    for x in &e.trace.exchanges {
        match (&x.effect, &x.identity) {
            (Some(Effect::Created { key, .. }), Some(identity)) if x.purpose.writes() => {
                makes(&mut standing, identity, key);
            }
            (Some(Effect::Many(effects)), _) => {
                for (identity, effect) in x.batch.iter().zip(effects) {
                    if let (Some(identity), Effect::Created { key, .. }) = (identity, effect) {
                        makes(&mut standing, identity, key);
                    }
                }
            }
            // What was taken out again may be made anew.
            (Some(Effect::Deleted { key, .. }), _) => standing.values_mut().for_each(|keys| keys.retain(|k| k != key)),
            _ => {}
        }
    }
    most
}

/// A target record that stems from no source record: it was there before, and it is as it was.
fn bystanders(e: &Evidence<'_>, identity: &str, records: &[(&str, &Value)], out: &mut Vec<String>) {
    for (key, record) in records {
        match e.target_before.get(*key) {
            None => {
                let like = most_like(e, record).map_or_else(String::new, |like| format!("; {like}"));
                out.push(format!(
                    "invented: the target holds {key} ({identity}), which stems from no source record{like}"
                ));
            }
            Some(before) if before != *record => {
                out.push(format!("bystander: {key} was changed, which stems from no source record"));
            }
            Some(_) => {}
        }
    }
}

/// The source record that half of the fields of a record could stem from, and where the two part: what was written under a wrong
/// identity is invented, and its source record is lost.
fn most_like(e: &Evidence<'_>, record: &Value) -> Option<String> {
    let alike = |mapped: &Value| {
        let fields = mapped.as_object()?;
        let same = fields.iter().filter(|(name, value)| !value.is_null() && record.get(name.as_str()) == Some(value));
        Some(same.count()).filter(|same| same * 2 >= fields.len())
    };
    let near = e.expected.iter().filter_map(|x| {
        let mapped = x.mapped.as_ref().ok()?;
        Some((alike(mapped)?, x, mapped))
    });
    let (_, one, mapped) = near.max_by_key(|(same, ..)| *same)?;
    Some(format!("it is like source record {}, but {}", one.key, difference(mapped, record, "")?))
}

/// Nothing tells records apart: what is left over when each source record has taken its own.
fn whole(e: &Evidence<'_>, out: &mut Vec<String>) {
    let mut owed: Vec<&Value> = e.expected.iter().chain(&e.gone).filter_map(|x| x.mapped.as_ref().ok()).collect();
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

pub(super) fn holds(record: &Value, mapped: &Value) -> bool {
    difference(mapped, record, "").is_none()
}

/// Where `kept` does not hold what was mapped; further fields do not matter.
fn difference(mapped: &Value, kept: &Value, at: &str) -> Option<String> {
    match (mapped, kept) {
        (Value::Object(want), Value::Object(have)) => want.iter().find_map(|(name, value)| {
            let here = || if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            match have.get(name) {
                // What is the same to the letter needs no name.
                Some(kept) if !value.is_object() && value == kept => None,
                Some(kept) => difference(value, kept, &here()),
                // Left out, or empty: a record that is made holds the same.
                None if value.is_null() => None,
                None => Some(format!("{} is missing", here())),
            }
        }),
        (Value::Number(_), Value::Number(_)) if crate::lab::mock::compare(mapped, kept).is_eq() => None,
        _ if mapped == kept || same_in_value(mapped, kept) => None,
        _ => Some(format!("{at} is {}, should be {}", truncate(&text_of(kept), 60), truncate(&text_of(mapped), 60))),
    }
}

/// Texts that name the same instant, or the same decimal number: who reads a value and writes it anew may do so in its own
/// way. Two texts of digits alone are no numbers: `007` is not `7`.
pub(super) fn same_in_value(mapped: &Value, kept: &Value) -> bool {
    let (Value::String(a), Value::String(b)) = (mapped, kept) else { return false };
    let instant = |text: &str| if text.len() > 10 { Timestamp::parse(text) } else { None };
    if let (Some(a), Some(b)) = (instant(a), instant(b)) {
        return a == b;
    }
    let decimal = |text: &str| {
        let digits = text.trim_start_matches('-');
        let padded = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
        if padded { None } else { text.parse::<rust_decimal::Decimal>().ok() }
    };
    // Digits alone on both sides are as good as names.
    (a.contains('.') || b.contains('.')) && matches!((decimal(a), decimal(b)), (Some(a), Some(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::same_in_value;

    #[test]
    fn values_are_compared_and_not_their_spelling() {
        for (a, b, same) in [
            ("2026-09-21T14:13:20Z", "2026-09-21T16:13:20.000+02:00", true),
            ("2026-09-21T14:13:20Z", "2026-09-21T14:13:20", false),
            ("10.50", "10.5", true),
            ("10.50", "10.05", false),
            ("99521", "99521.000", true),
            ("007.0", "7", false),
            ("007", "7", false),
            ("a", "b", false),
        ] {
            assert_eq!(same_in_value(&json!(a), &json!(b)), same, "{a} {b}");
        }
    }
}
