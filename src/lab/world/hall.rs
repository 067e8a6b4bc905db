//! What happens in the hall to one exchange, whoever carries it: faults look at it, the mock sees it, the trace keeps it.

use std::sync::Arc;

use super::Hall;
use crate::base::clock::Timestamp;
use crate::connector::{Request, Response, TransportError};
use crate::lab::bench::{Bench, Purpose};
use crate::lab::faults::{Disposition, Exchange};
use crate::lab::mock::{Effect, Quirk};
use crate::lab::trace::{Event, Exchanged, Outcome};

/// An exchange that has begun.
pub(in crate::lab) struct Begun {
    /// Its place in the trace.
    pub(in crate::lab) index: usize,
    /// What it is for.
    pub(in crate::lab) purpose: Purpose,
    /// The fault, by its place in the hall.
    pub(in crate::lab) fault: Option<usize>,
    /// It goes beyond what any sensible run sends.
    pub(in crate::lab) beyond: bool,
}

impl Hall {
    /// What a request is for, and which record it is about: by what it carries, or, where it changes some fields of a record and
    /// carries no more, by what the system holds at that address.
    pub(in crate::lab) fn about(&self, bench: &Bench, system: &str, request: &Request) -> (Purpose, Option<String>) {
        let (purpose, carried) = bench.read_request(system, request);
        let held = || {
            let key = bench.addressed(request).filter(|_| purpose == Purpose::Update)?;
            bench.identity_kept(&key, self.mocks.get(system)?.collection(&bench.target_entity)?.get(&key)?)
        };
        let identity = carried.or_else(held);
        (purpose, identity)
    }

    /// Notes a request that has arrived, and asks every fault what becomes of it. `asks`: the same number for requests that ask the same.
    pub(in crate::lab) fn begin(
        &mut self,
        bench: &Bench,
        run: usize,
        at: Timestamp,
        system: &str,
        request: &Request,
        asks: u64,
    ) -> (Begun, Disposition) {
        let (purpose, identity) = self.about(bench, system, request);
        let batch = bench.read_batch(purpose, request);
        let index = self.trace.exchanges.len();
        let nth = index as u64 + 1;
        let exchange = Exchange { nth, at, system, purpose, identity: identity.as_deref(), batch: &batch, request };
        let (mut disposition, mut fault) = (Disposition::Pass, None);
        for (place, armed) in self.faults.iter_mut().enumerate().filter(|(_, a)| !a.over) {
            // Every fault sees every exchange, so that one does not shift the count of another.
            let mut wants = armed.fault.on_exchange(&exchange);
            // A program may write all records in one request: a batch counts for as many as it holds.
            for _ in 1..batch.len() {
                if !matches!(wants, Disposition::Pass) {
                    break;
                }
                wants = armed.fault.on_exchange(&exchange);
            }
            if fault.is_none() && !matches!(wants, Disposition::Pass) {
                (disposition, fault) = (wants, Some(place));
            }
        }
        let code = fault.and_then(|f| self.faults.get(f)).map(|f| f.fault.code());
        self.trace.exchanges.push(Exchanged {
            nth,
            run,
            at,
            ended: None,
            system: system.to_owned(),
            purpose,
            identity,
            batch,
            request: Arc::new(request.clone()),
            asks,
            fault: code,
            effect: None,
            outcome: Outcome::Open,
        });
        self.trace.events.push(Event::Exchange(index));
        (Begun { index, purpose, fault, beyond: nth > self.budget }, disposition)
    }

    /// The system sees the request as it came, `shown` to the mock under the address that it really has. Nothing where it is
    /// not one of ours.
    pub(in crate::lab) fn commit(
        &mut self,
        begun: &Begun,
        system: &str,
        shown: &Request,
        now: Timestamp,
        quirk: Option<Quirk>,
    ) -> Response {
        let plain = |status: u16, body: &'static str| Response {
            status,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.into(),
        };
        let noted = self.trace.exchanges.get_mut(begun.index);
        if begun.purpose == Purpose::Elsewhere {
            if let Some(noted) = noted {
                noted.effect = Some(Effect::Nothing);
            }
            return plain(200, "{}");
        }
        let Some(mock) = self.mocks.get_mut(system) else { return plain(502, "{}") };
        let (response, effect, bent) = mock.handle_bent(shown, now, quirk);
        if let Effect::Issued { tokens } = &effect {
            self.tokens.extend(tokens.iter().map(|token| (system.to_owned(), token.clone())));
        }
        if let Some(noted) = noted {
            noted.effect = Some(effect);
        }
        if bent {
            self.fired(begun);
        }
        response
    }

    /// The fault made a difference.
    pub(in crate::lab) fn fired(&mut self, begun: &Begun) {
        if let Some(armed) = begun.fault.and_then(|f| self.faults.get_mut(f)) {
            armed.fired += 1;
        }
    }

    /// The caller has its outcome.
    pub(in crate::lab) fn end(&mut self, begun: &Begun, at: Timestamp, outcome: Result<Response, TransportError>) {
        if let Some(noted) = self.trace.exchanges.get_mut(begun.index) {
            noted.ended = Some(at);
            noted.outcome = match outcome {
                Ok(response) => Outcome::Answered(response),
                Err(error) => Outcome::Failed(error),
            };
        }
    }

    /// The caller was gone before it had its outcome.
    pub(in crate::lab) fn reopen(&mut self, begun: &Begun) {
        if let Some(noted) = self.trace.exchanges.get_mut(begun.index) {
            (noted.ended, noted.outcome) = (None, Outcome::Open);
        }
    }

    /// Keys of the records that it read.
    pub(in crate::lab) fn read_by(&self, begun: &Begun) -> Vec<String> {
        match self.trace.exchanges.get(begun.index).and_then(|x| x.effect.as_ref()) {
            Some(Effect::Read { keys, .. }) => keys.clone(),
            _ => Vec::new(),
        }
    }
}
