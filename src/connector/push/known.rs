//! What is known of a record before it is delivered.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::super::WritePlan;
use super::super::compare::versions;
use super::super::reconcile::Settled;
use super::super::run::{Run, Stop};
use crate::base::digest::Digest;
use crate::evidence::{Effect, EffectState};

/// What is known of a record before it is delivered.
pub(in crate::connector) struct Known {
    pub(super) digest: Digest,
    pub(super) prior: Option<Effect>,
    pub(super) idempotency_key: String,
    /// Digest of the mapping that made the record.
    pub(super) mapping: String,
    /// The intention is on the disk already.
    pub(super) intended: bool,
}

impl Known {
    pub(super) fn of(run: &Run<'_>, key: &str, mapped: &Value, prior: Option<Effect>) -> Self {
        let digest = Digest::of_json(mapped);
        let idempotency_key = idempotency_key(run, key, digest.as_str(), prior.as_ref());
        let mapping = run.plan.mapping.digest().to_owned();
        Self { digest, prior, idempotency_key, mapping, intended: false }
    }

    /// What makes a delivery needless: an older version than was written, or the same record.
    pub(super) fn settled(&self, version: Option<&str>) -> Option<Settled> {
        let prior = self.prior.as_ref()?;
        if prior.version.as_deref().zip(version).is_some_and(|(done, now)| versions(now, done).is_lt()) {
            return Some(Settled::Stale);
        }
        let same = prior.state == EffectState::Done && prior.digest == self.digest.as_str();
        same.then_some(Settled::Unchanged)
    }

    /// The same intention was noted before, by this run or by one that was killed.
    pub(super) fn is_noted(&self) -> bool {
        let same = |p: &Effect| p.state == EffectState::Intended && p.digest == self.digest.as_str();
        self.intended || self.prior.as_ref().is_some_and(same)
    }

    pub(super) fn effect(
        &self,
        key: &str,
        version: Option<&str>,
        target_id: Option<String>,
        state: EffectState,
    ) -> Effect {
        Effect {
            key: key.to_owned(),
            digest: self.digest.as_str().to_owned(),
            version: version.map(str::to_owned),
            idempotency_key: self.idempotency_key.clone(),
            target_id,
            state,
            mapping: Some(self.mapping.clone()),
        }
    }
}

/// Asks the ledger about records that are about to be delivered (source key, version, mapped record), each key once, and
/// notes the intentions of all that will be, in one commit. Whether a target has a record is looked up later, so an
/// intention may turn out to be no more than that.
pub(in crate::connector) fn foreseen<'r>(
    run: &Run<'_>,
    records: impl Iterator<Item = (&'r str, Option<&'r str>, &'r Value)>,
) -> Result<HashMap<String, Known>, Stop> {
    let records: Vec<_> = records.collect();
    run.noted()?;
    let keys: Vec<&str> = records.iter().map(|(key, ..)| *key).collect();
    let priors = run.world.ledger.effects(&run.plan.flow, &keys)?;
    let mut intended = Vec::new();
    let mut known = HashMap::with_capacity(records.len());
    for ((key, version, mapped), prior) in records.into_iter().zip(priors) {
        let mut one = Known::of(run, key, mapped, prior);
        // What was created once is never created again, so what is noted of it stays.
        let kept = matches!(run.plan.target.write, WritePlan::Create { .. })
            && one.prior.as_ref().is_some_and(|p| p.state == EffectState::Done);
        if !kept && !run.rehearses() && one.settled(version).is_none() {
            if !one.is_noted() {
                let target_id = one.prior.as_ref().and_then(|p| p.target_id.clone());
                intended.push(one.effect(key, version, target_id, EffectState::Intended));
            }
            one.intended = true;
        }
        known.insert(key.to_owned(), one);
    }
    run.world.ledger.put_effects(&run.plan.flow, &intended)?;
    Ok(known)
}

/// Notes that this mapping, too, makes of the record what was delivered.
pub(in crate::connector) fn confirmed(run: &Run<'_>, prior: &Effect) -> Result<(), Stop> {
    let mapping = run.plan.mapping.digest();
    if prior.mapping.as_deref() == Some(mapping) {
        return Ok(());
    }
    run.done(Effect { mapping: Some(mapping.to_owned()), ..prior.clone() }, None)
}

/// The key of an effect, at most 64 characters. An effect whose outcome is not known keeps its key, also after a
/// crash. It is derived, not drawn, so that even a lost ledger leads to the same key; the key of the effect before is
/// in it, so that a record that goes back to an earlier form gets a key of its own.
pub(in crate::connector) fn idempotency_key(run: &Run<'_>, key: &str, digest: &str, prior: Option<&Effect>) -> String {
    let create_only = matches!(run.plan.target.write, WritePlan::Create { .. });
    if let Some(prior) = prior
        && prior.state == EffectState::Intended
        && (create_only || prior.digest == digest)
    {
        return prior.idempotency_key.clone();
    }
    // What is only ever created has one effect per record, whatever its form.
    let form = if create_only { "" } else { digest };
    let before = prior.map_or("", |p| p.idempotency_key.as_str());
    let all = json!([run.plan.integration, run.plan.flow, key, form, before]);
    let hash = Digest::of_json(&all);
    let hex = hash.as_str().trim_start_matches("sha256:");
    format!("pi-{}", hex.get(..40).unwrap_or(hex))
}
