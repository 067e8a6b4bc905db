//! A record that could not be delivered and is mended at the source is delivered by the next run: a dead letter is of the form that
//! failed, and not of the record for ever.
//!
//! Source: Enterprise Integration Patterns, Invalid Message Channel: what is set aside is one message.

use serde_json::{Value, json};

use super::super::judge::{Evidence, owed};
use super::spoiled::{Spoilt, deadly, drawn, fate, shuffled};
use super::versions::touched_last;
use super::{Drill, Setup, spoiled};
use crate::base::rng::Rng;
use crate::lab::bench::{Bench, Purpose};

/// See the module.
pub(super) struct MendedRecordIgnored;

impl Drill for MendedRecordIgnored {
    fn code(&self) -> &'static str {
        "mended-record-ignored"
    }

    fn hypothesis(&self) -> &'static str {
        "A record that could not be delivered is delivered by the next run after it is mended at the source."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        spoiled::quarantined(bench)?;
        if bench.plan.source.list.is_none() || bench.plan.source.webhook.is_some() {
            return Err("the source sends webhooks, and tells of the mended record when it likes".to_owned());
        }
        if drawn(bench).iter().all(|r| broken(bench, r).is_none()) {
            return Err("no field of a record could be broken so that it cannot be delivered".to_owned());
        }
        Ok(())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let order = shuffled(records.len(), rng);
        let one = order.into_iter().find_map(|at| {
            let whole = records.get(at)?.clone();
            Some((at, broken(bench, &whole)?, whole))
        });
        let Some((at, spoilt, whole)) = one else { return Setup::clean() };
        if let Some(record) = records.get_mut(at) {
            *record = spoilt;
        }
        // What the first run did with it is for other drills.
        let mut setup = Setup::clean().passes(2).lenient();
        setup.between = Some(Box::new(move |bench, source, _| {
            let held = source.collection(&bench.source_entity);
            let all: Vec<Value> = held.map(|c| c.iter().map(|(_, r)| r.clone()).collect()).unwrap_or_default();
            let mended = touched_last(bench, &whole, &all).unwrap_or(whole);
            let what = format!("{} is mended in the source", bench.source_key(&mended).unwrap_or_default());
            source.keep(&bench.source_entity, mended);
            what
        }));
        setup
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let owed = owed(evidence.bench, evidence.expect, &evidence.expected, evidence.target);
        let mended = told_first(evidence).filter(|key| owed.contains(*key));
        mended
            .map(|key| format!("forgotten: {key} was a dead letter of run 1, was mended at the source, and the target does not have it as it is now"))
            .collect()
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let second = evidence.runs.get(1).map_or(usize::MAX, |r| r.run);
        let again = evidence
            .trace
            .exchanges
            .iter()
            .any(|x| x.run >= second && x.purpose == Purpose::List && x.status() == Some(200));
        if again { told_first(evidence).count() as u64 } else { 0 }
    }
}

/// Dead letters of the first run whose record could be delivered in the end.
fn told_first<'e>(e: &'e Evidence<'_>) -> impl Iterator<Item = &'e String> {
    let letters = e.runs.first().into_iter().flat_map(|r| &r.letters).map(|l| &l.key);
    letters.filter(|key| e.expected.iter().any(|x| x.key == **key && x.mapped.is_ok()))
}

/// The record with a field in it that nobody can map: gone, empty, or of another type.
fn broken(bench: &Bench, record: &Value) -> Option<Value> {
    // GraphQL answers each field that is asked for, and by its type.
    let graph = bench.plan.source.by_graphql();
    let way = |place: usize, value: &Value| match place {
        _ if value.is_null() => None,
        0 => (!graph).then_some(Spoilt::Gone),
        1 => Some(Spoilt::Value(Value::Null)),
        _ => (!graph).then(|| Spoilt::Value(json!([[true]]))),
    };
    let same = fate(bench, record)?.identity;
    let all = (0..3).flat_map(|place| deadly(bench, record, |value| way(place, value)));
    // Who it is must be known still, so that it is one record that is mended.
    let mut known = all.filter(|r| bench.source_key(r) == bench.source_key(record));
    same.and_then(|_| known.next())
}
