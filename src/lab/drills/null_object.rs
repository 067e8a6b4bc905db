//! Null in the place of an object of which the mapping reads a part is a record without that part, not a crash: the rule's
//! default holds, or the record is a dead letter, and the others flow.
//!
//! Source: RFC 8259 section 3: null is a value, and not an object; CWE-476.

use serde_json::Value;

use super::super::judge::Evidence;
use super::spoiled::{came, drawn, fate, fields};
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct NullObject;

impl Drill for NullObject {
    fn code(&self) -> &'static str {
        "null-object"
    }

    fn hypothesis(&self) -> &'static str {
        "Null in the place of an object is a record without its parts: the others flow, and nothing crashes."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        match drawn(bench).iter().any(|r| !objects(bench, r).is_empty()) {
            true => Ok(()),
            false => Err("the mapping reads no part of an object".to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let mut setup = Setup::clean();
        for record in records.iter_mut() {
            let Some(name) = rng.pick(&objects(bench, record)).cloned().filter(|_| rng.one_in(3)) else { continue };
            record[&name] = Value::Null;
            if fate(bench, record).is_some_and(|x| x.mapped.is_err()) {
                setup.expect.dead.extend(bench.source_key(record));
            }
        }
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let read =
            |name: &str| drawn(evidence.bench).iter().any(|r| objects(evidence.bench, r).iter().any(|n| n == name));
        let nulls = |x: &&super::super::judge::Expected| {
            x.record.as_object().is_some_and(|m| m.iter().any(|(n, v)| v.is_null() && read(n)))
        };
        came(evidence, evidence.expected.iter().filter(nulls).map(|x| &x.key))
    }
}

/// Objects of the record of which the mapping reads a part.
fn objects(bench: &Bench, record: &Value) -> Vec<String> {
    let used = |name: &String| {
        let mut without = record.clone();
        without[name] = Value::Null;
        bench.plan.mapped(record) != bench.plan.mapped(&without)
    };
    let all = fields(bench, record).into_iter().filter(|(_, v)| v.is_object());
    all.map(|(name, _)| name.clone()).filter(used).collect()
}
