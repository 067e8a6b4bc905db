//! A checkpoint that lies years ahead makes the source answer with nothing: that is no success.
//!
//! Source: a source record with a mistyped year, or a checkpoint taken from a wrong clock; the source then answers with an empty
//! list for ever.

use serde_json::Value;

use super::super::judge::Evidence;
use super::{Drill, Setup, by_field, two_more};
use crate::base::rng::Rng;
use crate::evidence::Checkpoint;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct CheckpointInTheFuture;

impl Drill for CheckpointInTheFuture {
    fn code(&self) -> &'static str {
        "checkpoint-in-the-future"
    }

    fn hypothesis(&self) -> &'static str {
        "With a checkpoint that lies years ahead it starts over or stops and says so; it never takes the silence for success."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        by_field(bench).map(drop)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        let mut setup = Setup::clean().passes(2).honest();
        setup.expect.may_stop = true;
        setup.between = Some(Box::new(two_more));
        setup.process.tamper = Some(Box::new(|kept| Checkpoint {
            watermark: kept.watermark.as_deref().map(ten_years_on),
            ..Checkpoint::default()
        }));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        u64::from(evidence.runs.len() >= 2)
    }
}

/// A time in the same form, ten years later.
fn ten_years_on(text: &str) -> String {
    if let Ok(number) = text.parse::<i64>() {
        let second = if number > 100_000_000_000 { 1_000 } else { 1 };
        return (number + 10 * 365 * 24 * 3600 * second).to_string();
    }
    match text.get(..4).and_then(|year| year.parse::<u32>().ok()) {
        Some(year) => format!("{}{}", year + 10, &text[4..]),
        None => text.to_owned(),
    }
}
