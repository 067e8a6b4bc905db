//! Traces: of a run within one, and of a run whose spans somebody collects.

use std::sync::{Arc, Mutex};

use super::stage::Stage;
use super::world::Fault;
use crate::base::trace::{Attribute, Span, SpanKind, TraceContext, Tracer};
use crate::connector::{World, run_once};

const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn given() -> Option<TraceContext> {
    TraceContext::parse(GIVEN)
}

/// Spans as they ended, in order.
#[derive(Default)]
struct Collected {
    begun: Mutex<u64>,
    ended: Arc<Mutex<Vec<Told>>>,
}

#[derive(Clone)]
struct Told {
    name: String,
    kind: SpanKind,
    parent: Option<TraceContext>,
    own: TraceContext,
    attributes: Vec<(&'static str, Attribute)>,
}

impl Told {
    fn says(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }
}

struct Open(Option<Told>, Arc<Mutex<Vec<Told>>>);

impl Span for Open {
    fn context(&self) -> TraceContext {
        self.0.as_ref().unwrap().own
    }

    fn set(&mut self, name: &'static str, value: Attribute) {
        self.0.as_mut().unwrap().attributes.push((name, value));
    }

    fn fail(&mut self, class: &str) {
        self.set("error.type", class.into());
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.1.lock().unwrap().extend(self.0.take());
    }
}

impl Tracer for Collected {
    fn begin(
        &self,
        name: &str,
        kind: SpanKind,
        parent: Option<TraceContext>,
        attributes: Vec<(&'static str, Attribute)>,
    ) -> Box<dyn Span> {
        let mut begun = self.begun.lock().unwrap();
        *begun += 1;
        let own = TraceContext { trace: parent.map_or(7, |p| p.trace), span: *begun, flags: 1, remote: false };
        Box::new(Open(Some(Told { name: name.into(), kind, parent, own, attributes }), Arc::clone(&self.ended)))
    }
}

fn traceparents(stage: &Stage) -> Vec<String> {
    let seen = stage.systems.seen.lock().unwrap();
    seen.iter().map(|s| s.request.header("traceparent").unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_run_within_a_trace_continues_it_and_changes_nothing_else() {
    let alone = Stage::with(3);
    alone.run().await;
    let within = Stage::with(3);
    let world = World { trace: given(), ..within.world.clone() };
    run_once(&within.plan, &world).await;
    let (alone_sent, within_sent) = (traceparents(&alone), traceparents(&within));
    assert_eq!(alone_sent.len(), within_sent.len());
    for (alone, within) in alone_sent.iter().zip(&within_sent) {
        assert_eq!(within.get(..36), GIVEN.get(..36), "the trace goes on");
        assert_eq!(alone.get(36..52), within.get(36..52), "the spans are the same draw");
    }
    let correlations = |stage: &Stage| -> Vec<String> {
        let seen = stage.systems.seen.lock().unwrap();
        seen.iter().map(|s| s.request.header("x-correlation-id").unwrap().to_owned()).collect()
    };
    assert_eq!(correlations(&alone), correlations(&within), "a record keeps its handle");
    let log = within.log.0.lock().unwrap();
    assert!(log.iter().all(|l| l["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"), "log lines name the trace");
}

#[tokio::test(start_paused = true)]
async fn each_attempt_is_a_span_of_the_pass_and_what_is_sent_along_names_it() {
    let stage = Stage::with(1);
    stage.systems.fault("POST /contacts", 1, Fault::Answer(503, Vec::new(), serde_json::Value::Null));
    let collected = Arc::new(Collected::default());
    let world = World { trace: given(), tracer: Some(collected.clone()), ..stage.world.clone() };
    run_once(&stage.plan, &world).await;
    let told = collected.ended.lock().unwrap().clone();
    let (pass, requests) = told.split_last().unwrap();
    assert_eq!((pass.name.as_str(), pass.kind, pass.parent), ("pass contacts", SpanKind::Internal, given()));
    assert_eq!(pass.says("platform_integration.verdict"), Some(&"PASS".into()));
    assert_eq!(pass.says("platform_integration.records.written"), Some(&Attribute::Number(1)));
    assert!(requests.iter().all(|r| r.parent == Some(pass.own) && r.kind == SpanKind::Client));
    let sent: Vec<String> = requests.iter().map(|r| r.own.to_string()).collect();
    assert_eq!(traceparents(&stage), sent, "the receiver's span is a child of ours");
    let writes: Vec<&Told> = requests.iter().filter(|r| r.name == "POST /contacts").collect();
    let [first, second] = writes.as_slice() else { panic!("{} writes", writes.len()) };
    assert_eq!(first.says("error.type"), Some(&"503".into()));
    assert_eq!(second.says("http.response.status_code"), Some(&Attribute::Number(201)));
    assert_eq!(second.says("http.request.resend_count"), Some(&Attribute::Number(1)));
}

#[tokio::test(start_paused = true)]
async fn no_span_tells_what_a_record_or_a_credential_holds() {
    let stage = Stage::with(3).with_tokens();
    let collected = Arc::new(Collected::default());
    let world = World { tracer: Some(collected.clone()), ..stage.world.clone() };
    let report = run_once(&stage.plan, &world).await;
    assert_eq!(report.counts.written, 3);
    let told = collected.ended.lock().unwrap().clone();
    assert!(told.iter().any(|t| t.name == "POST"), "fetching a token is a span too");
    let search = told.iter().find(|t| t.name == "GET /contacts/search").unwrap();
    assert_eq!(
        search.says("url.full"),
        Some(&"https://target.example/contacts/search?email=REDACTED".into()),
        "names of parameters, no values"
    );
    let all: String = told.iter().map(|t| format!("{} {:?}\n", t.name, t.attributes)).collect();
    for planted in ["hush-hush", "client-77", "x.example", "User 1", "Bearer", "token-1"] {
        assert!(!all.contains(planted), "{planted} in {all}");
    }
}
