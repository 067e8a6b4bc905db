//! Samples of a flow's mapping: records made from the source's description, and what becomes of each.

use serde_json::{Value, json};

use super::super::subject::Compiled;
use crate::base::rng::Rng;
use crate::checks;
use crate::contract::Contract;
use crate::mapping::Mapping;
use crate::model::Direction;
use crate::model::sample::sample;
use crate::scaffold::SampleLine;

/// Records of a flow.
const RECORDS: u64 = 12;

/// Where the samples of a flow lie.
pub(super) fn line(flow: &str) -> SampleLine {
    SampleLine {
        flow: flow.to_owned(),
        records: format!("tests/samples/{flow}.jsonl"),
        expected: format!("tests/samples/{flow}.expected.jsonl"),
    }
}

/// What becomes of a record: `{"mapped": …}`, or `{"rejected": {"code": …, "target": …}}`.
pub(in crate::app) fn outcome(mapping: &Mapping, record: &Value) -> Value {
    match mapping.apply(record) {
        Ok(mapped) => json!({ "mapped": mapped }),
        Err(r) => json!({"rejected": {"code": r.code, "target": r.target}}),
    }
}

/// The records of each flow whose records are described, as lines of JSON, and what becomes of them. The same contract and
/// descriptions give the same bytes.
pub(super) fn all(contract: &Contract, compiled: &Compiled) -> Vec<(String, String, String)> {
    let systems = compiled.systems.iter().map(|(n, s)| (n.clone(), s.as_ref())).collect();
    let subject = checks::Subject {
        contract,
        systems: &systems,
        mappings: &compiled.mappings,
        confirmed: None,
        text: &compiled.text,
    };
    let mut out = Vec::new();
    for (name, flow) in &contract.flows {
        let (Some(((schemas, schema), _)), Some(mapping)) = (subject.sides(flow), compiled.mappings.get(name)) else {
            continue;
        };
        let mut rng = Rng::seeded(1).fork(name);
        let records: Vec<Value> =
            (0..RECORDS).map(|_| sample(schemas, schema, &mut rng, Direction::Response)).collect();
        let lines = |values: &mut dyn Iterator<Item = Value>| values.map(|v| format!("{v}\n")).collect::<String>();
        let expected = lines(&mut records.iter().map(|r| outcome(mapping, r)));
        out.push((name.clone(), lines(&mut records.into_iter()), expected));
    }
    out
}
