//! When the target says that it knows the idempotency key with another body, the record is a dead letter; the same effect
//! never gets a new key (draft-ietf-httpapi-idempotency-key-header-07, section 2.7: 422; vendors also answer 409).

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::faults::{Aim, KeyReused};
use super::super::judge::Evidence;
use super::super::mock::key_reused;
use super::{Drill, Setup, deliverable, identifiable};
use crate::base::rng::Rng;
use crate::connector::WritePlan;
use crate::lab::bench::{Bench, Purpose};

/// See the module.
pub(super) struct KeyConflict;

impl Drill for KeyConflict {
    fn code(&self) -> &'static str {
        "key-conflict"
    }

    fn hypothesis(&self) -> &'static str {
        "When the target knows the idempotency key with another body, the record is a dead letter, and gets no new key."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        header(bench)?;
        identifiable(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let Some((key, identity)) = deliverable(bench, records, rng) else { return Setup::clean() };
        let answer = bench.write_operation().map(|op| key_reused(&bench.target.system, op));
        let aim = Aim::at([Purpose::Create]).record(identity).times(u64::MAX / 2);
        let mut setup = Setup::with(KeyReused { aim, answer });
        setup.expect.dead.insert(key);
        setup
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let Ok(header) = header(evidence.bench) else { return Vec::new() };
        let header = header.to_ascii_lowercase();
        let hit = evidence.trace.exchanges.iter().filter(|x| x.fault == Some("key-reused"));
        let keys: BTreeSet<&str> = hit.filter_map(|x| x.request.header(&header)).collect();
        match keys.len() {
            0 | 1 => Vec::new(),
            more => vec![format!("one effect was asked for under {more} idempotency keys")],
        }
    }
}

/// The header that carries the key of a create.
pub(super) fn header(bench: &Bench) -> Result<&str, String> {
    match &bench.plan.target.write {
        WritePlan::Create { idempotency: Some(header), .. } | WritePlan::Upsert { idempotency: Some(header), .. } => {
            Ok(header)
        }
        _ => Err("writes carry no idempotency key".to_owned()),
    }
}
