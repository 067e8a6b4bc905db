//! Two source records that become one target record are told of, and not merged in silence: one of them is a dead letter, or
//! the run does not claim success.
//!
//! Source: law 1 of this project: every record read is accounted for by name; a merge in silence is a loss.

use serde_json::Value;

use super::super::bench::Identity;
use super::super::judge::Evidence;
use super::spoiled::{came, drawn, fate, fields};
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::connector::WritePlan;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct EqualKeys;

impl Drill for EqualKeys {
    fn code(&self) -> &'static str {
        "equal-keys"
    }

    fn hypothesis(&self) -> &'static str {
        "Two source records that become one target record are told of, and not merged in silence."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        if matches!(bench.plan.target.write, WritePlan::Create { .. }) || bench.identity == Identity::PutKey(None) {
            return Err("nothing is matched: each source record has a target record of its own".to_owned());
        }
        let all = drawn(bench);
        match all.first().zip(all.get(1)).and_then(|(a, b)| twin(bench, a, b)) {
            Some(_) => Ok(()),
            None => Err("the target's key follows from the source's, which belongs to one record only".to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let last = records.len().saturating_sub(1);
        let at = usize::try_from(rng.below(last as u64)).unwrap_or(0);
        let other = at + 1 + usize::try_from(rng.below((last - at) as u64)).unwrap_or(0);
        if let Some(twin) = records.get(at).zip(records.get(other)).and_then(|(a, b)| twin(bench, a, b))
            && let Some(place) = records.get_mut(other)
        {
            *place = twin;
        }
        Setup::clean().lenient()
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        came(evidence, twins(evidence).iter())
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let twins = twins(evidence);
        let passed = evidence.runs.iter().any(|r| evidence.claims_all_is_well(r));
        let buried = match &evidence.foreign {
            // What a program keeps of a record is no word of it.
            Some(program) => {
                twins.iter().any(|key| program.filed.contains(key) || program.printed().contains(key.as_str()))
            }
            None => evidence.letters.iter().any(|l| twins.contains(&l.key)),
        };
        if twins.is_empty() || buried || !passed {
            return Vec::new();
        }
        vec![format!(
            "merged: source records {} became one target record, and the run claims that all is well",
            twins.join(" and ")
        )]
    }
}

/// The second record, with what gives it the target key of the first.
fn twin(bench: &Bench, first: &Value, second: &Value) -> Option<Value> {
    let (wanted, own) = (fate(bench, first)?.identity?, fate(bench, second)?.identity?);
    if wanted == own {
        return None;
    }
    let tried = fields(bench, first).into_iter().map(|(name, value)| {
        let mut twin = second.clone();
        twin[name] = value.clone();
        twin
    });
    tried.into_iter().find(|twin| fate(bench, twin).and_then(|x| x.identity).as_ref() == Some(&wanted))
}

/// Keys of the source records that share a target key.
fn twins(e: &Evidence<'_>) -> Vec<String> {
    let same = |x: &&super::super::judge::Expected| {
        x.identity.is_some() && e.expected.iter().filter(|y| y.identity == x.identity).count() > 1
    };
    e.expected.iter().filter(same).map(|x| x.key.clone()).collect()
}
