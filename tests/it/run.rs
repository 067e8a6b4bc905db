//! The connector over real sockets: two mocks on loopback, the real binary, SQLite on disk.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::cli::{binary, json, run, stderr, workspace};

pub(crate) const CONTRACT: &str = "examples/billing-to-crm/integration.yaml";

/// A mock that stops with the test.
pub(crate) struct Mock {
    child: Child,
    pub(crate) url: String,
}

impl Mock {
    pub(crate) fn start(dir: &Path, api: &str, records: &str) -> Self {
        let mut child = Command::new(binary())
            .args(["mock", api, "--listen", "127.0.0.1:0", "--records", records, "--format", "json"])
            .args(["--store", "mock.db"])
            .current_dir(dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let value: Value = serde_json::from_str(&line).unwrap();
        Self { child, url: value["url"].as_str().unwrap().to_owned() }
    }

    pub(crate) fn get(&self, path: &str) -> (u16, Value) {
        let address = self.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer any\r\nx-ledgerly-key: any\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        let body = text.split_once("\r\n\r\n").unwrap().1;
        let body = body.find('{').map_or("", |at| &body[at..=body.rfind('}').unwrap()]);
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// What comes of a write under this idempotency key.
    fn post(&self, path: &str, key: &str, body: &str) -> u16 {
        let address = self.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nx-ledgerly-key: any\r\nidempotency-key: {key}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn connector(dir: &Path, billing: &str, crm: &str) -> Command {
    let mut command = Command::new(binary());
    command
        .args(["run", CONTRACT, "--format", "json"])
        .args(["--base-url", &format!("billing={billing}"), "--base-url", &format!("crm={crm}")])
        .current_dir(dir)
        .env("BILLING_TOKEN", "planted-billing-token")
        .env("CRM_CLIENT_ID", "planted-client")
        .env("CRM_CLIENT_SECRET", "planted-client-secret")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What follows is the shape of the contract, quicker: a test must not wait for a rate of 90 in 10 s.
pub(crate) fn quick(dir: &Path) {
    let path = dir.join(CONTRACT);
    let text = std::fs::read_to_string(&path)
        .unwrap()
        .replace("rate: 90/10s", "rate: 90000/1000s")
        .replace("base: 500ms, cap: 60s", "base: 5ms, cap: 50ms");
    std::fs::write(path, text).unwrap();
}

#[test]
fn a_mock_leaves_no_store_behind() {
    let dir = workspace("billing-to-crm");
    let billing = Mock::start(dir.path(), "examples/billing-to-crm/apis/billing.openapi.yaml", "3");
    assert_eq!(billing.get("/v2/nothing").0, 404);
    drop(billing);
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["examples"]);
}

#[test]
fn records_move_once_and_a_second_run_writes_nothing() {
    let dir = workspace("billing-to-crm");
    quick(dir.path());
    let billing = Mock::start(dir.path(), "examples/billing-to-crm/apis/billing.openapi.yaml", "30");
    let crm = Mock::start(dir.path(), "examples/billing-to-crm/apis/crm.openapi.json", "0");
    let first = connector(dir.path(), &billing.url, &crm.url).output().unwrap();
    let value = json(&first);
    assert_eq!(value["verdict"], "PASS", "{value:#}\n{}", stderr(&first));
    let counts = &value["flows"][0]["reconciliation"];
    assert_eq!((counts["unique"].as_u64(), counts["written"].as_u64()), (Some(30), Some(30)), "{value:#}");
    let logs = stderr(&first);
    for line in logs.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("log lines are JSON, {e}: {line}"));
        assert!(line.get("event").is_some() && line.get("level").is_some(), "{line}");
    }
    assert!(logs.contains("correlation_id"));
    for secret in ["planted-billing-token", "planted-client-secret"] {
        assert!(!logs.contains(secret) && !String::from_utf8_lossy(&first.stdout).contains(secret));
    }
    let again = json(&connector(dir.path(), &billing.url, &crm.url).output().unwrap());
    assert_eq!(again["verdict"], "PASS", "{again:#}");
    assert_eq!(again["flows"][0]["reconciliation"]["written"], 0, "{again:#}");
    let runs = json(&run(dir.path(), &["evidence", "--kind", "connector-run", "--format", "json"]));
    assert_eq!(runs["events"].as_array().unwrap().len(), 2);
}

#[test]
fn a_target_that_is_not_there_ends_partial_and_the_next_run_goes_on() {
    let dir = workspace("billing-to-crm");
    quick(dir.path());
    let billing = Mock::start(dir.path(), "examples/billing-to-crm/apis/billing.openapi.yaml", "5");
    // A port that nobody listens on.
    let nobody = format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let text = std::fs::read_to_string(dir.path().join(CONTRACT))
        .unwrap()
        .replace("attempts: 8", "attempts: 2")
        .replace("probe_every: 30s", "probe_every: 50ms");
    std::fs::write(dir.path().join(CONTRACT), text).unwrap();
    let down = connector(dir.path(), &billing.url, &nobody).output().unwrap();
    let value = json(&down);
    assert_ne!(value["verdict"], "PASS", "{value:#}");
    assert_eq!(down.status.code(), Some(1));
    let crm = Mock::start(dir.path(), "examples/billing-to-crm/apis/crm.openapi.json", "0");
    let up = json(&connector(dir.path(), &billing.url, &crm.url).output().unwrap());
    assert_eq!(up["verdict"], "PASS", "{up:#}");
    assert_eq!(up["flows"][0]["reconciliation"]["written"], 5, "{up:#}");
}

#[test]
fn a_connector_that_is_killed_goes_on_without_a_duplicate() {
    const PAYMENTS: u64 = 1500;
    let dir = workspace("payments-to-ledger");
    let contract = "examples/payments-to-ledger/integration.yaml";
    let apis = "examples/payments-to-ledger/apis";
    let edit = |file: &str, from: &str, to: &str| {
        let path = dir.path().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file}");
        std::fs::write(path, text.replace(from, to)).unwrap();
    };
    edit(contract, "rate: 15/1s", "rate: 15000/1s");
    edit(contract, "at most 20 requests", "at most 20000 requests");
    edit(&format!("{apis}/ledgerly.openapi.yaml"), "limit: 20, window: 1s", "limit: 20000, window: 1s");
    let payline = Mock::start(dir.path(), &format!("{apis}/payline.openapi.yaml"), &PAYMENTS.to_string());
    let ledgerly = Mock::start(dir.path(), &format!("{apis}/ledgerly.openapi.yaml"), "0");
    let run = || {
        let mut command = Command::new(binary());
        command
            .args(["run", contract, "--format", "json"])
            .args([
                "--base-url",
                &format!("payline={}", payline.url),
                "--base-url",
                &format!("ledgerly={}", ledgerly.url),
            ])
            .current_dir(dir.path())
            .env("PAYLINE_KEY", "planted-payline-key")
            .env("LEDGERLY_KEY", "planted-ledgerly-key")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    };
    let entries = || ledgerly.get("/entries?per_page=1").1["total"].as_u64().unwrap();
    for _ in 0..3 {
        let before = entries();
        let mut child = run().spawn().unwrap();
        while entries() == before {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it wrote anything");
        }
        // In the middle of its work, wherever it is just then.
        child.kill().unwrap();
        child.wait().unwrap();
        let after = entries();
        assert!(before < after && after < PAYMENTS, "{before}, then {after}");
    }
    let last = run().output().unwrap();
    let value = json(&last);
    assert_eq!(value["verdict"], "PASS", "{value:#}\n{}", stderr(&last));
    assert_eq!(entries(), PAYMENTS);
    // This target keeps what it is sent under another key: a duplicate would have shown.
    let same = r#"{"account":"a","amount":"1.00","booked_at":"2026-09-22T12:18:41Z","currency":"CHF","external_id":"pay_1","kind":"sale"}"#;
    for key in ["first-key", "other-key"] {
        assert_eq!(ledgerly.post("/entries", key, same), 201);
    }
    assert_eq!(entries(), PAYMENTS + 2);
}

#[test]
#[cfg(unix)]
fn sigterm_drains_and_says_so() {
    let dir = workspace("billing-to-crm");
    let billing = Mock::start(dir.path(), "examples/billing-to-crm/apis/billing.openapi.yaml", "2000");
    let crm = Mock::start(dir.path(), "examples/billing-to-crm/apis/crm.openapi.json", "0");
    // The contract's own rate of 90 in 10 s: the run is in the middle of it when it is told to stop.
    let mut child = connector(dir.path(), &billing.url, &crm.url).spawn().unwrap();
    let mut logs = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("page-read") {
        line.clear();
        assert!(logs.read_line(&mut line).unwrap() > 0, "it ended before it read a page");
    }
    let drained = std::thread::spawn(move || std::io::copy(&mut logs, &mut std::io::sink()));
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    let _ = drained.join();
    let value = json(&output);
    assert_eq!(value["verdict"], "PARTIAL", "{value:#}");
    assert!(value["flows"][0]["stopped"].as_str().unwrap().starts_with("stopped"), "{value:#}");
    assert_eq!((output.status.code(), &value["drained"]), (Some(1), &Value::Bool(false)), "it has not seen all of it");
}

#[test]
fn a_real_system_needs_an_approval() {
    let dir = workspace("billing-to-crm");
    let output = run(dir.path(), &["run", CONTRACT]);
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(stderr(&output));
}

#[test]
fn another_address_than_the_approved_one_is_refused() {
    let dir = workspace("billing-to-crm");
    let output = run(dir.path(), &["run", CONTRACT, "--base-url", "crm=https://elsewhere.example"]);
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(stderr(&output));
}

#[test]
fn a_dry_run_counts_what_a_run_then_writes_and_leaves_no_trace() {
    let dir = workspace("billing-to-crm");
    quick(dir.path());
    let billing = Mock::start(dir.path(), "examples/billing-to-crm/apis/billing.openapi.yaml", "30");
    let crm = Mock::start(dir.path(), "examples/billing-to-crm/apis/crm.openapi.json", "0");
    let dry = |flow: &str| {
        let output = connector(dir.path(), &billing.url, &crm.url).arg("--dry-run").output().unwrap();
        let told = stderr(&output);
        assert!(told.contains(&format!("billing at {}, with env:BILLING_TOKEN", billing.url)), "{told}");
        assert!(told.contains("with env:CRM_CLIENT_ID, env:CRM_CLIENT_SECRET") && !told.contains("planted"), "{told}");
        assert_eq!(output.status.code(), Some(0), "{flow}: {}", stderr(&output));
        json(&output)
    };
    let first = dry("before");
    let flow = &first["flows"][0];
    assert_eq!((&first["dry_run"], &flow["read"], &flow["would_create"]), (&true.into(), &30.into(), &30.into()));
    let again = dry("once more");
    assert_eq!(again["flows"][0], *flow, "nothing was written and no checkpoint was moved");
    let letters = json(&run(dir.path(), &["dead-letters", "--format", "json"]));
    assert_eq!(letters["dead_letters"], serde_json::json!([]));
    let real = json(&connector(dir.path(), &billing.url, &crm.url).output().unwrap());
    assert_eq!(real["flows"][0]["reconciliation"]["written"], 30, "{real:#}");
    let after = dry("after");
    let flow = &after["flows"][0];
    assert_eq!((&flow["would_create"], &flow["would_update"]), (&0.into(), &0.into()), "{after:#}");
}

#[test]
fn a_missing_secret_is_said_before_the_first_request() {
    let dir = workspace("billing-to-crm");
    let output = run(
        dir.path(),
        &["run", CONTRACT, "--base-url", "billing=http://127.0.0.1:9", "--base-url", "crm=http://127.0.0.1:9"],
    );
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(stderr(&output));
}

#[test]
fn a_password_in_an_address_is_neither_taken_nor_shown() {
    let dir = workspace("billing-to-crm");
    let output = run(dir.path(), &["run", CONTRACT, "--base-url", "crm=http://user:hunter2@127.0.0.1:9/"]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("no user or password before it") && !said.contains("hunter2"), "{said}");
}

#[test]
fn a_secret_that_no_header_can_carry_is_said_before_the_first_request() {
    let dir = workspace("billing-to-crm");
    let nowhere = "http://127.0.0.1:9";
    let output = connector(dir.path(), nowhere, nowhere).env("BILLING_TOKEN", "planted\nsecret").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(
        said.contains("secret-malformed: env:BILLING_TOKEN holds a line break") && !said.contains("planted"),
        "{said}"
    );
}

#[test]
fn a_mock_does_not_listen_beyond_this_machine() {
    let dir = workspace("billing-to-crm");
    let output = run(dir.path(), &["mock", "examples/billing-to-crm/apis/crm.openapi.json", "--listen", "0.0.0.0:0"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("not-loopback"), "{}", stderr(&output));
}

#[test]
fn plain_http_beyond_this_machine_is_refused_even_for_a_dry_run() {
    let dir = workspace("billing-to-crm");
    let (path, api) = (dir.path().join(CONTRACT), dir.path().join("examples/billing-to-crm/apis/crm.openapi.json"));
    let text = std::fs::read_to_string(&path).unwrap();
    let named = "api: apis/crm.openapi.json";
    let elsewhere = text.replace(named, &format!("base_url: http://192.0.2.2\n    {named}"));
    std::fs::write(&path, &elsewhere).unwrap();
    // With credentials it does not even compile.
    let output = run(dir.path(), &["run", CONTRACT, "--dry-run"]);
    assert!(stderr(&output).contains("cleartext-credentials"), "{}", stderr(&output));
    // Without, records would still go over the network for all to read.
    let (before, after) = elsewhere.split_once("    auth:\n      scheme: oauth2").unwrap();
    let after = after.split_once("\n\nconstraints:").unwrap().1;
    std::fs::write(&path, format!("{before}\nconstraints:{after}")).unwrap();
    let open = std::fs::read_to_string(&api).unwrap().replace("\"security\"", "\"x-security\"");
    std::fs::write(&api, open).unwrap();
    for more in [&["run", CONTRACT][..], &["run", CONTRACT, "--dry-run"]] {
        let output = run(dir.path(), more);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("plain-http"), "{}", stderr(&output));
    }
    insta::assert_snapshot!(stderr(&run(dir.path(), &["run", CONTRACT, "--dry-run"])));
}

const TILLS: &str = "examples/tills-to-books/integration.yaml";

fn receiving(dir: &Path, tills: &str, books: &str) -> Command {
    let mut command = Command::new(binary());
    command
        .args(["run", TILLS, "--format", "json", "--listen", "127.0.0.1:0"])
        .args(["--base-url", &format!("tillpoint={tills}"), "--base-url", &format!("hauptbuch={books}")])
        .current_dir(dir)
        .env("TILLPOINT_TOKEN", "planted-till-token")
        .env("HAUPTBUCH_KEY", "planted-book-key")
        .env("TILLPOINT_HOOK", HOOK)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

const HOOK: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Posts a body with these headers; the status.
fn post(address: &str, path: &str, headers: &[(String, String)], body: &str) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    let headers: String = headers.iter().map(|(n, v)| format!("{n}: {v}\r\n")).collect();
    let length = body.len();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text.split(' ').nth(1).unwrap().parse().unwrap()
}

fn signed(id: &str, body: &str, ago_ms: i64) -> Vec<(String, String)> {
    use platform_integration::base::clock::{Clock as _, SystemClock};
    let signing = platform_integration::connector::Signing {
        scheme: platform_integration::contract::SignatureScheme::StandardWebhooks,
        header: "webhook-signature".into(),
        base64: false,
        prefix: None,
        timed: None,
        tolerance_ms: None,
    };
    signing.sign(HOOK, id, body.as_bytes(), SystemClock.now().plus_ms(-ago_ms)).unwrap()
}

fn until(logs: &mut impl std::io::BufRead, found: impl Fn(&Value) -> bool) -> Value {
    loop {
        let mut line = String::new();
        assert!(logs.read_line(&mut line).unwrap() > 0, "it ended before the line came");
        let line: Value = serde_json::from_str(&line).unwrap();
        if found(&line) {
            return line;
        }
    }
}

#[test]
#[cfg(unix)]
fn a_webhook_is_received_verified_kept_and_posted_once() {
    let dir = workspace("tills-to-books");
    let tills = Mock::start(dir.path(), "examples/tills-to-books/apis/tillpoint.openapi.yaml", "0");
    let books = Mock::start(dir.path(), "examples/tills-to-books/apis/hauptbuch.openapi.yaml", "0");
    let sale = r#"{"type":"sale.booked","timestamp":"2026-11-02T09:30:00Z","data":{"id":"sal_1","shop":{"code":"ZRH","city":"Zurich"},"till":4,"total":1990,"currency":"CHF","paid_by":"card","booked_at":"2026-11-02T09:29:58Z","note":null}}"#;
    let mut child = receiving(dir.path(), &tills.url, &books.url).spawn().unwrap();
    let mut logs = BufReader::new(child.stderr.take().unwrap());
    let listening = until(&mut logs, |l| l["event"] == "listening");
    let address = listening["address"].as_str().unwrap().to_owned();
    let path = "/hooks/tillpoint";
    assert_eq!(listening["paths"][0], path);
    assert_eq!(post(&address, path, &[], sale), 401);
    assert_eq!(post(&address, path, &signed("evt_1", sale, 0), &sale.replace("1990", "9990")), 401);
    assert_eq!(post(&address, path, &signed("evt_1", sale, 400_000), sale), 400);
    assert_eq!(post(&address, "/hooks/other", &signed("evt_1", sale, 0), sale), 404);
    assert_eq!(post(&address, path, &signed("evt_1", sale, 0), sale), 204);
    until(&mut logs, |l| l["event"] == "run-ended" && l["counts"]["written"] == 1);
    assert_eq!(post(&address, path, &signed("evt_1", sale, 0), sale), 204);
    assert_eq!(
        post(&address, path, &signed("evt_2", &sale.replace("sal_1", "sal_2"), 0), &sale.replace("sal_1", "sal_2")),
        204
    );
    until(&mut logs, |l| l["event"] == "run-ended" && l["counts"]["written"] == 1);
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    let drained = std::thread::spawn(move || std::io::copy(&mut logs, &mut std::io::sink()));
    let output = child.wait_with_output().unwrap();
    let _ = drained.join();
    let value = json(&output);
    assert_eq!(value["verdict"], "PASS", "{value:#}");
    let counts = &value["flows"][0]["reconciliation"];
    assert_eq!((counts["read"].as_u64(), counts["written"].as_u64()), (Some(2), Some(2)), "{value:#}");
    assert!(TcpStream::connect(&address).is_err(), "nobody listens any more");
}

#[test]
fn who_receives_says_where_and_who_listens_has_something_to_receive() {
    let dir = workspace("tills-to-books");
    let here = ["--base-url", "tillpoint=http://127.0.0.1:9", "--base-url", "hauptbuch=http://127.0.0.1:9"];
    let said = |args: &[&str]| {
        let output = run(dir.path(), &[&["run", TILLS], &here[..], args].concat());
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        stderr(&output)
    };
    assert!(said(&["--watch"]).contains("nowhere-to-receive"));
    // Beyond this machine a person decides, also where both systems are on it.
    let open = said(&["--listen", "0.0.0.0:0"]);
    assert!(open.contains("live-run-not-approved") && open.contains("0.0.0.0"), "{open}");
    let dir = workspace("billing-to-crm");
    let output = run(dir.path(), &["run", CONTRACT, "--listen", "127.0.0.1:0"]);
    assert!(stderr(&output).contains("nothing-to-receive"), "{}", stderr(&output));
}

#[test]
fn a_file_is_read_instead_of_the_list_and_a_bad_line_is_a_dead_letter() {
    let dir = workspace("billing-to-crm");
    quick(dir.path());
    let billing = Mock::start(dir.path(), "examples/billing-to-crm/apis/billing.openapi.yaml", "4");
    let crm = Mock::start(dir.path(), "examples/billing-to-crm/apis/crm.openapi.json", "0");
    let (_, page) = billing.get("/v1/customers?limit=10");
    let records = page["data"].as_array().unwrap();
    let mut lines: Vec<String> = records.iter().map(ToString::to_string).collect();
    assert_eq!(lines.len(), 4, "{page}");
    lines.insert(2, "{\"id\": ".to_owned());
    std::fs::write(dir.path().join("examples/billing-to-crm/customers.jsonl"), lines.join("\n")).unwrap();
    let path = dir.path().join(CONTRACT);
    let text = std::fs::read_to_string(&path).unwrap();
    let operation = "      operation: listCustomers\n";
    assert!(text.contains(operation));
    std::fs::write(&path, text.replace(operation, &format!("{operation}      file: customers.jsonl\n"))).unwrap();
    drop(billing);
    let out = connector(dir.path(), "http://127.0.0.1:1", &crm.url).env_remove("BILLING_TOKEN").output().unwrap();
    let value = json(&out);
    let counts = &value["flows"][0]["reconciliation"];
    assert_eq!(value["verdict"], "PARTIAL", "{value:#}\n{}", stderr(&out));
    assert_eq!((counts["written"].as_u64(), counts["dead_lettered"].as_u64()), (Some(4), Some(1)), "{value:#}");
    assert!(stderr(&out).contains(".jsonl:3: it is no JSON"), "{}", stderr(&out));
}

#[test]
#[cfg(unix)]
fn a_refresh_token_that_rotates_is_in_its_file_before_the_next_run_needs_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = workspace("billing-to-crm");
    quick(dir.path());
    let path = dir.path().join(CONTRACT);
    let text = std::fs::read_to_string(&path).unwrap();
    let secret = "      client_secret: env:CRM_CLIENT_SECRET\n";
    assert!(text.contains(secret), "{text}");
    let file = dir.path().join("tokens/crm");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "refresh-planted-1\n").unwrap();
    std::fs::write(&path, text.replace(secret, &format!("{secret}      refresh_token: file:tokens/crm\n"))).unwrap();
    let billing = Mock::start(dir.path(), "examples/billing-to-crm/apis/billing.openapi.yaml", "3");
    let crm = Mock::start(dir.path(), "examples/billing-to-crm/apis/crm.openapi.json", "0");
    let mut seen = vec!["refresh-planted-1\n".to_owned()];
    for written in [3, 0] {
        let out = connector(dir.path(), &billing.url, &crm.url).output().unwrap();
        let value = json(&out);
        assert_eq!(value["verdict"], "PASS", "{value:#}\n{}", stderr(&out));
        assert_eq!(value["flows"][0]["reconciliation"]["written"], written);
        let now = std::fs::read_to_string(&file).unwrap();
        for token in &seen {
            assert!(!stderr(&out).contains(token.trim()));
        }
        if written > 0 {
            assert!(!seen.contains(&now), "a new one: {now}");
        }
        seen.push(now);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // The first one is spent: whoever comes with it again is locked out, and says what to do.
    std::fs::write(&file, "refresh-planted-1\n").unwrap();
    let changed = std::fs::read_to_string(&path).unwrap().replace("origin: {const: billing}", "origin: {const: other}");
    std::fs::write(&path, changed).unwrap();
    let out = connector(dir.path(), &billing.url, &crm.url).output().unwrap();
    assert!(json(&out)["flows"][0]["stopped"].as_str().unwrap().contains("agree again"), "{}", stderr(&out));
}

#[test]
#[cfg(unix)]
fn a_contract_or_a_description_that_changes_under_a_run_stops_it() {
    for changed in ["integration.yaml", "apis/crm.openapi.json"] {
        a_change_stops_it(changed);
    }
}

#[cfg(unix)]
fn a_change_stops_it(changed: &str) {
    let dir = workspace("billing-to-crm");
    quick(dir.path());
    let path = dir.path().join(CONTRACT);
    let text = std::fs::read_to_string(&path).unwrap().replace("every: 60s", "every: 1s");
    std::fs::write(&path, &text).unwrap();
    let billing = Mock::start(dir.path(), "examples/billing-to-crm/apis/billing.openapi.yaml", "3");
    let crm = Mock::start(dir.path(), "examples/billing-to-crm/apis/crm.openapi.json", "0");
    let mut child = connector(dir.path(), &billing.url, &crm.url).arg("--watch").spawn().unwrap();
    let mut logs = BufReader::new(child.stderr.take().unwrap());
    until(&mut logs, |line| line["event"] == "run-ended");
    // It waits for its next pass, and still nobody else runs its flow.
    let second = connector(dir.path(), &billing.url, &crm.url).output().unwrap();
    let words = stderr(&second);
    assert_eq!(second.status.code(), Some(2), "{words}");
    assert!(words.contains("flow-busy") && words.contains(&format!("stop process {}", child.id())), "{words}");
    let file = path.with_file_name(changed);
    // A blank at the end: other bytes, the same meaning.
    std::fs::write(&file, std::fs::read_to_string(&file).unwrap() + "\n").unwrap();
    until(&mut logs, |line| {
        line["event"] == "contract-changed" && line["file"].as_str().is_some_and(|file| file.ends_with(changed))
    });
    let mut rest = String::new();
    logs.read_to_string(&mut rest).unwrap();
    let out = child.wait_with_output().unwrap();
    let next = json(&out)["next"].as_str().unwrap().to_owned();
    assert!(next.starts_with(changed) || next.contains(&format!("/{changed} changed while it ran")), "{next}");
    // Who was to go on and ended is started again by whoever looks after it.
    assert_eq!(out.status.code(), Some(1));
}
