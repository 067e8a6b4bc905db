//! One trace for one source record (or one page), one span for one attempt, as W3C Trace Context carries them.
//! <https://www.w3.org/TR/trace-context/>

use crate::base::ids;
use crate::base::rng::Rng;

/// What ties log lines and requests about one thing together.
#[derive(Debug)]
pub(super) struct Trace {
    /// 32 hex digits; also sent as `x-correlation-id`.
    pub id: String,
    /// The randomness of this record alone: its retries do not shift another's.
    pub rng: Rng,
}

impl Trace {
    /// A trace of its own.
    pub(super) fn new(mut rng: Rng) -> Self {
        Self { id: ids::trace_id(&mut rng), rng }
    }

    /// The `traceparent` of one more attempt.
    pub(super) fn attempt(&mut self) -> String {
        format!("00-{}-{}-01", self.id, ids::span_id(&mut self.rng))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_share_the_trace_and_differ_in_the_span() {
        let mut trace = Trace::new(Rng::seeded(1));
        let (a, b) = (trace.attempt(), trace.attempt());
        assert_eq!(a.get(..35), b.get(..35));
        assert_ne!(a, b);
        assert_eq!(a.len(), 55);
        assert_eq!(a.get(3..35), Some(trace.id.as_str()));
    }
}
