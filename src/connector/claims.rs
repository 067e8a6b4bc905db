//! Which source record writes which record of the target in a pass. Two source records that would become one target record
//! are told of, and not silently merged; a natural key that its record has left is free for another one.

use super::WritePlan;
use super::body::{at, scalar};
use super::compare::key_form;
use super::run::{Run, lock};
use super::settle::remembered;
use serde_json::Value;

/// Under which name it is kept what a source record claims; no natural key begins with this byte.
fn of_record(key: &str) -> Vec<u8> {
    let mut name = vec![0];
    name.extend_from_slice(key.as_bytes());
    name
}

/// The natural key of the target's record, where it is the record's own.
fn natural(run: &Run<'_>, mapped: &Value) -> Option<String> {
    let path = match &run.plan.target.write {
        WritePlan::Upsert { matching, .. } => matching,
        WritePlan::Put { key: Some(path), .. } | WritePlan::Bulk { key: path, .. } => path,
        WritePlan::Put { key: None, .. } | WritePlan::Create { .. } => return None,
    };
    Some(key_form(&at(mapped, path).and_then(scalar)?))
}

/// Claims the target's natural key for this source record; tells the other record that has it already.
pub(super) fn claim(run: &Run<'_>, key: &str, mapped: &Value) -> Option<String> {
    let natural = natural(run, mapped)?;
    let mut claims = lock(&run.claims);
    match remembered(run, claims.get(natural.as_bytes())).filter(|holder| !holder.is_empty()) {
        Some(holder) if holder != key.as_bytes() => return Some(String::from_utf8_lossy(&holder).into_owned()),
        Some(_) => return None,
        None => {}
    }
    let own = of_record(key);
    let before = remembered(run, claims.get(&own)).filter(|before| !before.is_empty());
    remembered(run, claims.put(natural.as_bytes(), key.as_bytes()).map(Some));
    remembered(run, claims.put(&own, natural.as_bytes()).map(Some));
    drop(claims);
    if let Some(before) = before {
        lock(&run.leaves).push((before, key.to_owned()));
    }
    None
}

/// A record is gone: what it claimed will be free.
pub(super) fn left(run: &Run<'_>, key: &str) {
    let own = of_record(key);
    let mut claims = lock(&run.claims);
    if let Some(before) = remembered(run, claims.get(&own)).filter(|before| !before.is_empty()) {
        remembered(run, claims.put(&own, &[]).map(Some));
        lock(&run.leaves).push((before, key.to_owned()));
    }
}

/// A record of the page under way leaves the natural key that this one wants.
pub(super) fn is_being_left(run: &Run<'_>, mapped: &Value) -> bool {
    natural(run, mapped).is_some_and(|wanted| lock(&run.leaves).iter().any(|(left, _)| *left == wanted.as_bytes()))
}

/// What came before is settled: what records have left is free, unless the target may hold it still. Not before: records are
/// written side by side, and the other one could find the record that this one is about to leave.
pub(super) fn settled(run: &Run<'_>) {
    let leaves = std::mem::take(&mut *lock(&run.leaves));
    for (natural, key) in leaves {
        let mut claims = lock(&run.claims);
        let holds = remembered(run, claims.get(&natural)).is_some_and(|holder| holder == key.as_bytes());
        let back = remembered(run, claims.get(&of_record(&key))).is_some_and(|now| now == natural);
        if holds && !back && !lock(&run.letters).contains_key(&key) {
            remembered(run, claims.put(&natural, &[]).map(Some));
        }
    }
}
