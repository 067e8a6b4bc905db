//! When the target says that it knows the idempotency key with another body, the record is a dead letter; the same effect
//! never gets a new key (draft-ietf-httpapi-idempotency-key-header-07, section 2.7: 422; vendors also answer 409).
//!
//! Source: draft-ietf-httpapi-idempotency-key-header-07, section 2.7 (422; vendors also answer 409).

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::faults::KeyReused;
use super::super::judge::Evidence;
use super::super::mock::key_reused;
use super::{Drill, Setup, identifiable, in_target, owed};
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
        let answer = bench.write_operation().map(|op| key_reused(&bench.target.system, op));
        Setup::with(KeyReused::new(in_target(vec![Purpose::Create], owed(bench, records), rng), answer)).lenient()
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let Ok(header) = header(evidence.bench) else { return Vec::new() };
        let header = header.to_ascii_lowercase();
        let mut hit = evidence.trace.exchanges.iter().filter(|x| x.fault == Some("key-reused"));
        let Some(first) = hit.next() else { return Vec::new() };
        let same =
            evidence.trace.exchanges.iter().filter(|x| x.purpose == first.purpose && x.identity == first.identity);
        let keys: BTreeSet<&str> = same.filter_map(|x| x.request.header(&header)).collect();
        let mut out = Vec::new();
        if keys.len() > 1 {
            out.push(format!("one effect was asked for under {} idempotency keys", keys.len()));
        }
        let owner = evidence.expected.iter().find(|x| x.identity.is_some() && x.identity == first.identity);
        if let Some(owner) = owner.filter(|o| !evidence.letters.iter().any(|l| l.key == o.key)) {
            out.push(format!("dead letters: {} should be there and is not", owner.key));
        }
        out
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
