//! A sensitive field that appears at the source is not passed on: what the contract does not map goes to no target and into
//! no log. dlt and Airbyte carry new columns over by default.
//!
//! Source: CWE-201; GDPR, article 5 (data minimisation). dlt and Airbyte carry new columns over by default.

use serde_json::{Value, json};

use super::super::judge::Evidence;
use super::spoiled::{came, drawn};
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::model::Additional;

/// What is planted; numbers 987-65-4320 to 987-65-4329 belong to nobody.
const NUMBER: &str = "987-65-4329";

/// See the module.
pub(super) struct NewSensitiveField;

impl Drill for NewSensitiveField {
    fn code(&self) -> &'static str {
        "new-sensitive-field"
    }

    fn hypothesis(&self) -> &'static str {
        "A sensitive field that appears at the source reaches neither the target nor a log."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        if bench.plan.source.by_graphql() {
            return Err("GraphQL answers what is asked for, and no more".to_owned());
        }
        let schema = bench.source.kinds.get(&bench.source_entity).and_then(|k| k.record);
        let schemas = &bench.source.system.schemas;
        if schema.is_some_and(|s| schemas.get(s).additional == Additional::No || schemas.property(s, "ssn").is_some()) {
            return Err("the source's description rules new fields out".to_owned());
        }
        let passes = |r: &Value| bench.plan.mapped(r) != bench.plan.mapped(&with(r));
        if drawn(bench).iter().any(passes) {
            return Err("the mapping passes records on whole".to_owned());
        }
        Ok(())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = bench;
        let from = usize::try_from(rng.below(records.len() as u64)).unwrap_or(0);
        for record in records.iter_mut().skip(from) {
            *record = with(record);
        }
        Setup::clean()
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        came(evidence, evidence.expected.iter().filter(|x| x.record.get("ssn").is_some()).map(|x| &x.key))
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let target = &evidence.bench.plan.target.system;
        let mut out = Vec::new();
        let carries = |body: &[u8]| body.windows(NUMBER.len()).any(|w| w == NUMBER.as_bytes());
        let sent = evidence
            .trace
            .exchanges
            .iter()
            .filter(|x| x.system == *target)
            .find(|x| carries(&x.request.body) || x.request.url.contains(NUMBER));
        if let Some(sent) = sent {
            out.push(format!("leak: a new field of the source (ssn) was passed on (request {})", sent.nth));
        }
        if evidence.trace.logs().any(|line| line.to_string().contains(NUMBER)) {
            out.push("leak: a new field of the source (ssn) is in the log".to_owned());
        }
        if evidence.letters.iter().any(|l| l.because.contains(NUMBER)) {
            out.push("leak: a new field of the source (ssn) is in the reason of a dead letter".to_owned());
        }
        out
    }
}

fn with(record: &Value) -> Value {
    let mut record = record.clone();
    if record.is_object() {
        record["ssn"] = json!(NUMBER);
    }
    record
}
