//! Which source record writes which record of the target in a pass. Two source records that would become one target record
//! are told of, and not silently merged; a natural key that its record has left is free for another one.

use super::WritePlan;
use super::body::{at, scalar};
use super::compare::key_form;
use super::run::{Run, lock};
use super::settle::remembered;
use indexmap::IndexMap;
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

/// A source record that leaves one natural key for another.
pub(super) struct Leave {
    /// The source record.
    key: String,
    /// What it claimed.
    from: Vec<u8>,
    /// What it claims now; nothing: it is gone.
    to: Option<Vec<u8>>,
}

/// Claims the target's natural key for this source record; tells the other record that has it already.
pub(super) fn claim(run: &Run<'_>, key: &str, mapped: &Value) -> Option<String> {
    let natural = natural(run, mapped)?.into_bytes();
    let mut claims = lock(&run.claims);
    let holder = remembered(run, claims.get(&natural)).filter(|holder| !holder.is_empty());
    if let Some(other) = holder.filter(|holder| holder != key.as_bytes()) {
        return Some(String::from_utf8_lossy(&other).into_owned());
    }
    let own = of_record(key);
    let before = remembered(run, claims.get(&own)).filter(|before| !before.is_empty());
    if before.as_ref() == Some(&natural) {
        return None;
    }
    remembered(run, claims.put(&natural, key.as_bytes()).map(Some));
    remembered(run, claims.put(&own, &natural).map(Some));
    drop(claims);
    if let Some(from) = before {
        lock(&run.leaves).push(Leave { key: key.to_owned(), from, to: Some(natural) });
    }
    None
}

/// A record is gone: what it claimed will be free.
pub(super) fn left(run: &Run<'_>, key: &str) {
    let own = of_record(key);
    let mut claims = lock(&run.claims);
    if let Some(from) = remembered(run, claims.get(&own)).filter(|before| !before.is_empty()) {
        remembered(run, claims.put(&own, &[]).map(Some));
        lock(&run.leaves).push(Leave { key: key.to_owned(), from, to: None });
    }
}

/// A record of the page under way leaves the natural key that this one wants.
pub(super) fn is_being_left(run: &Run<'_>, mapped: &Value) -> bool {
    natural(run, mapped).is_some_and(|wanted| lock(&run.leaves).iter().any(|leave| leave.from == wanted.as_bytes()))
}

/// This record is in the target as it is mapped here, or out of it.
pub(super) fn moved(run: &Run<'_>, key: &str, mapped: Option<&Value>) {
    if !lock(&run.leaves).is_empty() {
        let natural = mapped.and_then(|mapped| natural(run, mapped)).map(String::into_bytes);
        lock(&run.moved).insert(key.to_owned(), natural);
    }
}

/// What came before is settled: what its records have left is free. Not before: records are written side by side, and another one
/// could find the record that this one is about to leave. What a record was not written as it does not claim, and what it left for
/// that it has not left.
pub(super) fn settled(run: &Run<'_>) {
    let leaves = std::mem::take(&mut *lock(&run.leaves));
    let moved = std::mem::take(&mut *lock(&run.moved));
    let mut of_keys: IndexMap<String, Vec<Vec<u8>>> = IndexMap::new();
    for Leave { key, from, to } in leaves {
        of_keys.entry(key).or_default().extend(std::iter::once(from).chain(to));
    }
    let mut claims = lock(&run.claims);
    for (key, named) in of_keys {
        // As it was written last; where it was not, as it was before.
        let now = moved.get(&key).cloned().unwrap_or_else(|| named.first().cloned());
        for natural in named.iter().filter(|natural| now.as_ref() != Some(*natural)) {
            if remembered(run, claims.get(natural)).is_some_and(|holder| holder == key.as_bytes()) {
                remembered(run, claims.put(natural, &[]).map(Some));
            }
        }
        if let Some(now) = &now {
            remembered(run, claims.put(now, key.as_bytes()).map(Some));
        }
        remembered(run, claims.put(&of_record(&key), &now.unwrap_or_default()).map(Some));
    }
}
