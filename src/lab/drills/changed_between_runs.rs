//! What changes at the source after it was delivered is changed in the target by the next run: a connector that only makes
//! records, or that takes what it has sent once for done, leaves the target behind for good.
//!
//! Source: Airbyte, "Append + Deduped": the newest version of a record replaces the one before.

use serde_json::Value;

use super::super::judge::{Evidence, Expected};
use super::spoiled::{fate, fields};
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::connector::WritePlan;
use crate::lab::bench::{Bench, Purpose};

/// See the module.
pub(super) struct ChangedBetweenRuns;

impl Drill for ChangedBetweenRuns {
    fn code(&self) -> &'static str {
        "changed-between-runs"
    }

    fn hypothesis(&self) -> &'static str {
        "A record that changes at the source after it was delivered is changed in the target by the next run."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        if bench.plan.source.list.is_none() {
            return Err("the source sends webhooks; no list of it is read".to_owned());
        }
        if matches!(bench.plan.target.write, WritePlan::Create { .. }) {
            return Err("a record is only created, so it has one form".to_owned());
        }
        // Another seed than that of the records: with theirs each would be its own other form.
        let mut rng = Rng::seeded(1);
        let all = super::spoiled::drawn(bench);
        match all.iter().any(|r| another_form(bench, r, &all, &mut rng).is_some()) {
            true => Ok(()),
            false => Err("nothing that the mapping reads can change".to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        let mut setup = Setup::clean().passes(2);
        setup.between = Some(Box::new(|bench, source, rng| {
            let held = source.collection(&bench.source_entity);
            let all: Vec<Value> = held.map(|c| c.iter().map(|(_, r)| r.clone()).collect()).unwrap_or_default();
            let mut count = 0;
            for record in &all {
                if count > 0 && !rng.one_in(2) {
                    continue;
                }
                let Some(changed) = another_form(bench, record, &all, rng) else { continue };
                source.keep(&bench.source_entity, changed);
                count += 1;
            }
            format!("{count} in the source have other values")
        }));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let second = evidence.runs.get(1).map_or(usize::MAX, |r| r.run);
        let exchanges = evidence.trace.exchanges.iter().filter(|x| x.run >= second);
        u64::from(exchanges.filter(|x| x.purpose == Purpose::List).any(|x| x.status() == Some(200)))
    }
}

/// The same record, later, with values that the mapping makes something else of.
fn another_form(bench: &Bench, record: &Value, all: &[Value], rng: &mut Rng) -> Option<Value> {
    let before = fate(bench, record)?;
    let was = before.mapped.as_ref().ok()?;
    let stranger = super::strangers(bench, 1, rng).pop()?;
    let mut changed = match bench.plan.source.version() {
        Some(_) => super::versions::touched_last(bench, record, all)?,
        None => record.clone(),
    };
    let stays = |x: Expected| x.identity == before.identity && x.mapped.is_ok();
    for (name, value) in fields(bench, &stranger) {
        let mut further = changed.clone();
        further[name] = value.clone();
        if fate(bench, &further).is_some_and(stays) {
            changed = further;
        }
    }
    fate(bench, &changed)?.mapped.is_ok_and(|becomes| becomes != *was).then_some(changed)
}
