//! A target that stores its answers repeats a stored 500 for the same idempotency key: the connector gives the record up
//! after its attempts, and never asks under a new key (Stripe, "Idempotent requests": the result is saved "regardless of
//! whether it succeeds or fails", 500 included).
//!
//! Source: Stripe, "Idempotent requests": the result is saved "regardless of whether it succeeds or fails".

use serde_json::Value;

use super::super::faults::StoredError;
use super::super::judge::Evidence;
use super::key_conflict::header;
use super::{Drill, Setup, in_target, owed, retries};
use crate::base::rng::Rng;
use crate::connector::WritePlan;
use crate::lab::bench::{Bench, Purpose};

/// See the module.
pub(super) struct StoredErrorReplayed;

impl Drill for StoredErrorReplayed {
    fn code(&self) -> &'static str {
        "stored-error-replayed"
    }

    fn hypothesis(&self) -> &'static str {
        "A stored 500 that comes again for the same key ends after some attempts, and is never asked for under a new key."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        retries(bench)?;
        match &bench.plan.target.write {
            WritePlan::Create { idempotency: Some(_), .. } => Ok(()),
            WritePlan::Upsert { idempotency: Some(_), .. } => {
                Err("after a lost answer the record is looked up, so the key is not sent again".to_owned())
            }
            _ => Err("writes carry no idempotency key".to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let Ok(header) = header(bench) else { return Setup::clean() };
        Setup::with(StoredError::new(in_target(vec![Purpose::Create], owed(bench, records), rng), header))
            .passes(2)
            .lenient()
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        // The first one is stored; what counts are those that come again.
        evidence.faults_fired.saturating_sub(1)
    }
}
