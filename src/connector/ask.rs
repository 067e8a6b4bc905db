//! Single questions to a system, for whoever wants to know how it behaves: authenticated, paced and traced as a run's
//! requests are, never repeated, never anything but a GET. Nothing of the answers is kept here.

use serde_json::Value;

use super::body::{Content, content, take_at};
use super::exchange::{self, Ask, Miss, Side};
use super::gate::Gates;
use super::page::{Listing, Next, Pager, Position};
use super::run::Run;
use super::{Call, Plan, Response, World};
use crate::model::Method;

/// Which system of a flow is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The one that is read.
    Source,
    /// The one that is written; it is only read here.
    Target,
}

/// A place in the list of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot(Position);

impl Spot {
    /// Its beginning.
    pub const START: Self = Self(Position::Start);
}

/// One page of the source.
#[derive(Debug)]
pub struct Leaf {
    /// The answer as it came.
    pub response: Response,
    /// Its body without the records; null where it is no JSON.
    pub body: Value,
    /// The records; nothing where there is no list at the described place.
    pub records: Option<Vec<Value>>,
    /// What follows, as the description has it: another page, the end, or why there is no way on.
    pub next: Result<Option<Spot>, String>,
}

/// Asks the systems of one flow.
pub struct Inquiry<'a> {
    run: Run<'a>,
    limit: Option<u64>,
}

impl<'a> Inquiry<'a> {
    /// Begins one; `limit` records a page are asked for, where the description knows how.
    #[must_use]
    pub fn new(plan: &'a Plan, world: &'a World, gates: &Gates, limit: u64) -> Self {
        let known = plan.source.pagination.as_ref().is_some_and(|p| p.limit_param.is_some());
        Self { run: Run::rehearsing(plan, world, gates), limit: known.then_some(limit) }
    }

    /// Reads one page of the source, as a run would.
    ///
    /// # Errors
    /// Why there is no answer, or that this list cannot be asked for by GET.
    pub async fn page(&self, list: &Call, at: &Spot, filter: &[(&str, &str)]) -> Result<Leaf, String> {
        let source = &self.run.plan.source;
        let mut pager = Pager::new(Listing {
            call: list,
            base_url: &source.base_url,
            items: &source.items,
            inside: &source.inside,
            pagination: source.pagination.as_ref(),
            limit: self.limit,
            feed: source.feed.as_ref(),
        });
        let url = pager.url(&at.0, filter);
        let response = self.send(Asked::Source, list, url.clone()).await?;
        let Content::Json(mut body) = content(&response) else {
            return Ok(Leaf { response, body: Value::Null, records: None, next: Ok(None) });
        };
        let records = match take_at(&mut body, &source.items) {
            Some(Value::Array(mut records)) => {
                if !source.inside.is_empty() {
                    let inner = |item: &mut Value| take_at(item, &source.inside).unwrap_or(Value::Null);
                    records.iter_mut().for_each(|item| *item = inner(item));
                }
                Some(records)
            }
            _ => None,
        };
        let next = match pager.next(&at.0, &url, &body, &response, records.as_deref().unwrap_or_default()) {
            Next::At(position) => Ok(Some(Spot(position))),
            Next::End => Ok(None),
            Next::Stuck(stop) => Err(stop.because),
        };
        Ok(Leaf { response, body, records, next })
    }

    /// Sends a GET with these path and query parameters.
    ///
    /// # Errors
    /// Why there is no answer, or that the operation is no GET.
    pub async fn get(
        &self,
        side: Asked,
        call: &Call,
        path: &[(&str, &str)],
        query: &[(&str, &str)],
    ) -> Result<Response, String> {
        let base = match side {
            Asked::Source => &self.run.plan.source.base_url,
            Asked::Target => &self.run.plan.target.base_url,
        };
        self.send(side, call, super::address::url(base, call, path, query)).await
    }

    async fn send(&self, side: Asked, call: &Call, url: String) -> Result<Response, String> {
        // The one place where a question leaves, so also the one where it is held to being harmless.
        if call.method != Method::Get || call.query.is_some() {
            return Err(format!("{} is no GET, so it is not asked", call.id));
        }
        let run = &self.run;
        let gate = run.gate(match side {
            Asked::Source => Side::Source,
            Asked::Target => Side::Target,
        });
        let held = gate.credentials.current(run, gate, None).await.map_err(|stop| stop.because)?;
        gate.paced(run).await.map_err(|stop| stop.because)?;
        let mut trace = run.trace("question");
        let mut request = Ask::read(call, url).request(run, gate, &mut trace);
        gate.sign(&mut request, &held.places);
        exchange::send_once(run, gate, &call.id, request).await.map_err(|miss| match miss {
            Miss::Again(again) | Miss::Exhausted(again) => again.because,
            Miss::Refused(refused) => refused.says,
            Miss::Stop(stop) => stop.because,
        })
    }
}
