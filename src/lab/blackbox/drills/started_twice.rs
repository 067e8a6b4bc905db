//! A second process is started while the first one is at work: a timer that fires too soon, a deployment that overlaps. One of the
//! two works, the other is refused or waits: no record is written by both.
//!
//! Source: the usual way to two writers; a lock that both can see is what tells them (flock(2), POSIX `O_EXCL`).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::drills::{Drill, Setup};
use crate::lab::judge::Evidence;

/// Words by which programs in any language take a lock that another process can see.
pub const LOCKS: &[&str] = &[
    "flock",
    "lockf",
    "LockFile",
    "lockfile",
    "FileLock",
    "filelock",
    "portalocker",
    "msvcrt.locking",
    "O_EXCL",
    "locking_mode",
];

pub(super) struct StartedTwice;

impl Drill for StartedTwice {
    fn code(&self) -> &'static str {
        "started-twice"
    }

    fn hypothesis(&self) -> &'static str {
        "While one process is at work, a second one with the same STATE_DIR writes nothing that the first one writes."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        match bench.real {
            Some(real) if real.knows_lock => Ok(()),
            _ => Err("nothing in the program mentions a lock that another process could see (flock, lockf, O_EXCL, a lock file)"
                .to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records);
        let mut setup = Setup::clean().passes(2).honest();
        setup.process.twin_after_ms = Some(rng.between(0, 150));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        evidence.foreign.as_ref().map_or(0, |program| program.twins)
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let taken = |status: Option<u16>| status.is_some_and(|s| (200..300).contains(&s));
        let writes = evidence.trace.run(1).filter(|x| x.purpose.writes() && taken(x.status()));
        let writes: Vec<(u64, u64)> = writes.map(|x| (x.nth, x.asks)).collect();
        both_at_work(&writes)
            .map(|(first, again)| {
                format!("second instance: request {again} writes what request {first} had written while two processes were at work")
            })
            .into_iter()
            .collect()
    }
}

/// Of these writes (number and what is asked, in order) the first that asks what one before it did, and that one, where something
/// new was written after it. Where nothing was, the second process may have begun when the first had ended: who locks, and writes all
/// in each run, does so.
fn both_at_work(writes: &[(u64, u64)]) -> Option<(u64, u64)> {
    let mut first: BTreeMap<u64, u64> = BTreeMap::new();
    let mut again = None;
    for (nth, asks) in writes {
        match first.get(asks) {
            Some(before) => again = again.or(Some((*before, *nth))),
            None if again.is_some() => return again,
            None => _ = first.insert(*asks, *nth),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::both_at_work;

    #[test]
    fn one_behind_the_other_is_not_two_at_work() {
        assert_eq!(both_at_work(&[(1, 7), (2, 8), (3, 7), (4, 8)]), None);
        assert_eq!(both_at_work(&[(1, 7), (2, 7), (3, 8), (4, 8)]), Some((1, 2)));
        assert_eq!(both_at_work(&[(1, 7), (2, 8)]), None);
    }
}
