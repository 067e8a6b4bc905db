//! A field whose type changes midway (a number becomes a text) is not cast in silence: the record waits as a dead letter that
//! names the field, and the others flow. Airbyte's and dlt's runtimes cast, or write null. A program of somebody's own may read
//! `"12"` as 12 and lose nothing; for one a value becomes an object, of which no cast makes the value again.
//!
//! Source: law 7 of this project: drift is reported or quarantined; Airbyte's and dlt's runtimes cast, or write null.

use serde_json::Value;

use super::super::judge::Evidence;
use super::spoiled::{Spoilt, came, deadly, drawn, spoil};
use super::{Drill, Setup, spoiled};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct TypeDrift;

impl Drill for TypeDrift {
    fn code(&self) -> &'static str {
        "type-drift"
    }

    fn hypothesis(&self) -> &'static str {
        "A field whose type changes midway is not cast in silence: its record is a dead letter, and the others flow."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        spoiled::quarantined(bench)?;
        if drawn(bench).iter().all(|r| deadly(bench, r, |v| spoilt(bench, v)).is_empty()) {
            return Err("no mapped field has a type that the target would miss".to_owned());
        }
        Ok(())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let mut setup = Setup::clean();
        setup.expect.dead.extend(spoil(bench, records, rng, |v| spoilt(bench, v)));
        setup
    }

    fn many(&self) -> bool {
        true
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        came(evidence, evidence.expect.dead.iter())
    }
}

/// The same in another type.
fn spoilt(bench: &Bench, value: &Value) -> Option<Spoilt> {
    if bench.real.is_some() && !matches!(value, Value::Null | Value::Array(_) | Value::Object(_)) {
        return Some(Spoilt::Value(serde_json::json!({ "value": value })));
    }
    Some(Spoilt::Value(match value {
        Value::Number(n) => Value::String(n.to_string()),
        Value::Bool(b) => Value::String(b.to_string()),
        // A text that became a number, as identifiers and codes do.
        Value::String(text) => serde_json::json!(text.len()),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    }))
}
