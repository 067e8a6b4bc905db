//! Spans and metrics over the real binary, against a collector of our own on loopback that reads OTLP as protobuf.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point;
use opentelemetry_proto::tonic::trace::v1::Span;
use platform_integration::evidence::{Query, Store as _};
use platform_integration::store::SqliteStore;
use prost::Message as _;
use serde_json::{Value, json};

use crate::cli::{binary, stderr, workspace};
use crate::run::{CONTRACT, Mock, quick};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const API: &str = "examples/billing-to-crm/apis/billing.openapi.yaml";

/// How the collector behaves.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    /// Takes everything.
    Takes,
    /// Takes connections, and never answers.
    Hangs,
}

/// Head and body of a request.
type Got = (String, Vec<u8>);

/// What it was sent.
struct Collector {
    url: String,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Collector {
    fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let got = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&got);
        // It ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || serve(stream, manner, &kept));
            }
        });
        Self { url, got }
    }

    fn spans(&self) -> Vec<Span> {
        let got = self.got.lock().unwrap();
        got.iter()
            .filter(|(head, _)| head.starts_with("POST /v1/traces"))
            .map(|(_, body)| ExportTraceServiceRequest::decode(body.as_slice()).unwrap())
            .flat_map(|r| r.resource_spans)
            .flat_map(|r| r.scope_spans)
            .flat_map(|s| s.spans)
            .collect()
    }

    /// The last value of each metric that arrived.
    fn metrics(&self) -> BTreeMap<String, Data> {
        let got = self.got.lock().unwrap();
        got.iter()
            .filter(|(head, _)| head.starts_with("POST /v1/metrics"))
            .map(|(_, body)| ExportMetricsServiceRequest::decode(body.as_slice()).unwrap())
            .flat_map(|r| r.resource_metrics)
            .flat_map(|r| r.scope_metrics)
            .flat_map(|s| s.metrics)
            .map(|m| (m.name, m.data.unwrap()))
            .collect()
    }

    /// Everything that arrived, as text: what is in none of it was not sent.
    fn raw(&self) -> String {
        let got = self.got.lock().unwrap();
        got.iter().map(|(head, body)| format!("{head}{}", String::from_utf8_lossy(body))).collect()
    }
}

fn serve(stream: TcpStream, manner: Manner, kept: &Mutex<Vec<Got>>) {
    let mut out = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let length =
            head.lines().find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
        let mut body = vec![0; length.map_or(0, |l| l.parse().unwrap())];
        reader.read_exact(&mut body).unwrap();
        if manner == Manner::Hangs {
            // Held until the other side gives up.
            let _ = reader.read(&mut [0]);
            return;
        }
        kept.lock().unwrap().push((head, body));
        out.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n").unwrap();
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn attribute(span: &Span, name: &str) -> Option<String> {
    let value = span.attributes.iter().find(|a| a.key == name)?.value.as_ref()?.value.as_ref()?;
    Some(match value {
        any_value::Value::StringValue(text) => text.clone(),
        any_value::Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    })
}

/// A span as a page of text, without what changes from run to run.
fn shown(span: &Span) -> String {
    let kind = ["unspecified", "internal", "server", "client"][usize::try_from(span.kind).unwrap()];
    let status = span.status.as_ref().map_or(0, |s| s.code);
    let mut page = format!("{} ({kind}{})\n", span.name, if status == 2 { ", error" } else { "" });
    let port = regex::Regex::new(r"127\.0\.0\.1:\d+").unwrap();
    for a in &span.attributes {
        let value = attribute(span, &a.key).unwrap();
        let value = match a.key.as_str() {
            "process.pid" => "@@PID@@",
            "server.port" => "@@PORT@@",
            "platform_integration.correlation_id" => "@@ID@@",
            "url.full" => &port.replace(&value, "127.0.0.1:@@PORT@@"),
            _ => &value,
        };
        page.push_str(&format!("  {} = {value}\n", a.key));
    }
    page
}

fn command(dir: &Path, collector: Option<&str>, args: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(args).current_dir(dir).env_remove("RUST_LOG").env_remove("TRACEPARENT").env("NO_COLOR", "1");
    // What the machine's own environment says must not reach a collector of somebody else.
    for (name, _) in std::env::vars().filter(|(n, _)| n.starts_with("OTEL_")) {
        command.env_remove(name);
    }
    if let Some(url) = collector {
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", url);
    }
    command
}

/// Serves these messages, one after the other's answer, and tells the answers and what was on stderr. Every line of
/// stdout must be JSON.
fn serve_with(mut command: Command, messages: &[Value]) -> (Vec<Value>, String) {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut answers = Vec::new();
    for message in messages {
        writeln!(stdin, "{message}").unwrap();
        if message.get("id").is_some() {
            let line = lines.next().unwrap().unwrap();
            answers.push(serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}")));
        }
    }
    drop(stdin);
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(lines.next().is_none(), "stdout holds answers and nothing else");
    assert!(child.wait().unwrap().success(), "{said}");
    (answers, said)
}

fn older(calls: &[(&str, Value)]) -> Vec<Value> {
    let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": "2025-11-25",
        "capabilities": {}, "clientInfo": {"name": "older", "version": "1"}}});
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let calls = calls.iter().enumerate().map(|(i, (tool, arguments))| {
        json!({"jsonrpc": "2.0", "id": i + 1, "method": "tools/call",
            "params": {"name": tool, "arguments": arguments, "_meta": {"traceparent": PARENT}}})
    });
    [hello, ready].into_iter().chain(calls).collect()
}

fn newer(calls: &[(&str, Value)]) -> Vec<Value> {
    let call = |(i, (tool, arguments)): (usize, &(&str, Value))| {
        json!({"jsonrpc": "2.0", "id": i + 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments,
            "_meta": {"traceparent": PARENT, "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": {"name": "newer", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": {}}}})
    };
    calls.iter().enumerate().map(call).collect()
}

fn recorded(dir: &Path) -> Vec<Option<String>> {
    let store = SqliteStore::open(&dir.join(".platform-integration/evidence.db")).unwrap();
    let page = store.query(&Query { limit: 100, ..Query::default() }).unwrap();
    page.events.into_iter().map(|e| e.event.provenance.traceparent).collect()
}

#[test]
fn a_tool_call_is_a_span_below_the_trace_that_the_client_sent_in_both_eras() {
    let calls = [
        ("map_system", json!({"api": API, "name": "billing"})),
        ("map_system", json!({"api": "planted-path-4711.yaml"})),
        (
            "open_session",
            json!({"name": "billing-to-crm", "goal": "planted-goal: invoices of sk_live_planted0123456789"}),
        ),
        ("planted_tool", json!({"token": "planted-argument"})),
    ];
    for (era, messages) in [("older", older(&calls)), ("newer", newer(&calls))] {
        let dir = workspace("billing-to-crm");
        let collector = Collector::start(Manner::Takes);
        let (answers, said) = serve_with(command(dir.path(), Some(&collector.url), &["serve"]), &messages);
        assert_eq!(said, "", "nothing to complain about");
        assert_eq!(answers.len(), messages.iter().filter(|m| m.get("id").is_some()).count());
        let spans = collector.spans();
        insta::assert_snapshot!(format!("tool_calls_{era}"), spans.iter().map(shown).collect::<String>());
        for span in &spans {
            assert_eq!(hex(&span.trace_id), PARENT[3..35]);
            assert_eq!(hex(&span.parent_span_id), PARENT[36..52]);
        }
        // The evidence names the span itself, not only the trace: from the record to the span and back.
        let own = |s: &Span| Some(format!("00-{}-{}-01", hex(&s.trace_id), hex(&s.span_id)));
        assert_eq!(recorded(dir.path()), spans.iter().take(3).map(own).collect::<Vec<_>>());
        let raw = collector.raw();
        assert!(raw.contains("POST /v1/traces"));
        for planted in ["planted", "sk_live", "billing.openapi"] {
            assert!(!raw.contains(planted), "{planted} left the process");
        }
    }
}

#[test]
fn a_call_over_http_says_so_and_names_the_protocols_session() {
    let dir = workspace("billing-to-crm");
    let collector = Collector::start(Manner::Takes);
    let mut child = command(dir.path(), Some(&collector.url), &["serve", "--http", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = said.next().unwrap().unwrap();
    let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let post = |message: &Value, session: &str| {
        let body = message.to_string();
        let mut stream = TcpStream::connect(&address).unwrap();
        let head = "content-type: application/json\r\naccept: application/json, text/event-stream\r\nconnection: close";
        write!(
            stream,
            "POST /mcp HTTP/1.1\r\nhost: {address}\r\n{head}\r\n{session}content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let messages = older(&[("map_system", json!({"api": API, "name": "billing"}))]);
    let [hello, ready, call] = messages.as_slice() else { panic!("three messages") };
    let greeted = post(hello, "");
    let session = greeted.lines().find_map(|l| l.strip_prefix("mcp-session-id: ")).unwrap().to_owned();
    let header = format!("mcp-session-id: {session}\r\n");
    post(ready, &header);
    assert!(post(call, &header).contains("structuredContent"));
    // SIGTERM: what is queued goes out before the end.
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    let spans = collector.spans();
    let [span] = spans.as_slice() else { panic!("{} spans", spans.len()) };
    assert_eq!(span.name, "tools/call map_system");
    assert_eq!(hex(&span.trace_id), PARENT[3..35]);
    assert_eq!(attribute(span, "network.transport").as_deref(), Some("tcp"));
    assert_eq!(attribute(span, "network.protocol.name").as_deref(), Some("http"));
    assert_eq!(attribute(span, "mcp.session.id"), Some(session));
}

#[test]
fn without_a_collector_the_clients_trace_is_recorded_as_it_came() {
    let dir = workspace("billing-to-crm");
    let (_, said) = serve_with(
        command(dir.path(), None, &["serve"]),
        &older(&[("map_system", json!({"api": API, "name": "billing"}))]),
    );
    assert_eq!(said, "");
    assert_eq!(recorded(dir.path()), [Some(PARENT.to_owned())]);
}

#[test]
fn a_run_is_one_trace_from_whoever_started_it_to_the_requests() {
    let dir = workspace("billing-to-crm");
    quick(dir.path());
    let billing = Mock::start(dir.path(), API, "3");
    let crm = Mock::start(dir.path(), "examples/billing-to-crm/apis/crm.openapi.json", "0");
    let collector = Collector::start(Manner::Takes);
    let output = command(dir.path(), Some(&collector.url), &["run", CONTRACT, "--format", "json"])
        .args(["--base-url", &format!("billing={}", billing.url), "--base-url", &format!("crm={}", crm.url)])
        .env("BILLING_TOKEN", "planted-billing-token")
        .env("CRM_CLIENT_ID", "planted-client")
        .env("CRM_CLIENT_SECRET", "planted-client-secret")
        .env("TRACEPARENT", PARENT)
        .env("OTEL_SERVICE_NAME", "invoices")
        .env("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=blue")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let spans = collector.spans();
    let find = |name: &str| spans.iter().find(|s| s.name.starts_with(name)).unwrap();
    let (command, pass) = (find("platform-integration run"), find("pass "));
    assert_eq!(
        (hex(&command.trace_id).as_str(), hex(&command.parent_span_id).as_str()),
        (&PARENT[3..35], &PARENT[36..52])
    );
    assert_eq!(pass.parent_span_id, command.span_id);
    let requests: Vec<&Span> = spans.iter().filter(|s| s.kind == 3).collect();
    assert!(requests.len() >= 7, "a page, a token, three searches, three writes: {}", requests.len());
    assert!(requests.iter().all(|r| r.parent_span_id == pass.span_id && r.trace_id == command.trace_id));
    let mut kinds: Vec<&Span> = Vec::new();
    for span in [command, pass].into_iter().chain(requests) {
        if !kinds.iter().any(|k| k.name == span.name) {
            kinds.push(span);
        }
    }
    kinds.sort_by_key(|s| (s.kind, s.name.clone()));
    insta::assert_snapshot!(kinds.into_iter().map(shown).collect::<String>());
    let recorded = recorded(dir.path());
    let own = format!("00-{}-{}-01", hex(&command.trace_id), hex(&command.span_id));
    assert_eq!(recorded.last().unwrap(), &Some(own), "the evidence names the span of the command");
    let raw = collector.raw();
    assert!(raw.contains("x-tenant: blue") && raw.contains("invoices"), "headers and service are the environment's");
    for planted in ["planted", "@example", "access_token"] {
        assert!(!raw.contains(planted), "{planted} left the process");
    }
}

#[test]
fn a_command_that_finds_something_says_so_in_its_span() {
    let dir = workspace("billing-to-crm");
    let collector = Collector::start(Manner::Takes);
    let output = command(dir.path(), Some(&collector.url), &["map", "planted-file.yaml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let spans = collector.spans();
    let [span] = spans.as_slice() else { panic!("{} spans", spans.len()) };
    assert_eq!((span.name.as_str(), span.parent_span_id.len()), ("platform-integration map", 0));
    assert_eq!(attribute(span, "process.exit.code").as_deref(), Some("2"));
    assert_eq!(attribute(span, "error.type").as_deref(), Some("refused"));
    assert!(!collector.raw().contains("planted"));
}

#[test]
fn whoever_switched_it_off_or_did_not_sample_is_heeded() {
    for (name, value) in [
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_TRACES_SAMPLER", "always_off"),
        // The parent's flag says that nobody records this trace.
        ("TRACEPARENT", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ] {
        let dir = workspace("billing-to-crm");
        let collector = Collector::start(Manner::Takes);
        let output = command(dir.path(), Some(&collector.url), &["map", API]).env(name, value).output().unwrap();
        assert!(output.status.success());
        assert!(collector.got.lock().unwrap().is_empty(), "{name}={value}");
        let complains = name == "OTEL_EXPORTER_OTLP_PROTOCOL";
        assert_eq!(stderr(&output).contains("http/protobuf"), complains, "{}", stderr(&output));
    }
}

#[test]
fn a_collector_that_is_away_or_never_answers_fails_no_call_and_what_was_lost_is_counted() {
    // Nobody listens here any more.
    let nobody = format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let hangs = Collector::start(Manner::Hangs);
    let calls: Vec<(&str, Value)> = (0..20).map(|_| ("map_system", json!({"api": API, "name": "billing"}))).collect();
    for url in [nobody.as_str(), hangs.url.as_str()] {
        let dir = workspace("billing-to-crm");
        let mut command = command(dir.path(), Some(url), &["serve"]);
        // If a call or the end waited for the collector, it would wait for an hour.
        command.env("OTEL_EXPORTER_OTLP_TIMEOUT", "3600000").env("OTEL_EXPORTER_OTLP_HEADERS", "authorization=planted");
        command.env("OTEL_BSP_MAX_QUEUE_SIZE", "4").env("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1");
        let (answers, said) = serve_with(command, &older(&calls));
        assert!(answers.iter().skip(1).all(|a| a["result"]["structuredContent"]["system"] == "billing"));
        assert!(said.contains("not every span reached the collector spans=20"), "{said}");
        assert!(!said.contains("planted"), "{said}");
    }
}

fn run_to(dir: &Path, collector: &str, billing: &Mock, crm: &Mock) -> Command {
    let mut run = command(dir, Some(collector), &["run", CONTRACT, "--format", "json"]);
    run.args(["--base-url", &format!("billing={}", billing.url), "--base-url", &format!("crm={}", crm.url)])
        .env("BILLING_TOKEN", "planted-billing-token")
        .env("CRM_CLIENT_ID", "planted-client")
        .env("CRM_CLIENT_SECRET", "planted-client-secret");
    run
}

#[test]
fn what_a_run_counts_is_pushed_under_the_names_that_prometheus_reads() {
    let dir = workspace("billing-to-crm");
    quick(dir.path());
    let billing = Mock::start(dir.path(), API, "3");
    let crm = Mock::start(dir.path(), "examples/billing-to-crm/apis/crm.openapi.json", "0");
    let collector = Collector::start(Manner::Takes);
    let output = run_to(dir.path(), &collector.url, &billing, &crm).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let metrics = collector.metrics();
    let prefix = "platform_integration_";
    let names: Vec<&str> = metrics.keys().map(|n| n.strip_prefix(prefix).unwrap()).collect();
    // Nothing was retried, waited for or left alone: those have no value yet.
    let always =
        ["build_info", "checkpoint_timestamp_seconds", "dead_letters", "lag_seconds", "paused", "records_total"];
    for name in always.into_iter().chain(["request_duration_seconds", "requests_total"]) {
        assert!(names.contains(&name), "{name} is none of {names:?}");
    }
    let has = |all: &[KeyValue], name: &str, text: &str| {
        let is = |v: &KeyValue| v.value.as_ref()?.value.clone();
        all.iter().any(|a| a.key == name && is(a) == Some(any_value::Value::StringValue(text.to_owned())))
    };
    let Data::Sum(records) = &metrics[&format!("{prefix}records_total")] else { panic!("a counter") };
    assert!(records.is_monotonic);
    for outcome in ["read", "written"] {
        let point = records.data_points.iter().find(|p| has(&p.attributes, "outcome", outcome)).expect(outcome);
        assert_eq!(point.value, Some(number_data_point::Value::AsDouble(3.0)), "{outcome}");
        assert!(has(&point.attributes, "flow", "billing-to-crm/contacts"), "{:?}", point.attributes);
    }
    let Data::Gauge(letters) = &metrics[&format!("{prefix}dead_letters")] else { panic!("a gauge") };
    assert_eq!(letters.data_points[0].value, Some(number_data_point::Value::AsDouble(0.0)));
    let Data::Sum(requests) = &metrics[&format!("{prefix}requests_total")] else { panic!("a counter") };
    let Data::Histogram(took) = &metrics[&format!("{prefix}request_duration_seconds")] else { panic!("a histogram") };
    let counted: f64 = requests
        .data_points
        .iter()
        .map(|p| match p.value {
            Some(number_data_point::Value::AsDouble(n)) => n,
            other => panic!("{other:?}"),
        })
        .sum();
    assert_eq!(
        took.data_points.iter().map(|p| p.count).sum::<u64>() as f64,
        counted,
        "each request is in the histogram"
    );
    assert!(
        took.data_points.iter().all(|p| p.explicit_bounds.first() == Some(&0.005) && p.explicit_bounds.len() == 12)
    );
    let raw = collector.raw();
    assert!(!raw.contains("planted") && !raw.contains("@example"), "values of records leave the process in no metric");
}

#[test]
fn a_run_sends_no_metrics_where_they_are_switched_off_and_ends_where_nobody_takes_them() {
    let dir = workspace("billing-to-crm");
    quick(dir.path());
    let billing = Mock::start(dir.path(), API, "3");
    let crm = Mock::start(dir.path(), "examples/billing-to-crm/apis/crm.openapi.json", "0");
    let collector = Collector::start(Manner::Takes);
    let off = run_to(dir.path(), &collector.url, &billing, &crm).env("OTEL_METRICS_EXPORTER", "none").output().unwrap();
    assert!(off.status.success() && collector.metrics().is_empty() && !collector.spans().is_empty());
    let nobody = format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let away = run_to(dir.path(), &nobody, &billing, &crm).env("OTEL_TRACES_EXPORTER", "none").output().unwrap();
    assert!(away.status.success(), "{}", stderr(&away));
    assert!(stderr(&away).contains("the collector takes no metrics"), "{}", stderr(&away));
}
