//! What is deleted at the source between two passes is deleted in the target by the second, once; the others stay.
//!
//! Source: "Enterprise Integration Patterns", Idempotent Receiver: a deletion carried over has one effect; RFC 9110 section
//! 9.3.5.

use serde_json::{Value, json};

use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::connector::DeletesPlan;
use crate::lab::bench::Bench;
use crate::lab::judge::Evidence;
use crate::lab::mock::{Effect, MockSystem, dig, put};

/// See the module.
pub(super) struct DeletedAtSource;

/// Deletions are carried over.
pub(super) fn carried(bench: &Bench) -> Result<(), String> {
    match bench.plan.source.deletes {
        DeletesPlan::Ignore => Err("the contract leaves in the target what is deleted at the source".to_owned()),
        _ => Ok(()),
    }
}

/// A record that is deleted is taken out of the target, and not marked there.
pub(super) fn for_good(bench: &Bench) -> Result<(), String> {
    match bench.plan.target.delete.as_ref().map(|delete| &delete.set) {
        Some(None) => Ok(()),
        Some(Some(_)) => Err("records are marked in the target, and not deleted".to_owned()),
        None => Err("nothing is deleted in the target".to_owned()),
    }
}

impl Drill for DeletedAtSource {
    fn code(&self) -> &'static str {
        "deleted-at-source"
    }

    fn hypothesis(&self) -> &'static str {
        "What is deleted at the source is deleted in the target by the next pass, once; everything else stays."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        carried(bench)?;
        if bench.plan.source.list.is_none() {
            return Err("the source sends webhooks, and an event of its own tells of deletions".to_owned());
        }
        Ok(())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        // All are there in the first pass.
        let there: Vec<Value> = records.drain(..).map(|record| unmarked(bench, record)).collect();
        let fit: Vec<Value> = there.iter().filter(|r| bench.plan.mapped(r).is_ok()).cloned().collect();
        let gone = rng.pick(&fit).cloned();
        records.extend(there);
        let mut setup = Setup::clean().passes(2);
        // Who sweeps looks twice before it deletes: what is read twice is counted once.
        let sweeps = matches!(bench.plan.source.deletes, DeletesPlan::Sweep { .. });
        setup.expect.counts = !sweeps && bench.plan.target.delete.as_ref().is_some_and(|d| d.set.is_none());
        setup.between = Some(Box::new(move |bench, source, _| delete(bench, source, gone.as_ref())));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        // Without a record that fits there is nothing to delete.
        u64::from(evidence.runs.len() > 1 && evidence.expected.iter().any(|x| x.mapped.is_ok()))
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        if evidence.bench.plan.target.delete.as_ref().is_some_and(|d| d.set.is_some()) {
            return Vec::new();
        }
        let deletions =
            evidence.trace.exchanges.iter().filter(|x| matches!(x.effect, Some(Effect::Deleted { .. }))).count();
        match deletions {
            0 | 1 => Vec::new(),
            n => vec![format!("one record was deleted at the source, {n} in the target")],
        }
    }
}

/// The record without its mark.
fn unmarked(bench: &Bench, mut record: Value) -> Value {
    if let DeletesPlan::Tombstone { field, is, .. } = &bench.plan.source.deletes
        && bench.plan.source.deletes.marks(&record)
    {
        let value = if is.is_some() { json!("not-deleted") } else { Value::Null };
        let flag = dig(&record, field).is_some_and(Value::is_boolean);
        put(&mut record, field, if flag { json!(false) } else { value });
    }
    record
}

fn delete(bench: &Bench, source: &mut MockSystem, gone: Option<&Value>) -> String {
    let Some(key) = gone.and_then(|record| bench.source_key(record)) else { return "nothing is deleted".to_owned() };
    let entity = &bench.source_entity;
    if let DeletesPlan::Tombstone { field, is, .. } = &bench.plan.source.deletes {
        let Some(mut record) = source.collection(entity).and_then(|c| c.get(&key)).cloned() else {
            return "nothing is deleted".to_owned();
        };
        // The newest of all, so that a pass over changes sees it.
        let newer = source.draw_records(entity, 1, &mut Rng::seeded(1)).pop();
        if let (Some((path, _)), Some(newer)) = (&bench.plan.source.incremental, newer)
            && let Some(at) = dig(&newer, path).cloned()
        {
            put(&mut record, path, at);
        }
        let flag = dig(&record, field).is_some_and(Value::is_boolean);
        let value = match is {
            Some(is) => json!(is),
            None if flag => json!(true),
            None => json!("2026-11-01T00:00:00Z"),
        };
        put(&mut record, field, value);
        source.keep(entity, record);
        return format!("{key} is marked as deleted");
    }
    source.forget(entity, &key);
    format!("{key} is deleted")
}
