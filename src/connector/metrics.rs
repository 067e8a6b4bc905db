//! Counts what the runtime does, for who watches it: Prometheus' text format, health and readiness, the live view.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>, <https://prometheus.io/docs/practices/naming/>

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use serde_json::{Value, json};

use super::run::{Stop, lock};
use super::{Answers, LogLine, Observer, Request, Requested, Response, Waits};
use crate::base::clock::{Clock, Timestamp};
use crate::evidence::{Ledger, LedgerError, Pause};
use crate::model::Method;

/// What every name begins with.
pub const PREFIX: &str = "platform_integration_";

/// One value, and the labels that tell it from the others of its family.
pub type Sample = (Vec<(&'static str, String)>, f64);

/// Values that say the same of different things.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// Without [`PREFIX`].
    pub name: &'static str,
    /// How it moves.
    pub kind: MetricKind,
    /// What it says, in one sentence.
    pub help: &'static str,
    /// The values; of a histogram none.
    pub samples: Vec<Sample>,
}

/// How a value moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Up alone.
    Counter,
    /// Up and down.
    Gauge,
    /// Samples, counted by their size.
    Histogram,
}

impl MetricKind {
    /// The word of the text format.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// Upper bounds of the buckets for the time a request took, in seconds.
pub const BUCKETS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0];

/// What was seen of one flow so far.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FlowSeen {
    /// Records by what they came to: `read`, `written`, `unchanged`, `rejected`, `dead_lettered`.
    pub records: BTreeMap<&'static str, u64>,
    /// Requests that repeat another.
    pub retries: u64,
    /// Handle of the pass under way, or of the last one.
    pub run: String,
    /// When the last pass came to the end of its source.
    pub finished: Option<Timestamp>,
    /// Why the last pass ended early; nothing while one is under way, or when it did not.
    pub stopped: Option<String>,
    /// Systems whose breaker is open, each with what is kept from it: `reads` or `writes`.
    pub open: Vec<(String, String)>,
    /// For what its requests wait, until when: system and why.
    pub waits: Option<(String, &'static str, Timestamp)>,
}

#[derive(Debug, Default)]
struct Histogram {
    counts: [u64; BUCKETS.len()],
    count: u64,
    sum: f64,
}

#[derive(Debug, Default)]
struct Seen {
    flows: BTreeMap<String, FlowSeen>,
    requests: BTreeMap<(String, String, u16), u64>,
    durations: BTreeMap<(String, String), Histogram>,
    retries: BTreeMap<(String, String, String), u64>,
    waited: BTreeMap<(String, String, &'static str), f64>,
    /// By system, and by what it does to requests there: reads and writes have one each.
    breakers: BTreeMap<(String, String), bool>,
}

/// The registry. It hears what the runtime says and passes it on.
pub struct Metrics {
    to: Arc<dyn Observer>,
    clock: Arc<dyn Clock>,
    begun: Timestamp,
    seen: Mutex<Seen>,
}

impl Metrics {
    /// In front of an observer.
    #[must_use]
    pub fn before(to: Arc<dyn Observer>, clock: Arc<dyn Clock>) -> Arc<Self> {
        let begun = clock.now();
        Arc::new(Self { to, clock, begun, seen: Mutex::default() })
    }

    /// What was seen of each flow; a wait that is over is left out.
    #[must_use]
    pub fn flows(&self) -> BTreeMap<String, FlowSeen> {
        let now = self.clock.now();
        let seen = lock(&self.seen);
        let breakers: Vec<(String, String)> =
            seen.breakers.iter().filter(|(_, open)| **open).map(|(of, _)| of.clone()).collect();
        let mut flows = seen.flows.clone();
        drop(seen);
        for flow in flows.values_mut() {
            flow.waits = flow.waits.take().filter(|(_, _, until)| *until > now);
            flow.open.retain(|of| breakers.contains(of));
        }
        flows
    }

    /// Everything in the text format; `flows` are those that the process runs, by their names in the ledger.
    ///
    /// # Errors
    /// Faults of the ledger.
    pub fn text(&self, ledger: &dyn Ledger, flows: &[String]) -> Result<String, LedgerError> {
        let mut page = Page(String::new());
        for family in self.families(ledger, flows)? {
            page.head(family.name, family.kind.as_str(), family.help);
            for (labels, value) in &family.samples {
                let labels: Vec<(&str, &str)> = labels.iter().map(|(n, v)| (*n, v.as_str())).collect();
                page.sample(family.name, &labels, *value);
            }
            if family.kind == MetricKind::Histogram {
                for ((system, operation), histogram) in &lock(&self.seen).durations {
                    let labels = [("system", system.as_str()), ("operation", operation.as_str())];
                    page.histogram(family.name, &labels, histogram);
                }
            }
        }
        Ok(page.0)
    }

    /// All families, in the order in which they are shown; without the buckets of the histogram, whose samples are told one
    /// by one ([`Observer::requested`]).
    ///
    /// # Errors
    /// Faults of the ledger.
    pub fn families(&self, ledger: &dyn Ledger, flows: &[String]) -> Result<Vec<Family>, LedgerError> {
        use MetricKind::{Counter, Gauge, Histogram};
        let letters = ledger.letters_waiting()?;
        let now = self.clock.now();
        let all = self.flows();
        let paused =
            flows.iter().map(|flow| Ok(ledger.paused(flow)?.is_some())).collect::<Result<Vec<_>, LedgerError>>()?;
        let mut out = Vec::new();
        let mut add = |name, kind, help, samples: Vec<Sample>| out.push(Family { name, kind, help, samples });
        let of_flow = |flow: &String, value: f64| (vec![("flow", flow.clone())], value);

        let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
        add("build_info", Gauge, "The program that runs.", vec![(version, 1.0)]);
        let records = all.iter().flat_map(|(name, flow)| {
            let labels = |outcome: &str| vec![("flow", name.clone()), ("outcome", outcome.to_owned())];
            flow.records.iter().map(move |(outcome, count)| (labels(outcome), *count as f64))
        });
        add("records_total", Counter, "Records by what they came to, counted each time.", records.collect());
        let seen = lock(&self.seen);
        let requests = seen.requests.iter().map(|((system, operation, status), count)| {
            let labels =
                vec![("system", system.clone()), ("operation", operation.clone()), ("status", status.to_string())];
            (labels, *count as f64)
        });
        add("requests_total", Counter, "Requests that ended; status 0 is none.", requests.collect());
        add("request_duration_seconds", Histogram, "How long requests took.", Vec::new());
        let retries = seen.retries.iter().map(|((flow, system, code), count)| {
            (vec![("flow", flow.clone()), ("system", system.clone()), ("code", code.clone())], *count as f64)
        });
        let help = "Requests that repeat another, by what was wrong with that one.";
        add("retries_total", Counter, help, retries.collect());
        let waited = seen.waited.iter().map(|((flow, system, why), seconds)| {
            (vec![("flow", flow.clone()), ("system", system.clone()), ("why", (*why).to_owned())], *seconds)
        });
        let help = "Seconds that requests were made to wait, by why.";
        add("rate_limit_wait_seconds_total", Counter, help, waited.collect());
        let mut breakers: BTreeMap<&String, bool> = BTreeMap::new();
        for ((system, _), open) in &seen.breakers {
            *breakers.entry(system).or_default() |= *open;
        }
        let breakers = breakers.into_iter().map(|(s, open)| (vec![("system", s.clone())], f64::from(u8::from(open))));
        add("breaker_state", Gauge, "1 while a system is left alone since it fails, else 0.", breakers.collect());
        drop(seen);

        let waiting = flows.iter().map(|flow| of_flow(flow, letters.get(flow).copied().unwrap_or(0) as f64));
        add("dead_letters", Gauge, "Records that wait for somebody.", waiting.collect());
        let paused = flows.iter().zip(paused).map(|(flow, off)| of_flow(flow, f64::from(u8::from(off))));
        add("paused", Gauge, "1 while a flow is switched off, else 0.", paused.collect());
        let lag = flows.iter().map(|flow| {
            let last = all.get(flow).and_then(|f| f.finished).unwrap_or(self.begun);
            of_flow(flow, seconds(now.0.saturating_sub(last.0).max(0)))
        });
        let help = "Seconds since the end of the source was seen; since the start before.";
        add("lag_seconds", Gauge, help, lag.collect());
        let ends =
            flows.iter().filter_map(|flow| Some(of_flow(flow, seconds(all.get(flow).and_then(|f| f.finished)?.0))));
        let help = "When the checkpoint last came to the end of the source.";
        add("checkpoint_timestamp_seconds", Gauge, help, ends.collect());
        Ok(out)
    }

    /// Whether every flow does its work, and why not.
    #[must_use]
    pub fn ready(&self, ledger: &dyn Ledger, flows: &[String]) -> (bool, Value) {
        let all = self.flows();
        let mut ready = true;
        let out: Vec<Value> = flows
            .iter()
            .map(|name| {
                let mut reasons = Vec::new();
                match ledger.paused(name) {
                    Ok(None) => {}
                    Ok(Some(Pause { by, because, .. })) => reasons.push(format!("paused by {by}: {because}")),
                    Err(error) => reasons.push(error.to_string()),
                }
                match all.get(name) {
                    None => reasons.push("not started yet".to_owned()),
                    Some(flow) => {
                        let down = flow
                            .open
                            .iter()
                            .map(|(system, of)| format!("{system} is down for {of}: its breaker is open"));
                        reasons.extend(down);
                        let stands = flow.stopped.as_deref().filter(|code| Stop::code_needs_somebody(code));
                        reasons.extend(stands.map(|code| format!("ended until somebody acts: {code}")));
                    }
                }
                ready &= reasons.is_empty();
                json!({"flow": name, "ready": reasons.is_empty(), "reasons": reasons})
            })
            .collect();
        (ready, json!({"ready": ready, "flows": out}))
    }

    fn flow(&self, name: &str, change: impl FnOnce(&mut FlowSeen)) {
        change(lock(&self.seen).flows.entry(name.to_owned()).or_default());
    }
}

fn seconds(ms: i64) -> f64 {
    ms as f64 / 1_000.0
}

impl Observer for Metrics {
    fn log(&self, line: LogLine) {
        let text = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default();
        let flow = text("flow");
        match text("event") {
            "run-started" => self.flow(flow, |f| {
                text("run").clone_into(&mut f.run);
                f.stopped = None;
            }),
            "run-ended" => {
                let now = self.clock.now();
                let stopped = line.get("stopped").and_then(Value::as_str).map(str::to_owned);
                // Events alone say nothing of what the list still holds.
                let swept = line.get("swept") != Some(&Value::Bool(false));
                self.flow(flow, |f| {
                    if stopped.is_none() && swept {
                        f.finished = Some(now);
                    }
                    f.stopped = stopped;
                    f.waits = None;
                });
            }
            event @ ("retry" | "unauthorized") => {
                let code = if event == "retry" { text("code") } else { event };
                let place = (flow.to_owned(), text("system").to_owned(), code.to_owned());
                *lock(&self.seen).retries.entry(place).or_default() += 1;
                self.flow(flow, |f| f.retries += 1);
            }
            event @ ("breaker-opened" | "breaker-closed") => {
                let (of, open) = ((text("system").to_owned(), text("of").to_owned()), event == "breaker-opened");
                lock(&self.seen).breakers.insert(of.clone(), open);
                self.flow(flow, |f| {
                    f.open.retain(|known| *known != of);
                    if open {
                        f.open.push(of);
                    }
                });
            }
            _ => {}
        }
        self.to.log(line);
    }

    fn requested(&self, request: &Requested<'_>) {
        let Requested { flow: _, system, operation, status, took } = *request;
        let mut seen = lock(&self.seen);
        *seen.requests.entry((system.to_owned(), operation.to_owned(), status)).or_default() += 1;
        let histogram = seen.durations.entry((system.to_owned(), operation.to_owned())).or_default();
        let took = took.as_secs_f64();
        histogram.count += 1;
        histogram.sum += took;
        for (bound, count) in BUCKETS.iter().zip(&mut histogram.counts) {
            *count += u64::from(took <= *bound);
        }
        drop(seen);
        self.to.requested(request);
    }

    fn counted(&self, flow: &str, outcome: &'static str) {
        self.flow(flow, |f| *f.records.entry(outcome).or_default() += 1);
        self.to.counted(flow, outcome);
    }

    fn waits(&self, wait: &Waits<'_>) {
        let Waits { flow, system, why, wait: long } = *wait;
        let until = self.clock.now().plus_ms(i64::try_from(long.as_millis()).unwrap_or(i64::MAX));
        *lock(&self.seen).waited.entry((flow.to_owned(), system.to_owned(), why)).or_default() += long.as_secs_f64();
        self.flow(flow, |f| f.waits = Some((system.to_owned(), why, until)));
        self.to.waits(wait);
    }
}

/// A page in the text format.
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.0, "# HELP {PREFIX}{name} {help}\n# TYPE {PREFIX}{name} {kind}\n");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.0.push_str(PREFIX);
        self.0.push_str(name);
        for (place, (label, text)) in labels.iter().enumerate() {
            self.0.push(if place == 0 { '{' } else { ',' });
            let _ = write!(self.0, "{label}=\"");
            for c in text.chars() {
                match c {
                    '\\' => self.0.push_str("\\\\"),
                    '"' => self.0.push_str("\\\""),
                    '\n' => self.0.push_str("\\n"),
                    c => self.0.push(c),
                }
            }
            self.0.push('"');
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }

    fn histogram(&mut self, name: &str, labels: &[(&str, &str)], histogram: &Histogram) {
        let bucket = format!("{name}_bucket");
        for (bound, count) in BUCKETS.iter().zip(histogram.counts) {
            let bound = bound.to_string();
            self.sample(&bucket, &[labels, &[("le", bound.as_str())]].concat(), count as f64);
        }
        self.sample(&bucket, &[labels, &[("le", "+Inf")]].concat(), histogram.count as f64);
        self.sample(&format!("{name}_sum"), labels, histogram.sum);
        self.sample(&format!("{name}_count"), labels, histogram.count as f64);
    }
}

/// Answers those who watch a running connector: `/metrics`, `/healthz`, `/readyz`.
pub struct Watchers {
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Where switches and dead letters are.
    pub ledger: Arc<dyn Ledger>,
    /// The flows that the process runs, by their names in the ledger.
    pub flows: Vec<String>,
}

impl Answers for Watchers {
    fn answer(&self, request: &Request) -> Response {
        if request.method != Method::Get && request.method != Method::Head {
            return page(405, "text/plain; charset=utf-8", "only read it\n".to_owned());
        }
        match request.url.split('?').next().unwrap_or_default() {
            "/metrics" => match self.metrics.text(self.ledger.as_ref(), &self.flows) {
                Ok(text) => page(200, "text/plain; version=0.0.4; charset=utf-8", text),
                Err(error) => page(503, "text/plain; charset=utf-8", format!("{error}\n")),
            },
            "/healthz" => page(200, "application/json", "{\"alive\":true}\n".to_owned()),
            "/readyz" => {
                let (ready, words) = self.metrics.ready(self.ledger.as_ref(), &self.flows);
                page(if ready { 200 } else { 503 }, "application/json", format!("{words}\n"))
            }
            _ => page(404, "text/plain; charset=utf-8", "/metrics, /healthz, /readyz\n".to_owned()),
        }
    }
}

fn page(status: u16, content_type: &str, body: String) -> Response {
    Response { status, headers: vec![("content-type".to_owned(), content_type.to_owned())], body: Bytes::from(body) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::clock::ManualClock;
    use crate::evidence::MemoryLedger;

    struct Deaf;

    impl Observer for Deaf {
        fn log(&self, _: LogLine) {}
    }

    fn busy() -> (Arc<Metrics>, MemoryLedger, Vec<String>) {
        let clock = Arc::new(ManualClock::new(Timestamp(1_795_428_000_000)));
        let metrics = Metrics::before(Arc::new(Deaf), Arc::clone(&clock) as _);
        let line = |event: &str, fields: Value| {
            let mut line = json!({"event": event, "flow": "a/contacts", "run": "r-1"});
            if let (Value::Object(line), Value::Object(fields)) = (&mut line, fields) {
                line.extend(fields);
            }
            metrics.log(line);
        };
        line("run-started", json!({}));
        for outcome in ["read", "read", "written", "dead_lettered"] {
            metrics.counted("a/contacts", outcome);
        }
        for (status, ms) in [(200, 7), (200, 70), (0, 9_000)] {
            metrics.requested(&Requested {
                flow: "a/contacts",
                system: "crm",
                operation: "find \"x\"",
                status,
                took: Duration::from_millis(ms),
            });
        }
        line("retry", json!({"system": "crm", "code": "timeout"}));
        line("breaker-opened", json!({"system": "crm", "of": "writes"}));
        let wait = Duration::from_millis(7_500);
        metrics.waits(&Waits { flow: "a/contacts", system: "crm", why: "retry-after", wait });
        line("run-ended", json!({"stopped": null}));
        clock.advance(90_000);
        (metrics, MemoryLedger::default(), vec!["a/contacts".to_owned()])
    }

    #[test]
    fn the_text_format_holds_every_family() {
        let (metrics, ledger, flows) = busy();
        insta::assert_snapshot!(
            metrics.text(&ledger, &flows).expect("in memory").replace(env!("CARGO_PKG_VERSION"), "@@VERSION@@")
        );
    }

    #[test]
    fn a_pass_that_did_not_look_at_the_list_has_not_seen_its_end() {
        let clock = Arc::new(ManualClock::new(Timestamp(1_795_428_000_000)));
        let metrics = Metrics::before(Arc::new(Deaf), Arc::clone(&clock) as _);
        clock.advance(60_000);
        metrics.log(json!({"event": "run-ended", "flow": "a/contacts", "stopped": null, "swept": false}));
        let text = metrics.text(&MemoryLedger::default(), &["a/contacts".to_owned()]).expect("in memory");
        assert!(text.contains("lag_seconds{flow=\"a/contacts\"} 60\n"), "{text}");
        assert!(!text.contains("checkpoint_timestamp_seconds{"), "{text}");
    }

    #[test]
    fn it_is_ready_while_every_flow_runs_no_breaker_is_open_and_nothing_is_paused() {
        let (metrics, ledger, flows) = busy();
        let (ready, words) = metrics.ready(&ledger, &flows);
        assert!(!ready && words.to_string().contains("crm is down"), "{words}");
        metrics.log(json!({"event": "breaker-closed", "flow": "a/contacts", "system": "crm", "of": "writes"}));
        assert!(metrics.ready(&ledger, &flows).0);
        let off = Pause { flow: "a/contacts".into(), because: "night".into(), by: "ada".into(), at: Timestamp(0) };
        ledger.pause(&off).expect("in memory");
        let (ready, words) = metrics.ready(&ledger, &flows);
        assert!(!ready && words.to_string().contains("paused by ada: night"), "{words}");
        assert!(ledger.resume("a/contacts").expect("in memory"));
        metrics.log(json!({"event": "run-ended", "flow": "a/contacts", "stopped": "auth-failed"}));
        assert!(!metrics.ready(&ledger, &flows).0);
        let more = [flows, vec!["a/orders".to_owned()]].concat();
        assert!(metrics.ready(&ledger, &more).1.to_string().contains("not started yet"));
    }
}
