//! With nothing wrong, every record is in the target once, with the values that the mapping gives.
//!
//! Source: ARCHITECTURE.md, invariants: no success without counts.

use serde_json::Value;

use super::super::judge::{Evidence, detours};
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct HappyPath;

impl Drill for HappyPath {
    fn code(&self) -> &'static str {
        "happy-path"
    }

    fn hypothesis(&self) -> &'static str {
        "With nothing wrong, every record is in the target once, with the values that the mapping gives."
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        Setup::clean()
    }

    fn thorough(&self) -> bool {
        true
    }

    fn overflows_a_batch(&self) -> bool {
        true
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        u64::from(evidence.trace.exchanges.iter().any(|x| x.purpose.writes() && x.status().is_some_and(|s| s < 300)))
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        detours(evidence)
    }

    fn caveats(&self, evidence: &Evidence<'_>) -> Vec<String> {
        // The mapping is not total: records that the source may well hold cannot be delivered.
        evidence.expected.iter().filter_map(|e| e.mapped.as_ref().err()).cloned().collect()
    }
}
