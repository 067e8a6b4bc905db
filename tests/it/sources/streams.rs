//! Packed descriptions, standard input, addresses.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use super::{API, findings, json, map, shelter};
use crate::cli::{binary, run, stderr};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Serves files of a directory on this machine; `/away/...` redirects to what follows.
fn web(dir: &std::path::Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let dir = dir.to_owned();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let Ok(mut socket) = socket else { return };
            let mut line = String::new();
            let _ = BufReader::new(&socket).read_line(&mut line);
            let path = line.split(' ').nth(1).unwrap_or("/").to_owned();
            let answer = match path.strip_prefix("/away/") {
                Some(to) => format!(
                    "HTTP/1.1 302 Found\r\nlocation: http://{to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                )
                .into_bytes(),
                None => match std::fs::read(dir.join(path.trim_start_matches('/'))) {
                    Ok(body) => {
                        let head =
                            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                        [head.into_bytes(), body].concat()
                    }
                    Err(_) => b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec(),
                },
            };
            let _ = socket.write_all(&answer);
            let _ = socket.shutdown(std::net::Shutdown::Write);
            let _ = socket.read(&mut [0; 1024]);
        }
    });
    base
}

#[test]
fn a_packed_description_is_read_like_a_plain_one() {
    let dir = tempfile::tempdir().unwrap();
    shelter(dir.path());
    let plain = map(dir.path(), &["apis/shelter.yaml"]);
    let file = dir.path().join("apis/packed.gz");
    std::fs::write(&file, gzip(API.as_bytes())).unwrap();
    let packed = map(dir.path(), &["apis/packed.gz"]);
    assert_eq!((&plain["title"], &plain["entities"]), (&packed["title"], &packed["entities"]));
    let wide: Vec<u8> = API.encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(dir.path().join("apis/wide.yaml"), [b"\xff\xfe".as_slice(), &wide].concat()).unwrap();
    let wide = map(dir.path(), &["apis/wide.yaml"]);
    assert_eq!(plain["entities"], wide["entities"]);
    assert!(findings(&wide).contains(&"not-utf8 apis/wide.yaml".to_owned()));
    let mut latin: Vec<u8> = API.replace("Shelter", "Refugio Espana").into_bytes();
    let at = latin.windows(6).position(|w| w == b"Espana").unwrap() + 4;
    latin[at] = 0xf1;
    std::fs::write(dir.path().join("apis/latin.yaml"), latin).unwrap();
    assert_eq!(map(dir.path(), &["apis/latin.yaml"])["title"], "Refugio España");
}

#[test]
fn a_description_comes_through_standard_input() {
    let dir = tempfile::tempdir().unwrap();
    let text = API.replace("parts/", "#/parts/");
    let piped = |args: &[&str]| {
        let mut child = Command::new(binary())
            .args(args)
            .current_dir(dir.path())
            .env_remove("PLATFORM_INTEGRATION_STORE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Whoever refuses closes the pipe before it is read.
        let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
        child.wait_with_output().unwrap()
    };
    let map = json(&piped(&["map", "-", "--format", "json"]));
    assert_eq!((&map["title"], &map["operations"]), (&"Shelter".into(), &1.into()));
    let refused = piped(&["map", "-", "--session", "s-20261126-aaaaaa"]);
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
}

#[test]
fn a_description_and_its_parts_come_from_an_address() {
    let dir = tempfile::tempdir().unwrap();
    shelter(dir.path());
    let base = web(dir.path());
    let url = format!("{base}/apis/shelter.yaml");
    let map = map(dir.path(), &[&url, "--allow-private", "--allow-http"]);
    assert_eq!((&map["title"], &map["origin"]), (&"Shelter".into(), &url.clone().into()));
    let wrong: Vec<String> =
        findings(&map).into_iter().filter(|f| f.contains("reference") || f.contains("file")).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn addresses_are_refused_with_a_way_on() {
    let dir = tempfile::tempdir().unwrap();
    shelter(dir.path());
    let base = web(dir.path());
    let url = format!("{base}/apis/shelter.yaml");
    let away = format!("{base}/away/169.254.169.254/latest/meta-data/");
    for (args, because) in [
        (vec![url.as_str()], "plain http"),
        (vec![&url, "--allow-http"], "not a public address"),
        (vec![&away, "--allow-http", "--allow-private"], "169.254.169.254, which is not a public address"),
        (vec!["https://user:secret@shelter.example/x"], "without user name and password"),
    ] {
        let output = run(dir.path(), &[&["map"], args.as_slice()].concat());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(because) && said.contains("next:"), "{args:?}: {said}");
        assert!(!said.contains("secret@"), "{said}");
    }
}

#[test]
fn an_agent_fetches_nothing_unless_the_server_may() {
    let dir = tempfile::tempdir().unwrap();
    let crate::cli::Serving { mut child, mut to, mut from } = crate::cli::serving(dir.path(), "fetcher");
    for (i, api) in ["https://shelter.example/openapi.json", "-"].iter().enumerate() {
        let call = serde_json::json!({"jsonrpc": "2.0", "id": i + 1, "method": "tools/call",
            "params": {"name": "map_system", "arguments": {"api": api}}});
        writeln!(to, "{call}").unwrap();
        let mut line = String::new();
        from.read_line(&mut line).unwrap();
        let code = ["url-not-allowed", "no-standard-input"][i];
        assert!(line.contains(code) && line.contains("save"), "{line}");
    }
    drop(to);
    let _ = child.kill();
    let _ = child.wait();
}
