//! Going back is allowed: what a check, a map or a drill looked at may change. Here is what still stands, and what
//! changed where it does not, by digest.

use super::facts::{Facts, Seen};
use super::record::{ContractChecked, DriftChecked, DrillsRun, SystemMapped};
use crate::base::text::plural;
use crate::evidence::EventKind;

/// The digest of a file that is not there.
pub const GONE: &str = "gone";

/// Whether the last check still says something about the contract as it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing<'f> {
    /// Nothing was checked.
    Never,
    /// What was checked has changed since.
    Stale {
        /// The last check.
        check: &'f Seen<ContractChecked>,
        /// What changed, in words.
        because: String,
    },
    /// It stands.
    Stands(&'f Seen<ContractChecked>),
}

/// Something that is not as it was when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// A file, or `the description of crm`.
    pub what: String,
    /// Its digest when it was looked at.
    pub was: String,
    /// Its digest now, or [`GONE`].
    pub now: String,
    /// Kind and number of the event that looked at it.
    pub after: (&'static str, u64),
}

impl std::fmt::Display for Change {
    /// `integration.yaml changed (sha256:ab12… → sha256:cd34…) after contract-checked (event 9)`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { what, was, now, after } = self;
        let (kind, seq) = after;
        if now == GONE {
            return write!(f, "{what} ({}) is gone since {kind} (event {seq})", short(was));
        }
        write!(f, "{what} changed ({} → {}) after {kind} (event {seq})", short(was), short(now))
    }
}

/// The first characters of a digest: enough to tell two apart by eye.
#[must_use]
pub fn short(digest: &str) -> String {
    const SHOWN: usize = "sha256:".len() + 8;
    match digest.get(..SHOWN) {
        Some(head) if digest.len() > SHOWN => format!("{head}…"),
        _ => digest.to_owned(),
    }
}

impl Facts {
    /// Whether the last check still says something about the contract as it is.
    #[must_use]
    pub fn standing(&self) -> Standing<'_> {
        let Some(check) = self.checks.last() else { return Standing::Never };
        match self.changed_since(check) {
            Some(change) => Standing::Stale { check, because: change.to_string() },
            None => Standing::Stands(check),
        }
    }

    /// What this check looked at and is not so any more.
    fn changed_since(&self, check: &Seen<ContractChecked>) -> Option<Change> {
        let after = (EventKind::ContractChecked.as_str(), check.seq);
        let change = |what: String, was: &str, now: &str| Change { what, was: was.into(), now: now.into(), after };
        let read = &check.record;
        if let Some(now) = self.contract.as_ref().filter(|now| **now != read.digest) {
            return Some(change(read.file.clone(), &read.digest, now));
        }
        for (name, was) in &read.systems {
            let on_disk = read.apis.get(name).and_then(|file| self.files.get(file).map(|now| (file, now)));
            if let Some((file, now)) = on_disk.filter(|(_, now)| *now != was) {
                return Some(change(file.clone(), was, now));
            }
            let mapped = self.systems.get(name).filter(|s| s.seq > check.seq && s.record.digest != *was);
            if let Some(mapped) = mapped {
                return Some(change(format!("the description of {name}"), was, &mapped.record.digest));
            }
            if let Some((what, now)) = self.drifted(name, was, check.seq) {
                return Some(change(what, was, &now));
            }
        }
        None
    }

    /// What the map of a system read and is not so any more.
    #[must_use]
    pub fn remap(&self, mapped: &Seen<SystemMapped>) -> Option<Change> {
        let SystemMapped { name, api, digest, .. } = &mapped.record;
        let after = (EventKind::SystemMapped.as_str(), mapped.seq);
        if let Some(now) = self.files.get(api).filter(|now| *now != digest) {
            return Some(Change { what: api.clone(), was: digest.clone(), now: now.clone(), after });
        }
        let (what, now) = self.drifted(name, digest, mapped.seq)?;
        Some(Change { what, was: digest.clone(), now, after })
    }

    /// The description with this digest, looked at before `since`, has a newer one that breaks: what it is called, and the
    /// digest of the newer. Of an integration, only what that one feels counts.
    fn drifted(&self, name: &str, digest: &str, since: u64) -> Option<(String, String)> {
        let breaks = |d: &&Seen<DriftChecked>| {
            d.seq > since && d.record.breaking > 0 && d.record.old_digest == digest && d.record.new_digest != digest
        };
        let seen = self.drifts.iter().rev().find(breaks)?;
        let what = format!(
            "the description of {name}, of whose newer version {} (event {}) tells {} that break,",
            EventKind::DriftChecked.as_str(),
            seen.seq,
            plural(seen.record.breaking, "change")
        );
        Some((what, seen.record.new_digest.clone()))
    }

    /// Why a run of drills says nothing about the contract as it is; nothing where it does.
    #[must_use]
    pub fn drills_stale(&self, run: &Seen<DrillsRun>) -> Option<String> {
        let checked = |seq| (EventKind::ContractChecked.as_str(), seq);
        let (check, because) = match self.standing() {
            Standing::Never => return Some("no contract was checked".to_owned()),
            Standing::Stale { check, because } => (check, Some(because)),
            Standing::Stands(check) => (check, None),
        };
        if run.record.digest != check.record.digest {
            let what = run.record.file.clone();
            let (was, now) = (run.record.digest.clone(), check.record.digest.clone());
            let change = Change { what, was, now, after: (EventKind::DrillsRun.as_str(), run.seq) };
            return Some(format!("{change}, and was checked as it is now at event {}", check.seq));
        }
        if because.is_some() {
            return because;
        }
        if self.standing_since().is_some_and(|since| run.seq > since) {
            return None;
        }
        // The same file, checked against other descriptions.
        let before = self.checks.iter().rev().find(|c| c.seq < run.seq);
        let Some(before) = before else {
            return Some(format!("it ran before the contract was checked (event {})", check.seq));
        };
        let changed = before.record.systems.iter().find(|(n, was)| check.record.systems.get(*n) != Some(was));
        Some(changed.map_or_else(
            || format!("another contract was checked in between (event {})", before.seq),
            |(name, was)| {
                let now = check.record.systems.get(name).cloned().unwrap_or_else(|| GONE.to_owned());
                let what = format!("the description of {name}");
                Change { what, was: was.clone(), now, after: checked(before.seq) }.to_string()
            },
        ))
    }

    /// From which event on evidence is about the same contract and descriptions as the check that stands.
    #[must_use]
    pub fn standing_since(&self) -> Option<u64> {
        let Standing::Stands(check) = self.standing() else { return None };
        self.checks
            .iter()
            .rev()
            .take_while(|c| c.record.digest == check.record.digest && c.record.systems == check.record.systems)
            .last()
            .map(|c| c.seq)
    }

    /// Drill runs that are about the contract as it is, oldest first.
    pub fn standing_drills(&self) -> impl Iterator<Item = &Seen<DrillsRun>> {
        let digest = match self.standing() {
            Standing::Stands(check) => Some(check.record.digest.clone()),
            Standing::Never | Standing::Stale { .. } => None,
        };
        let since = self.standing_since();
        self.drills.iter().filter(move |d| {
            since.is_some_and(|since| d.seq > since) && digest.as_ref().is_some_and(|digest| *digest == d.record.digest)
        })
    }

    /// Drill runs that say nothing about the contract any more.
    #[must_use]
    pub fn stale_drills(&self) -> usize {
        self.drills.len() - self.standing_drills().count()
    }
}
