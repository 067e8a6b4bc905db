//! An address that comes in another case is the same address: the record that is there is updated, and no second one made
//! (RFC 5321 section 2.4 leaves the local part to the host, and no host of today tells mailboxes apart by case).
//!
//! Source: RFC 5321 section 2.4, which leaves the local part to the host.

use serde_json::Value;

use super::super::judge::Evidence;
use super::spoiled::{drawn, fate, fields};
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::connector::WritePlan;
use crate::lab::bench::{Bench, Purpose};

/// See the module.
pub(super) struct KeyChangesCase;

impl Drill for KeyChangesCase {
    fn code(&self) -> &'static str {
        "key-changes-case"
    }

    fn hypothesis(&self) -> &'static str {
        "An address that comes in another case is the same one: its record is updated, and no second one made."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        if !matches!(bench.plan.target.write, WritePlan::Upsert { .. }) {
            return Err("records are not looked up by a key of people".to_owned());
        }
        match drawn(bench).iter().any(|r| field(bench, r).is_some()) {
            true => Ok(()),
            false => Err("records are not matched by an address that the mapping writes in one case".to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        let mut setup = Setup::clean().passes(2);
        setup.between = Some(Box::new(|bench, source, rng| {
            let held = source.collection(&bench.source_entity);
            let all: Vec<Value> = held.map(|c| c.iter().map(|(_, r)| r.clone()).collect()).unwrap_or_default();
            let mut count = 0;
            for mut record in all.clone() {
                let Some(name) = field(bench, &record).filter(|_| count == 0 || rng.one_in(3)) else { continue };
                record[&name] = upper(&record[&name]);
                if let Some(touched) = super::versions::touched_last(bench, &record, &all) {
                    record = touched;
                }
                source.keep(&bench.source_entity, record);
                count += 1;
            }
            format!("{count} addresses in the source are written in upper case")
        }));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        // What came in another case, after the first run.
        let second = evidence.runs.get(1).map_or(usize::MAX, |r| r.run);
        let lists = evidence.trace.exchanges.iter().filter(|x| x.run >= second && x.purpose == Purpose::List);
        let answers: Vec<_> = lists.filter(|x| x.status() == Some(200)).filter_map(|x| x.answer()).collect();
        let deliveries = evidence.trace.deliveries.iter().filter(|d| d.run >= second && d.acknowledged());
        let sent: Vec<String> = deliveries.map(|d| d.delivery.payload.to_string()).collect();
        let read = |text: &str| answers.iter().any(|a| a.body.windows(text.len().max(1)).any(|w| w == text.as_bytes()));
        let came = |text: &str| read(text) || sent.iter().any(|payload| payload.contains(text));
        let uppers = evidence.expected.iter().filter_map(|x| {
            let identity = x.identity.as_ref()?;
            Some(identity.to_uppercase()).filter(|upper| upper != identity)
        });
        uppers.filter(|upper| came(upper)).count() as u64
    }
}

/// The address of the record: in upper case it leaves the record the same.
fn field(bench: &Bench, record: &Value) -> Option<String> {
    let identity = fate(bench, record)?.identity.filter(|i| i.contains('@'))?;
    let same = |name: &String| {
        let mut changed = record.clone();
        changed[name] = upper(&changed[name]);
        changed != *record && fate(bench, &changed).and_then(|x| x.identity).as_ref() == Some(&identity)
    };
    let address = |value: &Value| value.as_str().is_some_and(|s| s.to_lowercase() == identity.to_lowercase());
    fields(bench, record).into_iter().filter(|(_, v)| address(v)).map(|(n, _)| n.clone()).find(same)
}

fn upper(value: &Value) -> Value {
    value.as_str().map_or(Value::Null, |s| Value::String(s.to_uppercase()))
}
