//! Pages for a browser: the dossier as one file, and what `serve --ui` shows. Held to what a browser and a screen reader
//! need; `tests/clients/browser.mjs` opens them in a real one.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use platform_integration::app::look::{self, Filter};
use platform_integration::app::{App, Face};
use platform_integration::base::clock::{SystemClock, Timestamp};
use platform_integration::base::rng::Rng;
use platform_integration::evidence::{Blob, EventKind, NewEvent, Outcome, Phase, Provenance, Recorded, Store as _};
use platform_integration::store::SqliteStore;
use serde_json::Value;

use platform_integration::scaffold::{
    ConstraintLine, Dossier, DrillLine, EventLine, FactLine, FlowLine, MappingLine, SystemLine, dossier,
};

use crate::cli::{binary, json, repository, run, stderr, steady, workspace};

/// A tag as it stands in the source: name, attributes, whether it closes.
#[derive(Debug)]
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
    closes: bool,
    alone: bool,
}

/// The tags of a page, read strictly: every value quoted, no stray `<`.
fn tags(page: &str) -> Vec<Tag> {
    let mut out = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if rest.starts_with("!DOCTYPE html>") {
            continue;
        }
        let mut chars = rest.char_indices().peekable();
        let mut quoted = false;
        let end = chars
            .find(|(_, c)| {
                quoted ^= *c == '"';
                *c == '>' && !quoted
            })
            .unwrap_or_else(|| panic!("a tag without an end: {}", &rest[..rest.len().min(80)]))
            .0;
        let inside = &rest[..end];
        rest = &rest[end + 1..];
        let closes = inside.starts_with('/');
        let alone = inside.ends_with('/');
        let inside = inside.trim_matches('/');
        let (name, mut left) = inside.split_once([' ', '\n']).unwrap_or((inside, ""));
        assert!(!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric()), "no tag: <{inside}>");
        let mut attributes = Vec::new();
        left = left.trim();
        while !left.is_empty() {
            let stop = left.find(['=', ' ']).unwrap_or(left.len());
            let (key, after) = left.split_at(stop);
            assert!(key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "no attribute: {key:?} in <{inside}>");
            if let Some(value) = after.strip_prefix("=\"") {
                let (value, after) = value.split_once('"').unwrap_or_else(|| panic!("an open quote in <{inside}>"));
                attributes.push((key.to_owned(), value.to_owned()));
                left = after.trim_start();
            } else {
                assert!(!after.starts_with('='), "an unquoted value in <{inside}>");
                attributes.push((key.to_owned(), String::new()));
                left = after.trim_start();
            }
        }
        // What is inside is no markup.
        if !closes && ["style", "script"].contains(&name) {
            let close = format!("</{name}>");
            let end = rest.find(&close).unwrap_or_else(|| panic!("no {close}"));
            rest = &rest[end..];
        }
        out.push(Tag { name: name.to_owned(), attributes, closes, alone });
    }
    out
}

const VOID: [&str; 5] = ["meta", "link", "br", "input", "img"];

/// Well formed, every id once, every link inside the page leads somewhere, headings in order, tables with scopes,
/// landmarks, drawings named, nothing from elsewhere.
fn holds(page: &str, what: &str) {
    let tags = tags(page);
    let mut open: Vec<&str> = Vec::new();
    let mut ids = BTreeSet::new();
    let mut level = 0;
    let get = |tag: &Tag, key: &str| tag.attributes.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
    for tag in &tags {
        if tag.closes {
            assert_eq!(open.pop(), Some(tag.name.as_str()), "{what}: closed out of order");
            continue;
        }
        if !tag.alone && !VOID.contains(&tag.name.as_str()) {
            open.push(&tag.name);
        }
        let mut keys = BTreeSet::new();
        for (key, value) in &tag.attributes {
            assert!(keys.insert(key), "{what}: {key} twice in <{}>", tag.name);
            assert!(!key.starts_with("on") && key != "style", "{what}: {key} in <{}>", tag.name);
            let outside = value.starts_with("http") || value.starts_with("//") || value.starts_with("javascript");
            assert!(!(["href", "src", "action"].contains(&key.as_str()) && outside), "{what}: {key}={value}");
        }
        if let Some(id) = get(tag, "id") {
            assert!(!id.is_empty() && !id.contains(char::is_whitespace), "{what}: id {id:?}");
            assert!(ids.insert(id.clone()), "{what}: id {id} twice");
        }
        if let Some(n) = tag.name.strip_prefix('h').and_then(|n| n.parse::<u32>().ok()) {
            assert!(n <= level + 1, "{what}: h{n} after h{level}");
            level = n;
        }
        if tag.name == "th" {
            assert!(get(tag, "scope").is_some_and(|s| s == "col" || s == "row"), "{what}: th without scope");
        }
        if tag.name == "svg" {
            assert_eq!(get(tag, "role").as_deref(), Some("img"), "{what}: svg without role");
        }
    }
    assert!(open.is_empty(), "{what}: never closed: {open:?}");
    for tag in tags.iter().filter(|t| !t.closes) {
        if let Some(to) = get(tag, "href").and_then(|h| h.strip_prefix('#').map(str::to_owned)) {
            assert!(ids.contains(&to), "{what}: #{to} leads nowhere");
        }
        for key in ["aria-labelledby", "aria-describedby"] {
            for id in get(tag, key).unwrap_or_default().split_whitespace() {
                assert!(ids.contains(id), "{what}: {key} names {id}, which is not there");
            }
        }
    }
    let count = |name: &str| tags.iter().filter(|t| !t.closes && t.name == name).count();
    assert_eq!((count("main"), count("h1"), count("title") > 0), (1, 1, true), "{what}: landmarks");
    assert!(page.contains("lang=\"en\"") && page.contains("class=\"skip\" href=\"#main\""), "{what}");
}

/// The page without its style sheet and script, which are files of their own.
fn content(page: &str) -> String {
    let style = regex::Regex::new(r"(?s)<style>.*?</style>").unwrap();
    let script = regex::Regex::new(r"(?s)<script>.*?</script>").unwrap();
    let page = style.replace(page, "<style>@@STYLE@@</style>");
    script.replace(&page, "<script>@@SCRIPT@@</script>").into_owned()
}

/// Eight digits of a hash, and the times as they are shown, change from run to run.
fn still(page: &str, dir: &Path) -> String {
    // A slash is written out as a sign of its own.
    let mut out = steady(&page.replace("&#x2f;", "/"), dir);
    for (pattern, name) in [
        (r#"(title="@@DIGEST@@">)[0-9a-f]{8}"#, "${1}@@SHORT@@"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "@@SHOWN@@"),
        (r"sha256:[0-9a-f]*…", "@@DIGEST@@…"),
        (r"[^\s<>]*evidence\.db", "@@STORE@@"),
    ] {
        out = regex::Regex::new(pattern).unwrap().replace_all(&out, name).into_owned();
    }
    out
}

/// The demo in a directory of its own; its session.
fn demo(dir: &Path) -> String {
    let ran = run(dir, &["demo", "--schedules", "3", "--format", "json"]);
    json(&ran)["session"].as_str().unwrap_or_else(|| panic!("{}", stderr(&ran))).to_owned()
}

#[test]
fn the_page_of_a_real_session_is_whole() {
    let dir = workspace("billing-to-crm");
    let session = demo(dir.path());
    let exported = run(dir.path(), &["export", "--session", &session, "--out", "dossier", "--format", "json"]);
    assert_eq!(exported.status.code(), Some(0), "{}", stderr(&exported));
    let page = std::fs::read_to_string(dir.path().join("dossier/dossier.html")).unwrap();
    holds(&page, "dossier");
    assert!(!page.contains("<script"), "it needs none");
    insta::assert_snapshot!("page-of-a-session", still(&content(&page), dir.path()));
}

#[test]
fn hostile_names_stay_text_on_the_page() {
    let evil = "</script></title></style><script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u{202e}gnp\u{200b} {{ 7*7 }} event 1";
    let e = || evil.to_owned();
    let flow = FlowLine {
        name: e(),
        source: e(),
        reads: e(),
        target: e(),
        writes: e(),
        every: e(),
        attempts: 1,
        rate: e(),
        protection: e(),
        alert_at: 1,
        freshness: e(),
        freshness_seconds: None,
        silence_seconds: None,
    };
    let fact = FactLine { fact: e(), value: e(), basis: e(), ground: e() };
    let system =
        SystemLine { name: e(), title: e(), api: e(), base_url: e(), facts: vec![fact], ..SystemLine::default() };
    let rule = MappingLine { flow: e(), target: e(), from: e(), how: e(), sources: vec![e()] };
    let constraint =
        ConstraintLine { id: e(), kind: e(), says: e(), origin: e(), number: 1, ..ConstraintLine::default() };
    let drill = DrillLine { flow: e(), code: e(), verdict: e(), because: e(), event: Some(1), ..DrillLine::default() };
    let event =
        EventLine { seq: 1, summary: e(), client: e(), data: e(), kind: e(), tool: e(), ..EventLine::default() };
    let input = Dossier {
        name: e(),
        why: e(),
        goal: e(),
        owner: e(),
        contract: e(),
        session: e(),
        digest: e(),
        notes: e(),
        risks: vec![e()],
        raise: vec![e()],
        unmapped: vec![e()],
        systems: vec![system],
        flows: vec![flow],
        mapping: vec![rule],
        constraints: vec![constraint],
        drills: vec![drill],
        events: vec![event],
        ..Dossier::default()
    };
    let page = dossier(&input).unwrap().into_iter().find(|f| f.path == "dossier.html").unwrap().content;
    holds(&page, "hostile");
    for forbidden in ["<script", "<img", "\u{202e}", "\u{200b}", " 49 "] {
        assert!(!content(&page).contains(forbidden), "{forbidden:?}");
    }
    assert!(page.contains("event <a href=\"#e1\">1</a>"), "what refers to an event leads there");
}

/// A server of its own, ended when the test ends.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(dir: &Path, args: &str) -> (Process, String) {
    let mut command = Command::new(binary());
    command.args(args.split(' ')).current_dir(dir).env_remove("PLATFORM_INTEGRATION_STORE").env("NO_COLOR", "1");
    let mut child =
        Process(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(child.0.stderr.take().unwrap()).lines();
    let said = lines.find_map(|l| {
        let line = l.unwrap();
        let from = line.find("showing the evidence at http://")? + "showing the evidence at http://".len();
        Some(line[from..].split('/').next().unwrap_or_default().to_owned())
    });
    // Read on, so that the server never writes to a closed pipe.
    std::thread::spawn(move || lines.for_each(drop));
    (child, said.expect("an address"))
}

/// Status, head and body of an answer, over a connection of its own.
fn ask(addr: &str, method: &str, path: &str, more: &str) -> (u16, String, String) {
    let host = if more.contains("Host:") { String::new() } else { format!("Host: {addr}\r\n") };
    let mut stream = TcpStream::connect(addr).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\n{host}Connection: close\r\n{more}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or_else(|| panic!("{answer}"));
    (status, head.to_lowercase(), body.to_owned())
}

#[test]
fn the_pages_show_what_is_in_the_store_and_change_nothing() {
    let dir = workspace("billing-to-crm");
    let session = demo(dir.path());
    let opened = run(dir.path(), &["open", "other-work", "--goal", "<b>bold</b>", "--anyway", "--format", "json"]);
    let other = json(&opened)["session"].as_str().unwrap().to_owned();
    let (_server, addr) = serve(dir.path(), "serve --ui --listen 127.0.0.1:0");
    let head = ask(&addr, "GET", "/head", "").2;
    let mut seen = BTreeSet::new();
    let mut next = vec![
        "/".to_owned(),
        format!("/compare?left={session}&right={other}"),
        "/records?text=drill".to_owned(),
        "/records?outcome=refused".to_owned(),
        "/records?who=CLI&tool=run_drills&kind=drills-run&phase=validate".to_owned(),
        format!("/records?who=operations-platform-integration-{other}"),
    ];
    // Every link of every page leads to a page that holds.
    while let Some(path) = next.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let (status, head, body) = ask(&addr, "GET", &path, "");
        assert_eq!(status, 200, "{path}: {body}");
        holds(&body, &path);
        assert!(!body.contains("<b>bold"), "{path}");
        for header in [
            "content-security-policy: default-src 'none'",
            "x-content-type-options: nosniff",
            "frame-ancestors 'none'",
            "referrer-policy: no-referrer",
        ] {
            assert!(head.contains(header), "{path}: {header}: {head}");
        }
        let hrefs =
            tags(&body).into_iter().flat_map(|t| t.attributes).filter(|(k, v)| k == "href" && v.starts_with('/'));
        next.extend(hrefs.map(|(_, v)| v.replace("&amp;", "&").replace("&#x2f;", "/")));
    }
    for wanted in [format!("/sessions/{session}"), format!("/sessions/{other}"), "/records/1".to_owned()] {
        assert!(seen.contains(&wanted), "{wanted} in {seen:#?}");
    }
    assert!(seen.iter().any(|p| p.contains("/constraints/")), "{seen:#?}");
    let records = ask(&addr, "GET", "/records?kind=drills-run", "").2;
    assert!(records.contains("drills-run") && !records.contains("session-opened ·"), "the filter filters");
    assert_eq!(ask(&addr, "GET", "/head", "").2, head, "a look records nothing");
    // A page that is asked for its head alone, and what is refused.
    let (status, _, body) = ask(&addr, "HEAD", "/", "");
    assert_eq!((status, body.as_str()), (200, ""));
    let mut page = String::new();
    let tag = regex::Regex::new("<[^>]*>").unwrap();
    for (method, path, more) in [
        ("GET", "/nowhere", ""),
        ("GET", "/records/999", ""),
        ("GET", "/records/x", ""),
        ("GET", "/records?kind=drill", ""),
        ("GET", "/records?text=a", ""),
        ("GET", "/records?outcome=good", ""),
        ("GET", "/records?since=yesterday", ""),
        ("GET", "/records?before=-1", ""),
        ("GET", "/?cursor=x", ""),
        ("GET", "/records?cursor=abc", ""),
        ("GET", "/sessions/s-none", ""),
        ("GET", "/compare?left=s-none&right=s-none", ""),
        ("POST", "/", "Content-Length: 0\r\n"),
        ("DELETE", "/records/1", ""),
        ("GET", "/", "Host: evil.example\r\n"),
        ("GET", "/", "Host: 127.0.0.1.evil.example:80\r\n"),
        ("GET", "/", "Host: localhost:99999\r\n"),
    ] {
        let (status, _, body) = ask(&addr, method, path, more);
        assert!(body.contains("What gets further"), "{path}: {body}");
        holds(&body, path);
        let text = tag.replace_all(&content(&body), " ").into_owned();
        let said: Vec<&str> = text.split_whitespace().skip_while(|w| *w != "Compare").skip(1).collect();
        page.push_str(&format!("{method} {path} {}\n{status}: {}\n\n", more.trim(), said.join(" ")));
    }
    insta::assert_snapshot!("pages-refused", still(&page, dir.path()));
    assert_eq!(ask(&addr, "GET", &format!("/{}", "x".repeat(5_000)), "").0, 414);
}

/// A record of a made-up log: some kinds, tools and clients are rare.
fn made_up(i: u64) -> Recorded {
    let opens = i.is_multiple_of(1_000);
    let input = Blob::of(&serde_json::json!(i));
    let event = NewEvent {
        session: Some(format!("s-{}", i / 1_000)),
        at: Timestamp(1_795_000_000_000 + i64::try_from(i).unwrap() * 1_000),
        phase: Phase::Map,
        kind: match i {
            _ if opens => EventKind::SessionOpened,
            _ if i.is_multiple_of(97) => EventKind::DrillsRun,
            _ => EventKind::EvidenceQueried,
        },
        tool: if i.is_multiple_of(501) { "rare" } else { "common" }.to_owned(),
        client: if i.is_multiple_of(2) { "Even 1.0" } else { "odd 2.0" }.to_owned(),
        outcome: if i.is_multiple_of(700) && !opens { Outcome::Refused } else { Outcome::Ok },
        input: input.digest.clone(),
        output: input.digest.clone(),
        summary: format!("step {i}{}", if i.is_multiple_of(333) { " with a needle" } else { "" }),
        data: if opens { serde_json::json!({"name": "made-up", "goal": "many"}) } else { Value::Null },
        provenance: Provenance::default(),
    };
    Recorded::new(event, input.clone(), input)
}

#[test]
fn a_search_finds_every_record_once_newest_first_however_it_is_paged() {
    const ALL: u64 = 6_000;
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(&dir.path().join("evidence.db")).unwrap());
    for first in (0..ALL).step_by(500) {
        store.append((first..first + 500).map(made_up).collect()).unwrap();
    }
    let app = App::new(Arc::clone(&store) as _, store, Arc::new(SystemClock), Rng::seeded(1), dir.path().to_owned());
    let face = Face::Browser { principal: None };
    let text = |s: &str| s.to_owned();
    type Fits = fn(u64) -> bool;
    let cases: [(Filter, Fits); 8] = [
        (Filter::default(), |_| true),
        (Filter { kind: text("drills-run"), ..Filter::default() }, |i| i % 97 == 0 && i % 1_000 != 0),
        (Filter { tool: text("rare"), ..Filter::default() }, |i| i % 501 == 0),
        (Filter { outcome: text("refused"), ..Filter::default() }, |i| i % 700 == 0 && i % 1_000 != 0),
        (Filter { who: text("even"), ..Filter::default() }, |i| i % 2 == 0),
        (Filter { text: text("needle"), ..Filter::default() }, |i| i % 333 == 0),
        (Filter { session: text("s-3"), ..Filter::default() }, |i| i / 1_000 == 3),
        (Filter { text: text("needle"), tool: text("rare"), ..Filter::default() }, |i| i % 333 == 0 && i % 501 == 0),
    ];
    for (filter, fits) in cases {
        let mut seen = Vec::new();
        let mut before = String::new();
        loop {
            let page = look::records(&app, &face, &Filter { before: before.clone(), ..filter.clone() }).unwrap();
            assert!(page.records.len() <= 50);
            // Records are numbered from 1, the made-up ones from 0.
            seen.extend(page.records.iter().map(|r| r.seq - 1));
            match page.before {
                Some(next) => before = next.to_string(),
                None => break,
            }
        }
        let wanted: Vec<u64> = (0..ALL).rev().filter(|i| fits(*i)).collect();
        assert_eq!(seen, wanted, "{filter:?}");
    }
    let first = look::sessions(&app, &face, None).unwrap();
    assert_eq!((first.sessions.len(), first.cursor), (6, None));
    // A long session shows its newest events and says that there are more.
    let looked = look::session(&app, &face, "s-2").unwrap();
    assert_eq!(looked.dossier.events.len(), 300);
    assert_eq!(looked.dossier.events.last().unwrap().summary, "step 2999");
    assert!(looked.dossier.events_total > 300);
}

#[test]
fn with_tokens_each_sees_its_own_and_nobody_else_anything() {
    use std::os::unix::fs::PermissionsExt as _;
    const ADA: &str = "token-of-ada-0123456789abcdef";
    let dir = workspace("billing-to-crm");
    let session = demo(dir.path());
    std::fs::write(dir.path().join("ada.token"), ADA).unwrap();
    std::fs::write(dir.path().join("tokens"), "ada file:ada.token\n").unwrap();
    for file in ["ada.token", "tokens"] {
        std::fs::set_permissions(dir.path().join(file), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let (_server, addr) = serve(dir.path(), "serve --ui --listen 127.0.0.1:0 --tokens tokens");
    let (status, head, body) = ask(&addr, "GET", "/", "");
    assert_eq!(status, 401, "{body}");
    assert!(head.contains("www-authenticate: basic realm=") && !body.contains(&session), "{head}");
    assert_eq!(ask(&addr, "GET", "/", "Authorization: Bearer wrong\r\n").0, 401);
    let with = format!("Authorization: Bearer {ADA}\r\n");
    let (status, _, body) = ask(&addr, "GET", "/", &with);
    assert_eq!(status, 200);
    assert!(!body.contains(&session), "the local user's session is not hers");
    for path in [format!("/sessions/{session}"), "/records/1".to_owned(), format!("/sessions/{session}/constraints/x")]
    {
        assert_eq!(ask(&addr, "GET", &path, &with).0, 404, "{path}");
    }
    assert!(!ask(&addr, "GET", "/records", &with).2.contains(&session));
}

#[test]
fn tools_and_pages_are_served_together_and_stop_together() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(binary());
    let args = ["serve", "--http", "127.0.0.1:0", "--ui", "--listen", "127.0.0.1:0"];
    command.args(args).current_dir(dir.path()).env_remove("PLATFORM_INTEGRATION_STORE").env("NO_COLOR", "1");
    let mut child =
        Process(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(child.0.stderr.take().unwrap()).lines();
    let mut address = |what: &str| {
        let found = lines.find_map(|l| l.unwrap().split_once(what).map(|(_, rest)| rest.to_owned()));
        found.unwrap().split('/').next().unwrap().to_owned()
    };
    let (tools, pages) = (address("serving MCP at http://"), address("showing the evidence at http://"));
    assert_eq!(ask(&tools, "GET", "/healthz", "").0, 200);
    let (status, _, body) = ask(&pages, "GET", "/", "");
    assert_eq!(status, 200);
    assert!(body.contains("No session was opened in this store yet"), "{body}");
    assert_eq!(ask(&tools, "GET", "/records", "").0, 404, "each has an address of its own");
    let stop = Command::new("kill").args(["-INT", &child.0.id().to_string()]).status().unwrap();
    assert!(stop.success());
    let mut left = String::new();
    child.0.stdout.take().unwrap().read_to_string(&mut left).unwrap();
    assert_eq!((child.0.wait().unwrap().code(), left.as_str()), (Some(0), ""), "stdout stays empty");
}

#[test]
fn what_would_be_open_to_the_network_is_not_shown() {
    let dir = tempfile::tempdir().unwrap();
    for args in [
        "serve --ui --listen 0.0.0.0:0",
        "serve --ui --listen 127.0.0.1:0 --behind-proxy",
        "serve --ui --listen 127.0.0.1:0 --allow-host look.example.com",
    ] {
        let output = run(dir.path(), &args.split(' ').collect::<Vec<_>>());
        assert_eq!(output.status.code(), Some(2), "{args}: {}", stderr(&output));
        assert!(stderr(&output).contains("open-to-the-network"), "{args}: {}", stderr(&output));
    }
}

#[test]
fn the_style_keeps_to_what_it_promises() {
    let style = std::fs::read_to_string(repository().join("resources/templates/html/style.css")).unwrap();
    for wanted in [
        "prefers-color-scheme: dark",
        "prefers-reduced-motion",
        "@media print",
        ":focus-visible",
        "break-inside: avoid",
    ] {
        assert!(style.contains(wanted), "{wanted}");
    }
    assert!(!style.contains("url(") && !style.contains("@import") && !style.contains("</"), "nothing from elsewhere");
}
