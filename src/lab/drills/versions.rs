//! What tells of a change, moved: earlier, later, later than all others.

use std::sync::Arc;

use serde_json::Value;

use super::super::mock::{MockOptions, MockSystem, dig, put};
use crate::base::clock::Timestamp;
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

pub(super) const DAY_MS: i64 = 24 * 3600 * 1000;

/// A version so many days before.
pub(super) fn older_by(version: &Value, days: i64) -> Option<Value> {
    let back = days * 24 * 3600;
    match version {
        Value::String(text) => Some(Timestamp::parse(text)?.plus_ms(-back * 1000).rfc3339().into()),
        Value::Number(n) => Some((n.as_i64()? - back).into()),
        _ => None,
    }
}

/// A version so many milliseconds later (negative: earlier), written as it was; a date in whole days.
pub(super) fn shifted(version: &Value, ms: i64) -> Option<Value> {
    match version {
        Value::String(text) if text.len() == 10 => {
            let days = if ms % DAY_MS == 0 { ms } else { ms + ms.signum() * DAY_MS };
            Some(Value::String(Timestamp::parse(text)?.plus_ms(days).rfc3339().chars().take(10).collect()))
        }
        Value::String(text) => {
            let moved = Timestamp::parse(text)?.plus_ms(ms).rfc3339();
            Some(Value::String(if text.contains('.') { moved } else { moved.replace(".000Z", "Z") }))
        }
        Value::Number(n) => {
            let n = n.as_i64()?;
            // Milliseconds since 1970 have three digits more than seconds.
            Some(serde_json::json!(if n > 100_000_000_000 { n + ms } else { n + ms / 1000 }))
        }
        _ => None,
    }
}

/// The field that tells which of two forms of a record is newer, where the lab can move it.
pub(super) fn movable(bench: &Bench) -> Result<&[String], String> {
    let version = bench.plan.source.version().ok_or("no field tells which of two forms is newer")?;
    let mut mock = MockSystem::of(Arc::clone(&bench.source), 0, MockOptions::default());
    let drawn = mock.draw_records(&bench.source_entity, 1, &mut Rng::seeded(0));
    match drawn.first().and_then(|r| dig(r, version)).and_then(|v| shifted(v, -DAY_MS)) {
        Some(_) => Ok(version),
        None => Err(format!("{} is neither a time nor a number", version.join("."))),
    }
}

/// The record a minute later.
pub(super) fn touched(bench: &Bench, record: &Value) -> Option<Value> {
    let version = bench.plan.source.version()?;
    let mut touched = record.clone();
    put(&mut touched, version, shifted(dig(record, version)?, 60_000)?);
    Some(touched)
}

/// The record as changed last of all: a minute after the newest of these, so that a source read by change time shows it.
pub(super) fn touched_last(bench: &Bench, record: &Value, all: &[Value]) -> Option<Value> {
    let version = bench.plan.source.version()?;
    let moment = |value: &Value| match value {
        Value::String(text) => Timestamp::parse(text).map(|at| at.0),
        other => other.as_i64(),
    };
    let newest = all.iter().filter_map(|r| dig(r, version)).max_by_key(|&value| moment(value))?;
    let mut touched = record.clone();
    put(&mut touched, version, shifted(newest, 60_000)?);
    Some(touched)
}
