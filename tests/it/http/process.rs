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

#[tokio::test]
async fn no_log_line_holds_a_token_and_stdout_stays_empty() {
    let dir = tempfile::tempdir().unwrap();
    let digest = platform_integration::base::digest::Digest::of_bytes(GRACE.as_bytes());
    write(dir.path(), "tokens", &format!("ada env:TOKEN_OF_ADA\ngrace {digest}\n"), 0o644);
    let mut child = Process(
        Command::new(binary())
            .args(["serve", "--http", "127.0.0.1:0", "--tokens", "tokens"])
            .current_dir(dir.path())
            .env_remove("PLATFORM_INTEGRATION_STORE")
            .env("RUST_LOG", "trace")
            .env("NO_COLOR", "1")
            .env("TOKEN_OF_ADA", ADA)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut lines = BufReader::new(child.0.stderr.take().unwrap());
    let mut said = String::new();
    let url = loop {
        let mut line = String::new();
        assert!(lines.read_line(&mut line).unwrap() > 0, "it ended: {said}");
        said.push_str(&line);
        if let Some(rest) = line.strip_prefix("serving MCP at ") {
            break rest.split(' ').next().unwrap().to_owned();
        }
    };
    // Read on, or the server would block on a full pipe.
    let reader = std::thread::spawn(move || {
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        rest
    });
    let client = super::client().build().unwrap();
    for (token, status) in [(ADA, 200), (GRACE, 200), ("token-of-nobody-0123456789abcdef", 401)] {
        let body = super::modern("tools/call", json!({"name": "query_evidence", "arguments": {}})).to_string();
        let request = client.post(&url).header("authorization", format!("Bearer {token}")).body(body);
        let request =
            request.header("accept", "application/json, text/event-stream").header("content-type", "application/json");
        let request = request.header("mcp-protocol-version", "2026-07-28").header("mcp-method", "tools/call");
        let came = super::came(request.header("mcp-name", "query_evidence").send().await.unwrap()).await;
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
