//! What happened in one schedule, in order: the timeline that judges read and people replay.

use std::fmt::Write as _;

use serde_json::Value;

use super::bench::Purpose;
use super::courier::Delivered;
use super::mock::{Effect, url};
use crate::base::clock::Timestamp;
use crate::base::text;
use crate::connector::{Request, Response, TransportError};
use crate::evidence::Verdict;

/// How an exchange ended for the one who asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It did not: the caller gave up, or was killed, before.
    Open,
    /// With an answer.
    Answered(Response),
    /// Without one.
    Failed(TransportError),
}

/// One request and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchanged {
    /// Counts up from 1.
    pub nth: u64,
    /// Which start of the connector, from 1.
    pub run: usize,
    /// When it was sent.
    pub at: Timestamp,
    /// When the caller had its outcome.
    pub ended: Option<Timestamp>,
    /// To whom.
    pub system: String,
    /// What for.
    pub purpose: Purpose,
    /// Identity of the target record it is about.
    pub identity: Option<String>,
    /// Of a bulk request: the identities of its records, in its order.
    pub batch: Vec<Option<String>>,
    /// What was asked.
    pub request: Request,
    /// The same number for requests that ask the same: system, method, URL and body.
    pub asks: u64,
    /// The fault that hit it.
    pub fault: Option<&'static str>,
    /// What it did at the system; nothing where it never came there.
    pub effect: Option<Effect>,
    /// How it ended.
    pub outcome: Outcome,
}

impl Exchanged {
    /// The answer, where one came.
    #[must_use]
    pub const fn answer(&self) -> Option<&Response> {
        if let Outcome::Answered(response) = &self.outcome { Some(response) } else { None }
    }

    /// The status of the answer, where one came.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.answer().map(|r| r.status)
    }

    /// Two requests that ask the same.
    #[must_use]
    pub const fn asks_as(&self, other: &Self) -> bool {
        self.asks == other.asks
    }
}

/// A number for what a request asks.
pub(super) fn ask_of(system: &str, request: &Request) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325; // FNV-1a
    let parts = [system.as_bytes(), request.method.as_str().as_bytes(), request.url.as_bytes(), &request.body];
    for byte in parts.iter().flat_map(|p| p.iter().chain(&[0])) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The connector was started.
    Started {
        /// When.
        at: Timestamp,
        /// Which start, from 1.
        run: usize,
    },
    /// An exchange, in the place where it was sent; by index into [`Trace::exchanges`].
    Exchange(usize),
    /// A delivery of the source's webhook, in the place where it was sent; by index into [`Trace::deliveries`].
    Delivery(usize),
    /// The connector logged.
    Logged {
        /// When.
        at: Timestamp,
        /// The line.
        line: Value,
    },
    /// The connector ended.
    Ended {
        /// When.
        at: Timestamp,
        /// Which start.
        run: usize,
        /// In words.
        how: String,
        /// What it claims.
        claim: Option<Verdict>,
    },
    /// The connector was asked to stop.
    Asked {
        /// When.
        at: Timestamp,
        /// Which start.
        run: usize,
    },
    /// The connector's ledger did not do what it was asked for.
    LedgerFailed {
        /// When.
        at: Timestamp,
        /// Which start.
        run: usize,
        /// `read` or `written`.
        what: &'static str,
        /// What it said.
        says: &'static str,
        /// It stays so for the rest of the run.
        lasting: bool,
    },
    /// Somebody else changed something between two runs.
    Changed {
        /// When.
        at: Timestamp,
        /// In words.
        what: String,
    },
}

/// The timeline.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trace {
    /// When the first run began.
    pub from: Option<Timestamp>,
    /// All exchanges.
    pub exchanges: Vec<Exchanged>,
    /// All deliveries of the source's webhook, each attempt.
    pub deliveries: Vec<Delivered>,
    /// Everything, in order.
    pub events: Vec<Event>,
}

impl Trace {
    /// The exchanges of one run.
    pub fn run(&self, run: usize) -> impl Iterator<Item = &Exchanged> {
        self.exchanges.iter().filter(move |x| x.run == run)
    }

    /// Every line that the connector logged.
    pub fn logs(&self) -> impl Iterator<Item = &Value> {
        self.events.iter().filter_map(|e| if let Event::Logged { line, .. } = e { Some(line) } else { None })
    }

    /// The timeline as text: one line an event, times in seconds since the start. The same schedule gives the same
    /// bytes. No header that could carry a credential is in it.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::new();
        let from = self.from.map_or(0, |t| t.0);
        let clock = |at: &Timestamp| {
            let ms = at.0 - from;
            format!("{:>5}.{:03}", ms / 1000, ms % 1000)
        };
        for event in &self.events {
            let line = match event {
                Event::Started { at, run } => format!("{} == run {run} starts", clock(at)),
                Event::Ended { at, run, how, .. } => format!("{} == run {run} {how}", clock(at)),
                Event::Changed { at, what } => format!("{} -- {what}", clock(at)),
                Event::Asked { at, run } => format!("{} -- run {run} is asked to stop", clock(at)),
                Event::LedgerFailed { at, what, says, .. } => {
                    format!("{} !! the ledger cannot be {what}: {says}", clock(at))
                }
                Event::Logged { at, line } => {
                    format!("{}    log {}", clock(at), text::truncate(&line.to_string(), 240))
                }
                Event::Delivery(index) => match self.deliveries.get(*index) {
                    Some(d) => format!("{} {}", clock(&d.at), delivery_line(d)),
                    None => continue,
                },
                Event::Exchange(index) => match self.exchanges.get(*index) {
                    Some(x) => format!("{} {}", clock(&x.at), exchange_line(x)),
                    None => continue,
                },
            };
            out.push_str(&line);
            out.push('\n');
        }
        out
    }
}

fn delivery_line(d: &Delivered) -> String {
    let took = d.ended.map_or_else(String::new, |e| format!(" ({} ms)", e.0 - d.at.0));
    let outcome = d.status.map_or_else(|| "no answer seen".to_owned(), |s| s.to_string());
    let how = if d.is_genuine() { String::new() } else { format!(" !! {}", d.delivery.how.as_str()) };
    let payload = d.delivery.payload.to_string();
    format!(">>   event {} {} -> {outcome}{took}{how}", d.delivery.id, text::truncate(&payload, 160))
}

fn exchange_line(x: &Exchanged) -> String {
    let path = &x.request.url[if x.purpose == Purpose::Elsewhere { 0 } else { url::origin_of(&x.request.url).len() }..];
    let mut line = format!("#{:<3} {} {} {path}", x.nth, x.system, x.request.method.as_str());
    if !x.request.body.is_empty() && x.purpose != Purpose::Token {
        let body = String::from_utf8_lossy(&x.request.body);
        let _ = write!(line, " {}", text::truncate(&body, 160));
    }
    let took = x.ended.map_or_else(String::new, |e| format!(" ({} ms)", e.0 - x.at.0));
    let outcome = match &x.outcome {
        Outcome::Open => "no answer seen".to_owned(),
        Outcome::Failed(error) => error.to_string(),
        Outcome::Answered(r) => {
            let wait = r.header("retry-after").map_or_else(String::new, |w| format!(", Retry-After: {w}"));
            format!("{}{wait}", r.status)
        }
    };
    let _ = write!(line, " -> {outcome}{took}");
    match &x.effect {
        None => line.push_str(" [not reached]"),
        Some(Effect::Nothing) => {}
        Some(Effect::Read { keys, .. }) => {
            let _ = write!(line, " [read {}]", keys.len());
        }
        Some(Effect::Created { key, .. }) => {
            let _ = write!(line, " [created {key}]");
        }
        Some(Effect::Updated { key, changed, .. }) => {
            let _ = write!(line, " [{} {key}]", if *changed { "changed" } else { "unchanged" });
        }
        Some(Effect::Deleted { key, .. }) => {
            let _ = write!(line, " [deleted {key}]");
        }
        Some(Effect::Many(effects)) => {
            let kept = effects.iter().filter(|e| e.keeps()).count();
            let _ = write!(line, " [kept {kept} of {}]", effects.len());
        }
        Some(Effect::Replayed) => line.push_str(" [replayed]"),
        Some(Effect::Issued { .. }) => line.push_str(" [token issued]"),
    }
    if let Some(fault) = x.fault {
        let _ = write!(line, " !! {fault}");
    }
    line
}
