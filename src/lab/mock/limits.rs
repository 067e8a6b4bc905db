//! Described rate limits, kept: as many requests in a window as the description allows, told in the headers that it names.

use std::collections::{BTreeMap, VecDeque};

use super::errors::Refusal;
use super::{Call, Effect};
use crate::base::clock::Timestamp;
use crate::connector::Response;

/// What was asked lately, by limit: operations that state the same limit share it, as one key's requests do.
#[derive(Debug, Clone, Default)]
pub(super) struct Limits(BTreeMap<(u64, u64), VecDeque<Timestamp>>);

/// What a limit leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    limit: u64,
    remaining: u64,
    /// Until a request is free again, in whole seconds, at least one.
    reset_s: u64,
}

impl Limits {
    /// Counts a request; nothing where its operation states no limit, an error where it is one too many.
    pub(super) fn take(&mut self, call: &Call<'_>) -> Option<Result<Left, Left>> {
        let limit = call.op.rate_limit.as_ref()?;
        let window = i64::try_from(limit.window_ms.max(1)).unwrap_or(i64::MAX);
        let sent = self.0.entry((limit.requests, limit.window_ms)).or_default();
        while sent.front().is_some_and(|t| call.now.0.saturating_sub(t.0) >= window) {
            sent.pop_front();
        }
        let room = usize::try_from(limit.requests).unwrap_or(usize::MAX);
        let refused = sent.len() >= room;
        if !refused {
            sent.push_back(call.now);
        }
        let first = sent.front().copied().unwrap_or(call.now);
        let wait = first.plus_ms(window).0.saturating_sub(call.now.0).max(1);
        let left = Left {
            limit: limit.requests,
            remaining: (room - sent.len()) as u64,
            reset_s: u64::try_from(wait).unwrap_or(1).div_ceil(1000),
        };
        Some(if refused { Err(left) } else { Ok(left) })
    }
}

impl Left {
    /// Tells what is left in the headers that the description names for this operation.
    pub(super) fn tell(self, call: &Call<'_>, response: &mut Response) {
        let named = call.op.responses.iter().flat_map(|r| &r.headers);
        for name in named.map(|n| n.to_ascii_lowercase()) {
            if response.header(&name).is_some() || !(name.contains("ratelimit") || name.contains("rate-limit")) {
                continue;
            }
            let value = if name.ends_with("remaining") {
                self.remaining
            } else if name.ends_with("reset") {
                self.reset_s
            } else if name.ends_with("limit") {
                self.limit
            } else {
                continue;
            };
            response.headers.push((name, value.to_string()));
        }
    }

    /// 429 with `Retry-After`, in the described shape.
    pub(super) fn refuse(self, call: &Call<'_>) -> (Response, Effect) {
        let because = format!("more than {} requests in their window", self.limit);
        let mut response = Refusal::new(429, "rate-limited", because).answer(&call.blueprint.system, Some(call.op));
        response.headers.push(("retry-after".to_owned(), self.reset_s.to_string()));
        (response, Effect::Nothing)
    }
}
