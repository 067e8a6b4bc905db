//! Values at the edge arrive as they are: integers beyond 2^53 and decimals with more digits than a double holds (RFC 8259
//! section 6), times with an offset and a leap day (RFC 3339), emoji and combining marks (RFC 8259 section 8.1).
//!
//! Source: RFC 8259 sections 6 and 8.1; RFC 3339.

use serde_json::{Number, Value};

use super::super::judge::Evidence;
use super::spoiled::{came, drawn, fate, fields};
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::model::{Direction, validate};

const INTEGER: &str = "9007199254740993";
const DECIMAL: &str = "12345678901234567.89";
const TENTH: &str = "0.10";
const TEXT: &str = "Zoë 🦊 e\u{301} Ω";
const TIME: &str = "2028-02-29T23:59:59+02:00";
const DAY: &str = "2028-02-29";

/// See the module.
pub(super) struct SharpValues;

impl Drill for SharpValues {
    fn code(&self) -> &'static str {
        "sharp-values"
    }

    fn hypothesis(&self) -> &'static str {
        "Long numbers, offsets, leap days and letters of all kinds arrive as they are."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        match drawn(bench).iter().any(|r| !sharpened(bench, r).is_empty()) {
            true => Ok(()),
            false => Err("no mapped field takes such a value".to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        for record in records.iter_mut() {
            // One after the other: what one value allows, another may not.
            for _ in 0..rng.between(1, 3) {
                if let Some((name, value)) = rng.pick(&sharpened(bench, record)).cloned() {
                    record[&name] = value;
                }
            }
        }
        Setup::clean()
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let sharp = |x: &&super::super::judge::Expected| {
            let text = x.record.to_string();
            [INTEGER, DECIMAL, TENTH, "🦊", TIME, DAY].iter().any(|mark| text.contains(mark))
        };
        came(evidence, evidence.expected.iter().filter(sharp).map(|x| &x.key))
    }
}

/// Mapped fields of the record with a value at the edge, that source and target both take and that leaves the record who
/// it is.
fn sharpened(bench: &Bench, record: &Value) -> Vec<(String, Value)> {
    let (schemas, kind) = (&bench.source.system.schemas, bench.source.kinds.get(&bench.source_entity));
    let Some((schema, before)) = kind.and_then(|k| k.record).zip(fate(bench, record)) else { return Vec::new() };
    let Ok(mapped) = &before.mapped else { return Vec::new() };
    let mut out = Vec::new();
    for (name, value) in fields(bench, record) {
        let Some((id, _)) = schemas.property(schema, name) else { continue };
        if schemas.get(id).values.is_some() {
            continue;
        }
        for sharp in candidates(value) {
            let mut changed = record.clone();
            changed[name] = sharp.clone();
            let fits = validate(schemas, id, &sharp, Direction::Response).is_empty();
            let Some(after) = fate(bench, &changed).filter(|_| fits) else { continue };
            if after.identity == before.identity && after.mapped.as_ref().is_ok_and(|m| m != mapped) {
                out.push((name.clone(), sharp));
            }
        }
    }
    out
}

fn candidates(value: &Value) -> Vec<Value> {
    let number = |text: &str| text.parse::<Number>().ok().map(Value::Number);
    let text = |t: &str| Some(Value::String(t.to_owned()));
    let all = match value {
        Value::Number(_) => vec![number(INTEGER), number(DECIMAL), number(TENTH)],
        Value::String(s) if s.contains('T') && s.len() >= 19 && s.starts_with(|c: char| c.is_ascii_digit()) => {
            vec![text(TIME)]
        }
        Value::String(s) if s.len() == 10 && s.starts_with(|c: char| c.is_ascii_digit()) => vec![text(DAY)],
        Value::String(s) if s.parse::<f64>().is_ok() => vec![text(TENTH), text(DECIMAL)],
        Value::String(_) => vec![text(TEXT)],
        _ => Vec::new(),
    };
    all.into_iter().flatten().collect()
}
