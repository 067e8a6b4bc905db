//! Operating the real binary: undo, read back, dead letters, the switch, metrics. Two mocks on loopback, SQLite on disk.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json as value};

use crate::cli::{binary, json, repository, run, stderr, stdout, steady, workspace};
use crate::run::{CONTRACT, Mock, connector, quick};

const BILLING: &str = "examples/billing-to-crm/apis/billing.openapi.yaml";
const CRM: &str = "examples/billing-to-crm/apis/crm.openapi.json";
const FLOW: &str = "billing-to-crm/contacts";

/// The example, its two mocks, and this many customers.
pub(crate) struct Bench {
    dir: tempfile::TempDir,
    billing: Mock,
    crm: Mock,
}

impl Bench {
    pub(crate) fn with(customers: &str) -> Self {
        let dir = workspace("billing-to-crm");
        quick(dir.path());
        let billing = Mock::start(dir.path(), BILLING, customers);
        let crm = Mock::start(dir.path(), CRM, "0");
        Self { dir, billing, crm }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn run(&self, more: &[&str]) -> Output {
        connector(self.path(), &self.billing.url, &self.crm.url).args(more).output().unwrap()
    }

    pub(crate) fn start(&self, more: &[&str]) -> Child {
        connector(self.path(), &self.billing.url, &self.crm.url).args(more).spawn().unwrap()
    }

    /// A command that reaches the systems.
    pub(crate) fn reach(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(args)
            .args(["--base-url", &format!("billing={}", self.billing.url)])
            .args(["--base-url", &format!("crm={}", self.crm.url)])
            .current_dir(self.path())
            .env_remove("PLATFORM_INTEGRATION_STORE")
            .env("BILLING_TOKEN", "planted-billing-token")
            .env("CRM_CLIENT_ID", "planted-client")
            .env("CRM_CLIENT_SECRET", "planted-client-secret")
            .env("COLUMNS", "130")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// What the billing system answers.
    pub(crate) fn billing(&self, path: &str) -> (u16, Value) {
        self.billing.get(path)
    }

    pub(crate) fn contacts(&self) -> u64 {
        let (status, page) = call(&self.crm.url, "GET", "/v2/contacts?limit=1&offset=0", "");
        assert_eq!(status, 200, "{page}");
        page["total"].as_u64().unwrap_or_else(|| page["results"].as_array().map_or(0, |r| r.len() as u64))
    }
}

/// One request to a mock or to a running connector.
fn call(url: &str, method: &str, path: &str, body: &str) -> (u16, Value) {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        token(url),
        body.len()
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let status = text.split(' ').nth(1).unwrap().parse().unwrap();
    let body = text.split_once("\r\n\r\n").unwrap().1;
    let json = body.find('{').map_or("", |at| &body[at..=body.rfind('}').unwrap_or(at)]);
    (status, serde_json::from_str(json).unwrap_or_else(|_| Value::String(body.to_owned())))
}

/// A token that the mock takes, where it gives any.
fn token(url: &str) -> String {
    let address = url.strip_prefix("http://").unwrap();
    let form = "grant_type=client_credentials&client_id=a&client_secret=b&scope=contacts.read+contacts.write";
    let Ok(mut stream) = TcpStream::connect(address) else { return String::new() };
    let _ = write!(
        stream,
        "POST /oauth2/token HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/x-www-form-urlencoded\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{form}",
        form.len()
    );
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text);
    let body = text.find('{').map_or("{}", |at| &text[at..=text.rfind('}').unwrap_or(at)]);
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    body["access_token"].as_str().unwrap_or("any").to_owned()
}

/// Run handles, times and counts of milliseconds change from run to run.
fn plain(text: &str, dir: &Path) -> String {
    regex::Regex::new("r-[a-z0-9]{8}").unwrap().replace_all(&steady(text, dir), "@@RUN@@").into_owned()
}

#[test]
fn a_run_is_taken_back_after_a_dry_run_and_only_once() {
    let bench = Bench::with("12");
    let first = json(&bench.run(&[]));
    assert_eq!(first["verdict"], "PASS", "{first:#}");
    let handle = first["flows"][0]["run"].as_str().unwrap().to_owned();
    assert_eq!(bench.contacts(), 12);
    // A second run writes nothing, so the last that wrote is the first.
    bench.run(&[]);

    let dry = bench.reach(&["rollback", "last", CONTRACT, "--quiet"]).output().unwrap();
    insta::assert_snapshot!("rollback_dry", plain(&short(&stdout(&dry)), bench.path()));
    assert_eq!((dry.status.code(), bench.contacts()), (Some(0), 12));

    let done =
        bench.reach(&["rollback", &handle, CONTRACT, "--apply", "--quiet", "--format", "json"]).output().unwrap();
    let done = json(&done);
    assert_eq!((&done["verdict"], &done["applied"]), (&value!("PASS"), &value!(true)), "{done:#}");
    assert_eq!(done["runs"][0]["counts"]["deleted"], 12, "{done:#}");
    assert_eq!((bench.contacts(), &done["paused"]), (0, &value!([FLOW])));

    let again = json(
        &bench.reach(&["rollback", &handle, CONTRACT, "--apply", "--quiet", "--format", "json"]).output().unwrap(),
    );
    assert_eq!(
        (&again["verdict"], &again["runs"][0]["counts"]["as_before"]),
        (&value!("PASS"), &value!(12)),
        "{again:#}"
    );
    assert_eq!(again["runs"][0]["requests"], 0);

    // It stays switched off until somebody says so; then everything is written anew.
    let off = bench.run(&[]);
    assert_eq!((off.status.code(), json(&off)["verdict"].as_str().unwrap()), (Some(1), "UNPROVEN"));
    assert_eq!(run(bench.path(), &["resume", "contacts"]).status.code(), Some(0));
    let last = json(&bench.run(&["--verify"]));
    assert_eq!((&last["verdict"], bench.contacts()), (&value!("PASS"), 12), "{last:#}");
    let log = json(&run(bench.path(), &["evidence", "--kind", "connector-operated", "--format", "json"]));
    assert_eq!(log["events"].as_array().unwrap().len(), 4, "{log:#}");
}

/// Rows of a table beyond the first two are counted, not read.
fn short(text: &str) -> String {
    let mut rows = 0;
    let mut out: Vec<String> = Vec::new();
    for line in text.lines() {
        if line.contains("created") && line.contains("deleted") && !line.contains(':') {
            rows += 1;
            continue;
        }
        out.push(line.trim_end().to_owned());
    }
    out.push(format!("(rows: {rows})"));
    // Ports are free ones, others in each run.
    let port = regex::Regex::new(r"127\.0\.0\.1:[0-9]+").unwrap();
    port.replace_all(&out.join("\n"), "127.0.0.1:PORT").into_owned()
}

#[test]
fn what_somebody_changed_since_stays() {
    let bench = Bench::with("3");
    bench.run(&[]);
    let (_, page) = call(&bench.crm.url, "GET", "/v2/contacts?limit=10&offset=0", "");
    let one = page["results"][0].clone();
    let id = one["id"].as_str().map_or_else(|| one["id"].to_string(), str::to_owned);
    let field = if one.get("first_name").is_some() { "first_name" } else { "last_name" };
    let (status, changed) =
        call(&bench.crm.url, "PATCH", &format!("/v2/contacts/{id}"), &value!({field: "Somebody"}).to_string());
    assert_eq!(status, 200, "{changed}");
    let done =
        json(&bench.reach(&["rollback", "last", CONTRACT, "--apply", "--quiet", "--format", "json"]).output().unwrap());
    assert_eq!(
        (&done["verdict"], &done["runs"][0]["counts"]["changed_since"]),
        (&value!("PARTIAL"), &value!(1)),
        "{done:#}"
    );
    assert_eq!(done["runs"][0]["stays"][0]["outcome"], "changed-since");
    assert_eq!(bench.contacts(), 1);
}

#[test]
fn a_rollback_that_is_killed_is_gone_on_with() {
    let bench = Bench::with("120");
    assert_eq!(json(&bench.run(&[]))["verdict"], "PASS");
    let args = ["rollback", "last", CONTRACT, "--apply", "--quiet", "--format", "json"];
    for _ in 0..2 {
        let before = bench.contacts();
        let mut child = bench.reach(&args).spawn().unwrap();
        while bench.contacts() == before {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it took anything back");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!((1..before).contains(&bench.contacts()), "{} of {before} are left", bench.contacts());
    }
    let resumed = run(bench.path(), &["resume", "contacts"]);
    assert_eq!(resumed.status.code(), Some(2), "a run would take for delivered what is gone");
    insta::assert_snapshot!("rollback_unfinished", plain(&short(&stderr(&resumed)), bench.path()));
    let done = json(&bench.reach(&args).output().unwrap());
    assert_eq!((&done["verdict"], bench.contacts()), (&value!("PASS"), 0), "{done:#}");
    assert_eq!(run(bench.path(), &["resume", "contacts"]).status.code(), Some(0));
}

#[test]
fn a_rollback_beyond_this_machine_needs_the_approval_of_a_live_run() {
    let bench = Bench::with("1");
    bench.run(&[]);
    let live = run(bench.path(), &["rollback", "last", CONTRACT, "--apply"]);
    assert_eq!(live.status.code(), Some(2));
    assert!(stderr(&live).contains("live-run-not-approved"), "{}", stderr(&live));
    let unknown = bench.reach(&["rollback", "r-nobody", CONTRACT]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
    insta::assert_snapshot!("rollback_unknown", stderr(&unknown));
}

#[test]
fn a_target_that_lost_something_fails_the_verification() {
    let bench = Bench::with("4");
    let fine = json(&bench.run(&["--verify"]));
    let verified = &fine["flows"][0]["verified"];
    assert_eq!((&fine["verdict"], &verified["counts"]["same"]), (&value!("PASS"), &value!(4)), "{fine:#}");
    let (_, page) = call(&bench.crm.url, "GET", "/v2/contacts?limit=10&offset=0", "");
    let id = page["results"][0]["id"].clone();
    let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    let (status, _) = call(&bench.crm.url, "DELETE", &format!("/v2/contacts/{id}"), "");
    assert!(status < 300, "{status}");
    let lost = bench.run(&["--verify"]);
    let lost = (lost.status.code(), json(&lost));
    assert_eq!((lost.0, &lost.1["verdict"]), (Some(1), &value!("FAIL")), "{:#}", lost.1);
    let flow = &lost.1["flows"][0];
    assert_eq!(
        (&flow["verified"]["counts"]["missing"], &flow["verified"]["differences"][0]["wrong"]),
        (&value!(1), &value!("missing"))
    );
    assert_eq!(flow["reconciliation"]["rejected"], 0, "the run itself knows nothing of it");
    assert!(flow["pages"].as_array().unwrap().iter().map(|p| p["read"].as_u64().unwrap()).sum::<u64>() > 0, "{flow:#}");
}

#[test]
fn a_dead_letter_is_shown_replayed_and_dropped() {
    let bench = Bench::with("12");
    // A mapping that takes one status alone.
    let contract = bench.path().join(CONTRACT);
    let good = std::fs::read_to_string(&contract).unwrap();
    let bad =
        good.replace("active: customer, trialing: lead, canceled: churned, past_due: at_risk", "active: customer");
    assert_ne!(bad, good);
    std::fs::write(&contract, bad).unwrap();
    let output = bench.run(&[]);
    let failed = json(&output);
    let lost = failed["flows"][0]["not_arrived"].as_array().map_or(0, Vec::len) as u64;
    assert!(lost > 2, "{failed:#}\n{}", stderr(&output));
    assert_eq!(bench.contacts(), 12 - lost);
    std::fs::write(&contract, good).unwrap();

    let list = json(&run(bench.path(), &["dead-letters", "list", "--format", "json"]));
    let ids: Vec<String> = list["dead_letters"].as_array().unwrap().iter().map(|l| l["id"].to_string()).collect();
    let shown = json(&run(bench.path(), &["dead-letters", "show", &ids[0], "--format", "json"]));
    assert!(shown.get("payload").is_none() && shown["digest"].as_str().unwrap().starts_with("sha256:"), "{shown:#}");
    let whole = json(&run(bench.path(), &["dead-letters", "show", &ids[0], "--payload", "--format", "json"]));
    assert_eq!(whole["payload"]["id"], whole["key"], "{whole:#}");

    let dropped = json(&run(
        bench.path(),
        &["dead-letters", "drop", &ids[0], "--because", "a test customer", "--as", "Ada", "--format", "json"],
    ));
    assert_eq!((&dropped["state"], &dropped["dropped_because"]), (&value!("dropped"), &value!("a test customer")));
    assert!(dropped["dropped_by"].as_str().unwrap().starts_with("Ada"), "{dropped:#}");
    let twice = run(bench.path(), &["dead-letters", "drop", &ids[0], "--because", "again"]);
    assert_eq!(twice.status.code(), Some(2));

    let replay = |which: &[&str]| {
        let args =
            [&["dead-letters", "replay"], which, &["--contract", CONTRACT, "--quiet", "--format", "json"]].concat();
        bench.reach(&args).output().unwrap()
    };
    let one = json(&replay(&[&ids[1]]));
    assert_eq!(
        (&one["verdict"], one["flows"][0]["delivered"].as_array().unwrap().len()),
        (&value!("PASS"), 1),
        "{one:#}"
    );
    assert_eq!(bench.contacts(), 12 - lost + 1);
    let rest = json(&replay(&["--flow", "contacts"]));
    let delivered = rest["flows"][0]["delivered"].as_array().unwrap().len() as u64;
    assert_eq!((delivered, bench.contacts()), (lost - 2, 11), "{rest:#}");
    let none = replay(&["--all"]);
    assert_eq!(none.status.code(), Some(2));
    insta::assert_snapshot!("nothing_to_replay", stderr(&none));

    let read_back = json(&bench.run(&["--verify"]));
    let given_up = &read_back["flows"][0]["verified"]["differences"][0];
    assert_eq!((&read_back["verdict"], &given_up["wrong"]), (&value!("PARTIAL"), &value!("not-delivered")));
    let because = given_up["because"].as_str().unwrap();
    assert!(because.starts_with("it was dropped by Ada") && because.ends_with(": a test customer"), "{because}");
}

#[test]
fn a_run_that_lacks_only_what_was_given_up_says_that_no_run_delivers_it() {
    let bench = Bench::with("12");
    let contract = bench.path().join(CONTRACT);
    let text = std::fs::read_to_string(&contract).unwrap();
    // The newest record has another status: it is read again by each run, and would be told of anew.
    let narrow = text.replace("canceled: churned, ", "");
    assert_ne!(narrow, text);
    std::fs::write(&contract, narrow).unwrap();
    bench.run(&[]);
    let list = json(&run(bench.path(), &["dead-letters", "list", "--format", "json"]));
    for letter in list["dead_letters"].as_array().unwrap() {
        let id = letter["id"].to_string();
        run(bench.path(), &["dead-letters", "drop", &id, "--because", "not ours", "--as", "Ada"]);
    }
    // What is read again in the same form stays given up, and is no news.
    let again = json(&bench.run(&[]));
    assert_eq!(
        (&again["verdict"], &again["flows"][0]["reconciliation"]["rejected"]),
        (&value!("PASS"), &value!(0)),
        "{again:#}"
    );
    let after = json(&run(bench.path(), &["dead-letters", "list", "--format", "json"]));
    assert_eq!(after["dead_letters"].as_array().unwrap().len(), list["dead_letters"].as_array().unwrap().len());
    assert!(after["dead_letters"].as_array().unwrap().iter().all(|l| l["state"] == "dropped"), "{after:#}");
    let read_back = json(&bench.run(&["--verify"]));
    assert_eq!(read_back["verdict"], "PARTIAL", "{read_back:#}");
    assert!(read_back["next"].as_str().unwrap().starts_with("a run delivers nothing more"), "{read_back:#}");
}

#[test]
fn a_later_run_tells_of_dead_letters_that_still_wait() {
    let bench = Bench::with("12");
    let contract = bench.path().join(CONTRACT);
    let good = std::fs::read_to_string(&contract).unwrap();
    let bad =
        good.replace("active: customer, trialing: lead, canceled: churned, past_due: at_risk", "active: customer");
    std::fs::write(&contract, bad).unwrap();
    bench.run(&[]);
    std::fs::write(&contract, good).unwrap();
    let later = json(&bench.run(&[]));
    let next = later["next"].as_str().unwrap();
    assert_eq!(later["verdict"], "PASS", "{later:#}");
    assert!(next.contains("of earlier runs wait") && next.contains("dead-letters replay --all --contract"), "{next}");
}

#[test]
fn a_pause_where_no_connector_ever_ran_is_refused() {
    let dir = workspace("billing-to-crm");
    // What a check records is a store, and no connector has it.
    assert_eq!(run(dir.path(), &["check", CONTRACT]).status.code(), Some(0));
    let refused = run(dir.path(), &["pause", "--because", "incident 42"]);
    assert_eq!(refused.status.code(), Some(2));
    let said = stderr(&refused);
    assert!(said.contains("unknown-flow") && said.contains("nobody would obey") && said.contains("--store"), "{said}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_result_that_cannot_be_written_is_no_success() {
    let dir = workspace("billing-to-crm");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output =
        Command::new(binary()).args(["check", CONTRACT]).current_dir(dir.path()).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("cannot be written to standard output"), "{}", stderr(&output));
}

#[test]
fn a_pause_reaches_a_connector_in_the_middle_of_its_work_and_survives_it() {
    let bench = Bench::with("2000");
    // Its own pace of 90 requests in 10 s: it is in the middle of its work for minutes.
    let contract = bench.path().join(CONTRACT);
    let text = std::fs::read_to_string(&contract).unwrap().replace("rate: 90000/1000s", "rate: 90/10s");
    std::fs::write(&contract, text).unwrap();
    let mut child = bench.start(&["--watch", "--metrics", "127.0.0.1:0"]);
    let mut logs = BufReader::new(child.stderr.take().unwrap());
    let mut watched = String::new();
    let mut line = String::new();
    while !line.contains("page-read") {
        line.clear();
        assert!(logs.read_line(&mut line).unwrap() > 0, "it ended before it read a page");
        if line.contains("\"watched\"") {
            let said: Value = serde_json::from_str(&line).unwrap();
            watched = format!("http://{}", said["address"].as_str().unwrap());
        }
    }
    let (status, _) = call(&watched, "GET", "/healthz", "");
    assert_eq!(status, 200);
    assert_eq!(call(&watched, "GET", "/readyz", "").0, 200);
    let paused = run(bench.path(), &["pause", "contacts", "--because", "the CRM is being migrated", "--as", "Ada"]);
    assert_eq!(paused.status.code(), Some(0), "{}", stderr(&paused));
    let at = Instant::now();
    let mut ended = String::new();
    while !ended.contains("run-ended") {
        ended.clear();
        assert!(logs.read_line(&mut ended).unwrap() > 0, "it ended instead of pausing");
    }
    assert!(at.elapsed() < Duration::from_secs(20), "it waited for its rate");
    assert!(ended.contains("\"paused\"") && ended.contains("the CRM is being migrated"), "{ended}");
    let (status, ready) = call(&watched, "GET", "/readyz", "");
    assert_eq!((status, ready["ready"].as_bool()), (503, Some(false)), "{ready}");
    let (_, page) = call(&watched, "GET", "/metrics", "");
    assert!(page.as_str().unwrap().contains(&format!("platform_integration_paused{{flow=\"{FLOW}\"}} 1")), "{page}");
    assert!(page.as_str().unwrap().contains("platform_integration_requests_total{system=\"billing\""), "{page}");
    // What alerts and dashboard ask for is told.
    let name = regex::Regex::new("platform_integration_[a-z_]+").unwrap();
    for template in ["prometheus/alerts.yaml.j2", "grafana/dashboard.json.j2"] {
        let text = std::fs::read_to_string(repository().join("resources/templates/scaffold").join(template)).unwrap();
        let asked: BTreeSet<&str> = name.find_iter(&text).map(|m| m.as_str()).collect();
        let told =
            |asked: &&str| page.as_str().unwrap().contains(&format!("# TYPE {} ", asked.trim_end_matches("_bucket")));
        assert!(asked.len() > 3 && asked.iter().all(told), "{template}: {asked:?}\n{page}");
    }
    child.kill().unwrap();
    child.wait().unwrap();

    let off = bench.run(&[]);
    let value = json(&off);
    assert_eq!((off.status.code(), &value["verdict"]), (Some(1), &value!("UNPROVEN")));
    assert_eq!((&value["flows"][0]["requests"], value["flows"][0].get("run")), (&value!(0), None));
    let said = value["flows"][0]["stopped"].as_str().unwrap();
    assert!(said.starts_with("paused: Ada") && said.ends_with("the CRM is being migrated"), "{said}");
    let status = json(&run(bench.path(), &["status", "--format", "json"]));
    assert_eq!(status["flows"][0]["paused"]["because"], "the CRM is being migrated", "{status:#}");
    let unknown = run(bench.path(), &["pause", "contcts", "--because", "x"]);
    assert_eq!(unknown.status.code(), Some(2));
    insta::assert_snapshot!("pause_unknown", stderr(&unknown));
    let resumed = run(bench.path(), &["resume", FLOW]);
    assert_eq!(resumed.status.code(), Some(0));
    assert_eq!(run(bench.path(), &["resume", FLOW]).status.code(), Some(2), "it is on already");
}

#[test]
#[cfg(unix)]
fn sigterm_ends_a_watching_connector_with_its_checkpoint_kept() {
    let bench = Bench::with("5");
    let mut child = bench.start(&["--watch"]);
    let mut logs = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("run-ended") {
        line.clear();
        assert!(logs.read_line(&mut line).unwrap() > 0, "it ended before its first pass did");
    }
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    let drained = std::thread::spawn(move || std::io::copy(&mut logs, &mut std::io::sink()));
    let output = child.wait_with_output().unwrap();
    drained.join().unwrap().unwrap();
    assert_eq!((output.status.code(), &json(&output)["verdict"]), (Some(0), &value!("PASS")));
    let again = json(&bench.run(&[]));
    let counts = &again["flows"][0]["reconciliation"];
    assert_eq!((&counts["written"], counts["read"].as_u64() < Some(5)), (&value!(0), true), "it went on: {again:#}");
    let runs = json(&run(bench.path(), &["runs", "--format", "json"]));
    assert_eq!(runs["runs"].as_array().unwrap().len(), 2, "{runs:#}");
    assert_eq!((&runs["runs"][1]["journal"]["open"], &runs["runs"][1]["verdict"]), (&value!(5), &value!("PASS")));
}

#[test]
fn every_log_line_of_a_flow_names_flow_run_and_what_it_belongs_to() {
    let bench = Bench::with("3");
    let output = bench.run(&[]);
    let lines: Vec<Value> = stderr(&output).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert!(lines.len() > 5);
    for line in &lines {
        assert!(line["flow"] == FLOW && line["run"].as_str().is_some_and(|r| r.starts_with("r-")), "{line}");
        let about_a_pass = ["run-started", "run-ended"].contains(&line["event"].as_str().unwrap());
        assert!(about_a_pass || line["correlation_id"].as_str().is_some_and(|c| c.len() == 32), "{line}");
    }
}
