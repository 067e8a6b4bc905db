//! A record on which the target failed in one run is delivered by the next, or is a dead letter: that newer ones went through is
//! no reason to read on behind it.
//!
//! Source: at-least-once delivery processes first and saves its position then (Apache Kafka documentation, Message Delivery
//! Semantics).

use serde_json::Value;

use super::super::judge::{Evidence, missing};
use super::super::mock::{compare, dig};
use super::super::world::RunEnd;
use super::poison_500::{fails_each_time, one_may_fail};
use super::{Drill, Setup, deliverable};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct FailedRecordForgotten;

impl Drill for FailedRecordForgotten {
    fn code(&self) -> &'static str {
        "failed-record-forgotten"
    }

    fn hypothesis(&self) -> &'static str {
        "A record on which the target failed is delivered by the next run or is a dead letter, however many newer ones went through."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        // A program may remember by itself what it takes for done.
        if !bench.plan.source.by_changes() && bench.real.is_none() {
            return Err("every run reads all, so what failed comes again".to_owned());
        }
        one_may_fail(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let mut oldest: Vec<&Value> = records.iter().collect();
        if let Some((path, _)) = &bench.plan.source.incremental {
            // The oldest that can be delivered: all others are newer, some by hours.
            oldest.retain(|r| dig(r, path).is_some());
            oldest.sort_by(|a, b| match (dig(a, path), dig(b, path)) {
                (Some(a), Some(b)) => compare(a, b),
                _ => std::cmp::Ordering::Equal,
            });
        }
        let one = oldest.into_iter().find_map(|r| deliverable(bench, std::slice::from_ref(r), rng));
        let Some((source_key, identity)) = one else { return Setup::clean() };
        let mut setup = Setup::with(fails_each_time(bench, identity)).passes(2).lenient();
        // And a newer one, mostly: who goes on from the last that failed passes over the first.
        let newer = deliverable(bench, records, rng);
        if let Some((_, identity)) = newer.filter(|(key, _)| *key != source_key && !rng.one_in(4)) {
            setup.faults.push(fails_each_time(bench, identity));
        }
        if bench.plan.source.webhook.is_some() && bench.plan.source.list.is_some() {
            // No event tells of it: who goes on behind what the sweep has read, and not written, never sees it again.
            setup.courier = Some(Box::new(move |_, _, fresh, _| fresh.retain(|event| event.key != source_key)));
        }
        setup.faults_end_with_first_pass = true;
        setup
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        // Our connector keeps dead letters, and is judged by them. A program that says with its last word that all is well, or
        // that says nothing, has delivered the record or told of it in its file: that an earlier run said no is no end of it.
        let Some(program) = evidence.foreign.as_ref().filter(|_| evidence.faults_fired > 0) else { return Vec::new() };
        let well = evidence.runs.last().is_some_and(|r| matches!(&r.end, RunEnd::Exited(exit) if exit.is_success()));
        if !well && !program.service {
            return Vec::new();
        }
        let filed = program.filed.iter().map(String::as_str).collect();
        let sound = |key: &String| evidence.expected.iter().any(|x| x.key == *key && x.mapped.is_ok());
        let missing = missing(evidence.bench, &evidence.expected, evidence.target, &filed);
        let forgotten = missing.into_iter().filter(sound);
        forgotten
            .map(|key| format!("forgotten: {key} failed in run 1, no later run delivered it, and the file of dead letters does not have it"))
            .collect()
    }
}
