//! How much, how often, how slowly, and how it ends.

use std::time::Duration;

use platform_integration::evidence::{EventKind, Query, Store as _};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{ADA, GRACE, Served, both, came, serve};

/// Begins a request by hand: the headers, and of the body what is given.
async fn begin(served: &Served, token: &str, length: usize, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/list\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// What comes until the other side closes.
async fn rest(mut stream: TcpStream) -> String {
    let mut out = Vec::new();
    let _ = stream.read_to_end(&mut out).await;
    String::from_utf8(out).unwrap()
}

#[tokio::test]
async fn a_body_over_the_limit_is_turned_away_however_it_is_sent() {
    let served = serve(|o| o.limits.body = 1000).await;
    let stated = served.send(&[], "x".repeat(1001)).await;
    let chunks = futures::stream::iter((0..5).map(|_| Ok::<_, std::io::Error>("x".repeat(300))));
    let streamed = served.send(&[], reqwest::Body::wrap_stream(chunks)).await;
    assert_eq!((stated.status, streamed.status), (413, 413));
    assert_eq!(stated.text, streamed.text);
    insta::assert_snapshot!(stated.page("over the limit"));
    let just = served.send(&[], "x".repeat(1000)).await;
    assert_ne!(just.status, 413, "{just:?}");
}

#[tokio::test]
async fn calls_beyond_the_rate_wait_and_other_callers_do_not() {
    let served = serve(|o| {
        o.principals = both();
        o.limits.per_second = Some(2);
    })
    .await;
    let mut statuses = Vec::new();
    let mut last = None;
    for _ in 0..6 {
        let came = served.modern(Some(ADA), "tools/list", json!({})).await;
        statuses.push(came.status);
        last = Some(came).filter(|c| c.status == 429).or(last);
    }
    assert_eq!(statuses[..4], [200; 4], "two a second, twice as many in a burst");
    insta::assert_snapshot!(last.expect("the fifth or sixth call had to wait").page("beyond the rate"));
    assert_eq!(served.modern(Some(GRACE), "tools/list", json!({})).await.status, 200);
}

#[tokio::test]
async fn calls_beyond_so_many_at_once_are_told_to_wait() {
    let served = serve(|o| {
        o.principals = both();
        o.limits.concurrent = 1;
    })
    .await;
    let body = super::modern("tools/list", json!({})).to_string();
    let (first, second) = body.split_at(10);
    // Under way: its body has not ended.
    let mut slow = begin(&served, ADA, body.len(), first).await;
    let refused = loop {
        let came = served.modern(Some(ADA), "tools/list", json!({})).await;
        if came.status != 200 {
            break came;
        }
        tokio::task::yield_now().await;
    };
    insta::assert_snapshot!(refused.page("beyond so many at once"));
    assert_eq!(served.modern(Some(GRACE), "tools/list", json!({})).await.status, 200);
    slow.write_all(second.as_bytes()).await.unwrap();
    let mut answer = [0; 15];
    slow.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    drop(slow);
    loop {
        // The permit comes back with the end of the answer.
        if served.modern(Some(ADA), "tools/list", json!({})).await.status == 200 {
            break;
        }
    }
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[tokio::test]
async fn work_whose_client_has_gone_keeps_its_place_until_it_has_ended_and_ends_soon() {
    let served = serve(|o| {
        o.principals = both();
        o.limits.concurrent = 1;
    })
    .await;
    copy(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/billing-to-crm"), served.dir.path());
    let drills = json!({"name": "run_drills", "arguments": {"contract": "integration.yaml", "schedules": 10_000}});
    let body = super::modern("tools/call", drills).to_string();
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ADA}\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\n\
         Mcp-Name: run_drills\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // It is under way, and stays so: so many schedules take hours.
    let mut busy = 0;
    while busy < 50 {
        busy += usize::from(served.modern(Some(ADA), "tools/list", json!({})).await.status == 429);
    }
    drop(stream);
    while served.modern(Some(ADA), "tools/list", json!({})).await.status != 200 {
        tokio::task::yield_now().await;
    }
    // Its place is free, so it has ended, and said how.
    let store =
        platform_integration::store::SqliteStore::open(&served.dir.path().join(".platform-integration/evidence.db"));
    let events = store.unwrap().query(&Query { limit: 10, ..Query::default() }).unwrap().events;
    let told: Vec<_> = events.iter().map(|e| (e.event.kind, e.event.summary.as_str())).collect();
    assert_eq!(told, [(EventKind::Faulted, "the call was cancelled")]);
}

#[tokio::test]
async fn who_sends_slowly_is_not_waited_for() {
    let served = serve(|o| {
        o.principals = both();
        o.limits.headers = Duration::from_millis(200);
        o.limits.body_within = Duration::from_millis(200);
    })
    .await;
    let mut silent = TcpStream::connect(served.addr).await.unwrap();
    silent.write_all(b"POST /mcp HTTP/1.1\r\nHost: local").await.unwrap();
    let answer = rest(silent).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "closed, at most with a word: {answer}");
    let half = rest(begin(&served, ADA, 100, "{").await).await;
    assert!(half.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{half}");
    insta::assert_snapshot!(half.split_once("\r\n\r\n").unwrap().1);
    assert_eq!(served.modern(Some(ADA), "tools/list", json!({})).await.status, 200, "it still serves");
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_their_turn() {
    let served = serve(|o| o.limits.connections = 1).await;
    let first = TcpStream::connect(served.addr).await.unwrap();
    let waiting = tokio::spawn(served.client.get(format!("http://{}/healthz", served.addr)).send());
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished());
    drop(first);
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn sessions_of_the_older_protocol_are_counted() {
    let served = serve(|o| {
        o.principals = both();
        o.limits.sessions = 2;
    })
    .await;
    let first = served.initialize(Some(ADA)).await;
    assert_eq!(first.status, 200);
    assert_eq!(served.initialize(Some(ADA)).await.status, 200);
    let third = served.initialize(Some(ADA)).await;
    insta::assert_snapshot!(third.page("one session too many"));
    assert_eq!(served.initialize(Some(GRACE)).await.status, 200);
    let bearer = format!("Bearer {ADA}");
    let closed = served.client.delete(&served.url).header("authorization", &bearer);
    let closed = closed.header("mcp-session-id", first.header("mcp-session-id")).send().await.unwrap();
    assert!(closed.status().is_success(), "{closed:?}");
    assert_eq!(served.initialize(Some(ADA)).await.status, 200, "a closed one counts no more");
}

#[tokio::test]
async fn sessions_are_counted_however_they_are_asked_for_and_all_at_once() {
    let served = serve(|o| {
        o.principals = both();
        o.limits.sessions = 2;
    })
    .await;
    let bearer = format!("Bearer {ADA}");
    let headers = [("authorization", bearer.as_str())];
    let params =
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}});
    let plain = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}).to_string();
    let escaped = plain.replace("\"initialize\"", "\"initi\\u0061lize\"");
    assert_ne!(plain, escaped);
    let tries = (0..8).map(|i| served.send(&headers, if i % 2 == 0 { plain.clone() } else { escaped.clone() }));
    let statuses: Vec<u16> = futures::future::join_all(tries).await.iter().map(|c| c.status).collect();
    assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 2, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|s| **s == 429).count(), 6, "{statuses:?}");
    assert_eq!(served.send(&headers, escaped).await.status, 429);
}

#[tokio::test]
async fn a_server_that_stops_answers_what_was_asked_and_ends_its_streams() {
    let served = serve(|o| o.principals = both()).await;
    let bearer = format!("Bearer {ADA}");
    let session = served.initialize(Some(ADA)).await.header("mcp-session-id").to_owned();
    let listening = served.client.get(&served.url).header("authorization", &bearer);
    let stream =
        listening.header("accept", "text/event-stream").header("mcp-session-id", &session).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    let body = super::modern("tools/list", json!({})).to_string();
    let (first, second) = body.split_at(10);
    let mut slow = begin(&served, ADA, body.len(), first).await;
    // The server has begun to read it once it has answered a later one.
    assert_eq!(served.modern(Some(ADA), "tools/list", json!({})).await.status, 200);

    served.stop.cancel();
    while TcpStream::connect(served.addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!served.ended.is_finished(), "a call is under way");
    slow.write_all(second.as_bytes()).await.unwrap();
    let answer = rest(slow).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("\"tools\""), "{answer}");
    let _ = came(stream).await; // it ends
    tokio::time::timeout(Duration::from_secs(20), served.ended).await.expect("it stops").unwrap();
}

#[tokio::test]
async fn a_call_that_does_not_end_is_cut_off() {
    let served = serve(|o| {
        o.principals = both();
        o.limits.drain = Duration::from_millis(100);
    })
    .await;
    let slow = begin(&served, ADA, 100, "{").await;
    assert_eq!(served.modern(Some(ADA), "tools/list", json!({})).await.status, 200);
    served.stop.cancel();
    tokio::time::timeout(Duration::from_secs(20), served.ended).await.expect("it stops").unwrap();
    drop(slow);
}
