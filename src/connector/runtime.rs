//! Runs a plan in a world.

use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use super::{LogLine, Plan, Transport};
use crate::base::clock::Clock;
use crate::base::rng::Rng;
use crate::base::secret::{Secret, SecretRef};
use crate::evidence::{Ledger, Reconciliation, Verdict};

/// Resolves references to secrets; the environment is read in the cli only.
pub trait SecretSource: Send + Sync {
    /// The value.
    ///
    /// # Errors
    /// What is missing and where to set it.
    fn resolve(&self, reference: &SecretRef) -> Result<Secret, String>;
}

/// Hears what the runtime does: log lines for people, counts for the live view.
pub trait Observer: Send + Sync {
    /// One structured log line: `level`, `event`, `flow`, `correlation_id`, …; no secret in it.
    fn log(&self, line: LogLine);
}

/// Everything outside the connector. Sleeping and timeouts are tokio's.
#[derive(Clone)]
pub struct World {
    /// Carries requests.
    pub transport: Arc<dyn Transport>,
    /// Remembers.
    pub ledger: Arc<dyn Ledger>,
    /// Wall-clock time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for jitter and ids.
    pub rng: Arc<Mutex<Rng>>,
    /// Resolves secrets.
    pub secrets: Arc<dyn SecretSource>,
    /// Hears.
    pub observer: Arc<dyn Observer>,
    /// Asked to stop: finish the records in flight, checkpoint, return.
    pub stop: CancellationToken,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The flow.
    pub flow: String,
    /// PASS only when the end of the source was seen and every key was settled as written or unchanged.
    pub verdict: Verdict,
    /// The counts.
    pub counts: Reconciliation,
    /// Why it ended before the end of the source, if it did: kebab-case code and words.
    pub stopped: Option<(String, String)>,
    /// Requests sent, retries included.
    pub requests: u64,
    /// Retries among them.
    pub retries: u64,
}

/// Runs one pass of a flow: from the checkpoint to the end of the source.
pub async fn run_once(_plan: &Plan, _world: &World) -> Report {
    Report {
        flow: String::new(),
        verdict: Verdict::Unproven,
        counts: Reconciliation::default(),
        stopped: None,
        requests: 0,
        retries: 0,
    }
}
