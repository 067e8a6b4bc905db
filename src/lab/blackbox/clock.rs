//! Real time as the mocks see it: scaled, where the program waits in scaled time.

use std::time::Duration;

use crate::base::clock::{Clock, SystemClock, Timestamp};

/// A clock that runs `scale` times as fast as the machine's, from now on.
#[derive(Debug, Clone)]
pub(super) struct RealClock {
    from: Timestamp,
    start: tokio::time::Instant,
    scale: u32,
}

impl RealClock {
    pub(super) fn start(scale: u32) -> Self {
        Self { from: SystemClock.now(), start: tokio::time::Instant::now(), scale: scale.max(1) }
    }

    /// Milliseconds of the mocks as time that really passes.
    pub(super) fn real(&self, ms: u64) -> Duration {
        Duration::from_millis(ms) / self.scale
    }
}

impl Clock for RealClock {
    fn now(&self) -> Timestamp {
        let ms = self.start.elapsed().as_millis().saturating_mul(u128::from(self.scale));
        self.from.plus_ms(i64::try_from(ms).unwrap_or(i64::MAX))
    }
}
