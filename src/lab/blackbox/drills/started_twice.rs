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
        let mut done: BTreeMap<u64, u64> = BTreeMap::new();
        let taken = |status: Option<u16>| status.is_some_and(|s| (200..300).contains(&s));
        let writes = evidence.trace.run(1).filter(|x| x.purpose.writes() && taken(x.status()));
        for x in writes {
            if let Some(first) = done.insert(x.asks, x.nth) {
                return vec![format!(
                    "second instance: request {} writes what request {first} had written while two processes were at work",
                    x.nth
                )];
            }
        }
        Vec::new()
    }
}
