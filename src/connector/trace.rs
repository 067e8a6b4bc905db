//! One trace for one source record (or one page), one span for one attempt, as W3C Trace Context carries them.
//! <https://www.w3.org/TR/trace-context/>
//!
//! Where the run belongs to a trace already, its requests continue that one, and the handle of the record is the
//! `x-correlation-id` alone. Where spans are collected, each attempt is one, by the HTTP conventions of OpenTelemetry;
//! it tells the path template and the names of query parameters, and no value that a record or a credential has put there.

use std::collections::BTreeMap;

use reqwest::Url;

use super::Response;
use super::exchange::Miss;
use super::run::{Run, Stop};
use crate::base::ids;
use crate::base::rng::Rng;
use crate::base::trace::{Attribute, Span, SpanKind};
use crate::model::Method;

/// What ties log lines and requests about one thing together.
#[derive(Debug)]
pub(super) struct Trace {
    /// 32 hex digits; also sent as `x-correlation-id`.
    pub id: String,
    /// The randomness of this record alone: its retries do not shift another's.
    pub rng: Rng,
    /// It is about one record, and not about a page or a batch.
    one: bool,
    /// Attempts by operation.
    made: BTreeMap<String, u64>,
}

/// What a span tells of a request.
pub(super) struct Said<'a> {
    /// Name of the system in the contract.
    pub system: &'a str,
    /// operationId.
    pub operation: &'a str,
    /// Method.
    pub method: Method,
    /// Where the system is.
    pub base: &'a str,
    /// Path template below it; empty where the request has none.
    pub path: &'a str,
    /// As sent, without the credential; only names of query parameters are taken from it.
    pub url: &'a str,
}

/// One attempt on its way.
pub(super) struct Attempt {
    /// What is sent along.
    pub traceparent: String,
    span: Option<Box<dyn Span>>,
}

impl Trace {
    /// A trace of its own.
    pub(super) fn new(mut rng: Rng) -> Self {
        Self { id: ids::trace_id(&mut rng), rng, one: false, made: BTreeMap::new() }
    }

    /// A trace of one record.
    pub(super) fn of_record(rng: Rng) -> Self {
        Self { one: true, ..Self::new(rng) }
    }

    /// What tells this record from others, where it is about one.
    pub(super) fn about(&self) -> Option<&str> {
        self.one.then_some(self.id.as_str())
    }

    /// The span of one more attempt.
    pub(super) fn attempt(&mut self, run: &Run<'_>, said: &Said<'_>) -> Attempt {
        // Drawn in any case: what collects traces must not change what the run does.
        let id = ids::span_id(&mut self.rng);
        let parent = run.context();
        if let Some(tracer) = &run.world.tracer {
            let made = self.made.entry(said.operation.to_owned()).or_default();
            let again = *made;
            *made += 1;
            let name = format!("{} {}", said.method.as_str(), said.path);
            let span = tracer.begin(name.trim_end(), SpanKind::Client, parent, self.attributes(said, again));
            return Attempt { traceparent: span.context().to_string(), span: Some(span) };
        }
        let traceparent = match parent {
            Some(parent) => format!("00-{}-{id}-{:02x}", parent.trace_id(), parent.flags),
            None => format!("00-{}-{id}-01", self.id),
        };
        Attempt { traceparent, span: None }
    }

    fn attributes(&self, said: &Said<'_>, again: u64) -> Vec<(&'static str, Attribute)> {
        let mut out: Vec<(&'static str, Attribute)> = vec![
            ("http.request.method", said.method.as_str().into()),
            ("url.full", shown(said).into()),
            ("platform_integration.system", said.system.into()),
            ("platform_integration.operation", said.operation.into()),
            ("platform_integration.correlation_id", self.id.as_str().into()),
        ];
        if let Ok(url) = Url::parse(said.url) {
            out.push(("server.address", url.host_str().unwrap_or_default().into()));
            if let Some(port) = url.port_or_known_default() {
                out.push(("server.port", port.into()));
            }
        }
        if !said.path.is_empty() {
            out.push(("url.template", said.path.into()));
        }
        if again > 0 {
            out.push(("http.request.resend_count", again.into()));
        }
        out
    }
}

impl Attempt {
    /// It came to this.
    pub(super) fn ended(self, sent: &Result<Response, Miss>) {
        let Some(mut span) = self.span else { return };
        match sent {
            Ok(response) => {
                span.set("http.response.status_code", response.status.into());
                // Of a client span every status from 400 on is an error.
                if response.status >= 400 {
                    span.fail(&response.status.to_string());
                }
            }
            Err(Miss::Again(again) | Miss::Exhausted(again)) => span.fail(again.code),
            Err(Miss::Refused(refused)) => span.fail(refused.code),
            Err(Miss::Stop(Stop { code, .. })) => span.fail(code),
        }
    }
}

/// The URL as a span may tell it: where the system is, the path template, query parameters without their values. A
/// base URL with user info or a query of its own loses both.
fn shown(said: &Said<'_>) -> String {
    let mut out = match Url::parse(said.base) {
        Ok(mut base) => {
            let _ = base.set_username("");
            let _ = base.set_password(None);
            base.set_query(None);
            base.set_fragment(None);
            base.to_string().trim_end_matches('/').to_owned()
        }
        Err(_) => String::new(),
    };
    out.push_str(said.path);
    let query = said.url.split_once('?').map_or("", |(_, query)| query);
    let mut separator = '?';
    for part in query.split('&').filter(|p| !p.is_empty()) {
        out.push(separator);
        out.push_str(part.split('=').next().unwrap_or(part));
        out.push_str("=REDACTED");
        separator = '&';
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_tells_no_value_of_a_query_and_no_user_of_a_base() {
        let said = Said {
            system: "crm",
            operation: "findContact",
            method: Method::Get,
            base: "https://someone:hush@crm.example/v2?key=hush",
            path: "/contacts/{id}",
            url: "https://crm.example/v2/contacts/ada?email=ada%40example.com&limit=2",
        };
        assert_eq!(shown(&said), "https://crm.example/v2/contacts/{id}?email=REDACTED&limit=REDACTED");
    }
}
