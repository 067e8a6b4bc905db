//! The wire of the lab: virtual latency, faults, then the mock; every exchange is noted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Hall;
use super::crash::Switch;
use super::senses::LabClock;
use crate::base::clock::Clock as _;
use crate::connector::{Request, Response, Transport, TransportError};
use crate::lab::bench::{Bench, Purpose};
use crate::lab::faults::{Disposition, Exchange};
use crate::lab::mock::{Effect, Quirk};
use crate::lab::trace::{Event, Exchanged, Outcome, ask_of};

pub(super) struct LabTransport {
    pub(super) bench: Arc<Bench>,
    pub(super) hall: Arc<Mutex<Hall>>,
    pub(super) clock: Arc<LabClock>,
    pub(super) switch: Arc<Switch>,
    pub(super) run: usize,
}

/// What was decided when the request was sent.
struct Sent {
    index: usize,
    there: Duration,
    back: Duration,
    /// The fault, by place in the hall, and what it wants.
    disposition: Disposition,
    fault: Option<usize>,
}

impl LabTransport {
    fn hall(&self) -> MutexGuard<'_, Hall> {
        self.hall.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, system: &str, request: &Arc<Request>) -> Sent {
        let at = self.clock.now();
        let hall = &mut *self.hall();
        let (purpose, identity) = hall.about(&self.bench, system, request);
        let batch = self.bench.read_batch(purpose, request);
        let index = hall.trace.exchanges.len();
        let nth = index as u64 + 1;
        if nth > hall.budget {
            self.switch.runaway();
        }
        let exchange = Exchange { nth, at, system, purpose, identity: identity.as_deref(), batch: &batch, request };
        let (mut disposition, mut fault) = (Disposition::Pass, None);
        for (place, armed) in hall.faults.iter_mut().enumerate().filter(|(_, a)| !a.over) {
            // Every fault sees every exchange, so that one does not shift the count of another.
            let wants = armed.fault.on_exchange(&exchange);
            if fault.is_none() && armed.left > 0 && !matches!(wants, Disposition::Pass) {
                armed.left -= 1;
                (disposition, fault) = (wants, Some(place));
            }
        }
        let code = fault.map(|f| hall.faults[f].fault.code());
        hall.trace.exchanges.push(Exchanged {
            nth,
            run: self.run,
            at,
            ended: None,
            system: system.to_owned(),
            purpose,
            identity,
            batch,
            request: Arc::clone(request),
            asks: ask_of(system, request),
            fault: code,
            effect: None,
            outcome: Outcome::Open,
        });
        hall.trace.events.push(Event::Exchange(index));
        let mut way = || Duration::from_millis(hall.latency.between(1, 12));
        let (there, back) = (way(), way());
        Sent { index, there, back, disposition, fault }
    }

    /// The system sees the request. Nothing where it is not one of ours.
    fn commit(&self, sent: &Sent, system: &str, request: &Request, quirk: Option<Quirk>) -> Response {
        let now = self.clock.now();
        let hall = &mut *self.hall();
        if hall.trace.exchanges[sent.index].purpose == Purpose::Elsewhere {
            hall.trace.exchanges[sent.index].effect = Some(Effect::Nothing);
            return Response {
                status: 200,
                headers: vec![("content-type".to_owned(), "application/json".to_owned())],
                body: "{}".into(),
            };
        }
        let Some(mock) = hall.mocks.get_mut(system) else {
            return Response { status: 502, headers: Vec::new(), body: bytes::Bytes::new() };
        };
        let (response, effect, bent) = mock.handle_bent(request, now, quirk);
        if let Effect::Issued { tokens } = &effect {
            hall.tokens.extend(tokens.iter().map(|token| (system.to_owned(), token.clone())));
        }
        hall.trace.exchanges[sent.index].effect = Some(effect);
        if bent {
            self.fired(hall, sent);
        } else if quirk.is_some() {
            // It was aimed here and made no difference.
            hall.trace.exchanges[sent.index].fault = None;
        }
        response
    }

    fn fired(&self, hall: &mut Hall, sent: &Sent) {
        if let Some(place) = sent.fault {
            hall.faults[place].fired += 1;
        }
    }

    fn end(&self, sent: &Sent, outcome: Result<Response, TransportError>) -> Result<Response, TransportError> {
        let at = self.clock.now();
        let mut hall = self.hall();
        let noted = &mut hall.trace.exchanges[sent.index];
        noted.ended = Some(at);
        noted.outcome = match &outcome {
            Ok(response) => Outcome::Answered(response.clone()),
            Err(error) => Outcome::Failed(error.clone()),
        };
        outcome
    }

    /// One more step; a dead run waits for ever.
    async fn step(&self) {
        if self.switch.step() {
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait::async_trait]
impl Transport for LabTransport {
    async fn send(&self, system: &str, request: Request) -> Result<Response, TransportError> {
        if self.switch.is_dead() {
            return std::future::pending().await;
        }
        let request = Arc::new(request);
        let mut sent = self.begin(system, &request);
        let disposition = std::mem::replace(&mut sent.disposition, Disposition::Pass);
        let (mut quirk, mut mutate, mut instead, mut commits, mut lost) = (None, None, None, true, None);
        match disposition {
            Disposition::Pass => {}
            Disposition::Delay(ms) => {
                self.fired(&mut self.hall(), &sent);
                sent.back += Duration::from_millis(ms);
            }
            Disposition::Late(ms) => {
                self.fired(&mut self.hall(), &sent);
                sent.there += Duration::from_millis(ms);
            }
            Disposition::Reply(response) => (instead, commits) = (Some(response), false),
            Disposition::ReplyAfterCommit(response) => instead = Some(response),
            Disposition::Refuse => {
                (lost, commits) = (Some(TransportError::Connect("connection refused".to_owned())), false);
            }
            Disposition::LoseBeforeCommit => {
                (lost, commits) = (Some(TransportError::Lost("connection reset by peer".to_owned())), false);
            }
            Disposition::LoseAfterCommit => lost = Some(TransportError::Lost("connection reset by peer".to_owned())),
            Disposition::Hang { commit } => {
                self.fired(&mut self.hall(), &sent);
                tokio::time::sleep(sent.there).await;
                self.step().await;
                if commit {
                    self.commit(&sent, system, &request, None);
                }
                return std::future::pending().await;
            }
            Disposition::Mutate(change) => mutate = Some(change),
            Disposition::Bend(wanted) => quirk = Some(wanted),
            // No socket here: what comes of all of them is that no answer can be used.
            Disposition::Wire(_) => lost = Some(TransportError::Lost("no whole answer came".to_owned())),
            Disposition::Fail { error, commit } => (lost, commits) = (Some(error), commit),
            Disposition::Alter(change) => {
                let at = self.clock.now();
                let hall = &mut *self.hall();
                if let Some(mock) = hall.mocks.get_mut(system) {
                    let altered = change(mock);
                    hall.trace.events.push(Event::Changed { at, what: altered.what });
                    hall.born.extend(altered.born);
                    hall.gone.extend(altered.gone);
                    self.fired(hall, &sent);
                }
            }
            Disposition::Revoke => {
                let now = self.clock.now();
                let hall = &mut *self.hall();
                if hall.mocks.get_mut(system).is_some_and(|m| m.revoke_tokens(now) > 0) {
                    self.fired(hall, &sent);
                }
            }
        }
        self.step().await;
        tokio::time::sleep(sent.there).await;
        let mut response = None;
        if commits {
            response = Some(self.commit(&sent, system, &request, quirk));
            self.step().await;
        }
        if instead.is_some() || lost.is_some() {
            self.fired(&mut self.hall(), &sent);
        }
        tokio::time::sleep(sent.back).await;
        if let Some(error) = lost {
            return self.end(&sent, Err(error));
        }
        let mut answer = match instead.or(response) {
            Some(answer) => answer,
            None => return self.end(&sent, Err(TransportError::Lost("no answer".to_owned()))),
        };
        if let Some(change) = mutate {
            let before = answer.clone();
            answer = change(answer);
            if answer != before {
                self.fired(&mut self.hall(), &sent);
            }
        }
        let answered = self.end(&sent, Ok(answer));
        self.step().await;
        answered
    }
}
