//! The command itself: what it refuses to serve, what it prints, how it stops.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::{ADA, GRACE};
use crate::cli::{binary, run, stderr, stdout, steady};

fn write(dir: &Path, name: &str, content: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = dir.join(name);
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_would_be_open_to_the_network_is_not_served() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "tokens", "ada file:ada.token\n", 0o600);
    write(dir.path(), "ada.token", ADA, 0o600);
    write(dir.path(), "none", "# nobody yet\n\n", 0o600);
    let mut page = String::new();
    for args in [
        "serve --http 0.0.0.0:0",
        "serve --http [::]:0",
        "serve --http 127.0.0.1:0 --behind-proxy",
        "serve --http 127.0.0.1:0 --allow-host mcp.example.com",
        "serve --http 0.0.0.0:0 --tokens tokens",
        "serve --http 127.0.0.1:0 --tokens none",
        "serve --http 127.0.0.1:0 --tokens tokens --allow-host http://mcp.example.com",
        "serve --http 127.0.0.1:0 --tokens tokens --allow-origin app.example.com",
        "serve --http 127.0.0.1:0 --tls-cert none --tls-key ada.token",
        "serve --http 127.0.0.1:0 --tls-cert missing.pem --tls-key missing.key",
    ] {
        let output = run(dir.path(), &args.split(' ').collect::<Vec<_>>());
        assert_eq!(output.status.code(), Some(2), "{args}: {}", stderr(&output));
        assert_eq!(stdout(&output), "");
        page.push_str(&format!("{args}\n{}\n", steady(&stderr(&output), dir.path())));
    }
    insta::assert_snapshot!(page);
}

#[test]
fn a_file_of_tokens_is_read_strictly_and_never_quoted() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "ada.token", ADA, 0o600);
    write(dir.path(), "short.token", "secret", 0o600);
    let mut page = String::new();
    for (what, content) in [
        ("a token itself", format!("ada {ADA}")),
        ("a token in three words", format!("ada env:ADA {ADA}")),
        ("a name alone", "ada".to_owned()),
        ("a name with a slash", "a/da file:ada.token".to_owned()),
        ("a variable that is not set", "ada env:PLATFORM_INTEGRATION_NO_SUCH_TOKEN".to_owned()),
        ("a file that is not there", "ada file:gone.token".to_owned()),
        ("a short token", "ada file:short.token".to_owned()),
        ("a digest that is none", "ada sha256:0123".to_owned()),
        ("one token for two", "# both\nada file:ada.token\ngrace file:ada.token".to_owned()),
    ] {
        write(dir.path(), "tokens", &content, 0o600);
        let output = run(dir.path(), &["serve", "--http", "127.0.0.1:0", "--tokens", "tokens"]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{what}: {said}");
        assert!(!said.contains(ADA) && !said.contains("secret\""), "{what}: {said}");
        page.push_str(&format!("{what}\n{}\n", steady(&said, dir.path())));
    }
    write(dir.path(), "tokens", "ada file:ada.token", 0o666);
    let output = run(dir.path(), &["serve", "--http", "127.0.0.1:0", "--tokens", "tokens"]);
    page.push_str(&format!("a file that others may write\n{}\n", steady(&stderr(&output), dir.path())));
    insta::assert_snapshot!(page);
}

#[test]
fn the_help_says_how_to_serve_more_than_one() {
    let dir = tempfile::tempdir().unwrap();
    insta::assert_snapshot!(stdout(&run(dir.path(), &["serve", "--help"])));
}

/// A server of its own, ended when the test ends.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts it in `dir` with what the command says, and waits for its address.
fn start(
    dir: &Path,
    args: &str,
    env: &[(&str, &str)],
) -> (Process, BufReader<std::process::ChildStderr>, String, String) {
    let mut child = Process(
        Command::new(binary())
            .args(args.split(' '))
            .current_dir(dir)
            .env_remove("PLATFORM_INTEGRATION_STORE")
            .env("NO_COLOR", "1")
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut lines = BufReader::new(child.0.stderr.take().unwrap());
    let mut said = String::new();
    loop {
        let mut line = String::new();
        assert!(lines.read_line(&mut line).unwrap() > 0, "it ended: {said}");
        said.push_str(&line);
        if let Some(rest) = line.strip_prefix("serving MCP at ") {
            let url = rest.split(' ').next().unwrap().to_owned();
            return (child, lines, said, url);
        }
    }
}

/// A call of a tool in the newer protocol.
async fn call(url: &str, token: &str, tool: &str, arguments: serde_json::Value) -> super::Came {
    let body = super::modern("tools/call", json!({"name": tool, "arguments": arguments})).to_string();
    let request = super::client().build().unwrap().post(url).header("authorization", format!("Bearer {token}"));
    let request =
        request.header("accept", "application/json, text/event-stream").header("content-type", "application/json");
    let request = request.header("mcp-protocol-version", "2026-07-28").header("mcp-method", "tools/call");
    super::came(request.header("mcp-name", tool).body(body).send().await.unwrap()).await
}

#[tokio::test]
async fn a_principal_reaches_no_file_outside_the_directory_served() {
    let around = tempfile::tempdir().unwrap();
    let dir = around.path().join("work");
    std::fs::create_dir(&dir).unwrap();
    write(
        around.path(),
        "tokens",
        &format!("ada {}\n", platform_integration::base::digest::Digest::of_bytes(ADA.as_bytes())),
        0o600,
    );
    write(around.path(), "private.yaml", "openapi: 3.1.0\ninfo: {title: Private, version: '1'}\npaths: {}\n", 0o600);
    write(&dir, "inside.yaml", "openapi: 3.1.0\ninfo: {title: Inside, version: '1'}\npaths: {}\n", 0o600);
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/billing-to-crm/integration.yaml");
    let contract = std::fs::read_to_string(example)
        .unwrap()
        .replace("apis/billing.openapi.yaml", "../private.yaml")
        .replace("apis/crm.openapi.json", "inside.yaml")
        + "\napprovals: {live_run: signature, signers: ../tokens}\n";
    write(&dir, "integration.yaml", &contract, 0o600);
    std::os::unix::fs::symlink(around.path().join("private.yaml"), dir.join("link.yaml")).unwrap();
    let (_child, _lines, _said, url) = start(&dir, "serve --http 127.0.0.1:0 --tokens ../tokens", &[]);

    let inside = call(&url, ADA, "map_system", json!({"api": "inside.yaml"})).await;
    assert!(inside.text.contains("Inside"), "{inside:?}");
    let opened = call(&url, ADA, "open_session", json!({"name": "a-b"})).await.json();
    let session = opened["result"]["structuredContent"]["session"].as_str().unwrap().to_owned();
    let mut page = String::new();
    for (tool, arguments) in [
        ("map_system", json!({"api": "/etc/passwd"})),
        ("map_system", json!({"api": "../private.yaml"})),
        ("map_system", json!({"api": "link.yaml"})),
        ("inspect_system", json!({"api": "../private.yaml", "operations": true})),
        ("draft_contract", json!({"session": session, "source": "a", "target": "b", "path": "../new.yaml"})),
        ("check_contract", json!({"contract": "../tokens"})),
        ("scaffold_connector", json!({"contract": "integration.yaml", "out": "../out"})),
        ("scaffold_connector", json!({"contract": "../tokens", "out": "out"})),
        ("run_drills", json!({"contract": "../tokens"})),
        ("export_dossier", json!({"session": session, "out": "/tmp"})),
    ] {
        let came = call(&url, ADA, tool, arguments).await;
        assert!(came.text.contains("refused: outside-the-directory: "), "{tool}: {came:?}");
        page.push_str(&format!("{tool}\n{}\n", came.json()["result"]["content"][0]["text"].as_str().unwrap()));
    }
    insta::assert_snapshot!(page);
    // Nor by way of a contract that names what lies outside.
    let checked = call(&url, ADA, "check_contract", json!({"contract": "integration.yaml"})).await.text;
    assert!(!checked.contains("Private") && !checked.contains("sha256:ada"), "{checked}");
    // Both are told, in the text and in the structure.
    assert_eq!(checked.matches("lies outside the directory").count(), 4, "{checked}");
    assert!(!around.path().join("new.yaml").exists() && !around.path().join("out").exists());
}

#[tokio::test]
async fn no_log_line_holds_a_token_and_stdout_stays_empty() {
    let dir = tempfile::tempdir().unwrap();
    let digest = platform_integration::base::digest::Digest::of_bytes(GRACE.as_bytes());
    write(dir.path(), "tokens", &format!("ada env:TOKEN_OF_ADA\ngrace {digest}\n"), 0o644);
    let env = [("RUST_LOG", "trace"), ("TOKEN_OF_ADA", ADA)];
    let (mut child, mut lines, mut said, url) = start(dir.path(), "serve --http 127.0.0.1:0 --tokens tokens", &env);
    // Read on, or the server would block on a full pipe.
    let reader = std::thread::spawn(move || {
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        rest
    });
    for (token, status) in [(ADA, 200), (GRACE, 200), ("token-of-nobody-0123456789abcdef", 401)] {
        let came = call(&url, token, "query_evidence", json!({})).await;
        assert_eq!(came.status, status, "{came:?}");
    }
    let term = Command::new("kill").arg(child.0.id().to_string()).status().unwrap();
    assert!(term.success());
    let ended = child.0.wait().unwrap();
    let mut out = String::new();
    child.0.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    said.push_str(&reader.join().unwrap());
    assert_eq!(ended.code(), Some(0), "{said}");
    assert_eq!(out, "");
    assert!(said.contains("TRACE"), "everything was logged");
    assert!(said.contains("may read the file of tokens"), "{said}");
    assert!([ADA, GRACE, "token-of-nobody"].iter().all(|token| !said.contains(token)), "a token was logged");
    let left: String = said.lines().filter(|l| l.contains("panicked")).collect();
    assert_eq!(left, "");
}

/// `timeout` signals its child, and then the group that the child is in; the wrapper of npm passes on what the terminal sent already.
#[tokio::test]
async fn the_echo_of_a_signal_is_no_second_wish() {
    use std::io::Write as _;
    let dir = tempfile::tempdir().unwrap();
    let (mut child, mut lines, _said, url) = start(dir.path(), "serve --http 127.0.0.1:0", &[]);
    // A request that is half there keeps it from ending at once.
    let mut half = std::net::TcpStream::connect(url.trim_start_matches("http://").split('/').next().unwrap()).unwrap();
    half.write_all(b"POST /mcp HTTP/1.1\r\nhost: ").unwrap();
    let id = rustix::process::Pid::from_raw(i32::try_from(child.0.id()).unwrap()).unwrap();
    for _ in 0..2 {
        std::thread::sleep(std::time::Duration::from_millis(100));
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    }
    let ended = child.0.wait().unwrap();
    let mut said = String::new();
    lines.read_to_string(&mut said).unwrap();
    assert_eq!(ended.code(), Some(0), "{said}");
}
