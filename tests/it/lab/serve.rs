//! A mock over a real socket.

use std::sync::{Arc, Mutex};

use platform_integration::base::clock::SystemClock;
use platform_integration::base::rng::Rng;
use platform_integration::lab::mock::{MockOptions, MockSystem};
use platform_integration::lab::serve::{serve, serve_with};
use platform_integration::lab::unkind::fault;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_util::sync::CancellationToken;

use super::plans;

fn billing() -> Arc<Mutex<MockSystem>> {
    let mut mock = MockSystem::new(Arc::clone(&plans::billing_to_crm().1["billing"]), 1, MockOptions::default());
    mock.seed_records("customer", 3, &mut Rng::seeded(1));
    Arc::new(Mutex::new(mock))
}

#[tokio::test]
async fn it_answers_over_loopback_until_it_is_stopped() {
    let stop = CancellationToken::new();
    let address = "127.0.0.1:0".parse().unwrap();
    let serving = serve(billing(), address, Arc::new(SystemClock), stop.clone()).await.unwrap();
    let mut socket = tokio::net::TcpStream::connect(serving.addr).await.unwrap();
    let request = "GET /v1/customers?limit=2 HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer try\r\nconnection: close\r\n\r\n";
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert_eq!(answer.matches("date:").count(), 1, "{answer}");
    assert!(answer.contains("\"has_more\":true"), "{answer}");
    stop.cancel();
    serving.done.await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(serving.addr).await.is_err());
}

#[tokio::test]
async fn it_listens_for_this_machine_only() {
    for address in ["0.0.0.0:0", "192.0.2.1:0", "[::]:0"] {
        let refused = serve(billing(), address.parse().unwrap(), Arc::new(SystemClock), CancellationToken::new()).await;
        assert_eq!(refused.unwrap_err().kind(), std::io::ErrorKind::InvalidInput, "{address}");
    }
}

/// The whole answer to a GET on a connection of its own; empty where the connection ends without one.
async fn asked(addr: std::net::SocketAddr, path: &str, header: &str) -> String {
    let mut socket = tokio::net::TcpStream::connect(addr).await.unwrap();
    let fixed = "host: localhost\r\nauthorization: Bearer try\r\nconnection: close";
    let request = format!("GET {path} HTTP/1.1\r\n{fixed}\r\n{header}\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = socket.read_to_string(&mut answer).await;
    answer
}

#[tokio::test]
async fn faults_come_about_on_the_wire_as_often_as_asked_for() {
    let stop = CancellationToken::new();
    let faults = ["unavailable:1:1", "truncated-body:1:2", "connection-reset:1:3", "short-page:1:4"];
    let faults = faults.iter().map(|words| fault(words).unwrap()).collect();
    let address = "127.0.0.1:0".parse().unwrap();
    let serving = serve_with(billing(), faults, address, Arc::new(SystemClock), stop.clone()).await.unwrap();
    let list = async || asked(serving.addr, "/v1/customers?limit=3", "x-test: 1").await;
    let whole = list().await;
    assert!(whole.starts_with("HTTP/1.1 200 OK\r\n") && whole.matches("\"email\"").count() == 3, "{whole}");
    assert!(list().await.starts_with("HTTP/1.1 503 "));
    let half = list().await;
    assert!(half.starts_with("HTTP/1.1 200 OK\r\n") && half.len() < whole.len() && !half.ends_with('}'), "{half}");
    assert_eq!(list().await, "");
    assert_eq!(list().await.matches("\"email\"").count(), 1);
    assert_eq!(list().await.matches("\"email\"").count(), 3);
    stop.cancel();
    serving.done.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_described_answer_is_given_where_it_is_preferred() {
    let stop = CancellationToken::new();
    let serving = serve(billing(), "127.0.0.1:0".parse().unwrap(), Arc::new(SystemClock), stop.clone()).await.unwrap();
    for (code, line, part) in [
        ("429", "HTTP/1.1 429 ", "retry-after: "),
        ("200", "HTTP/1.1 200 ", "\"has_more\""),
        ("418", "HTTP/1.1 404 ", "describes no answer 418"),
    ] {
        let answer = asked(serving.addr, "/v1/customers", &format!("prefer: code={code}")).await;
        assert!(answer.starts_with(line) && answer.contains(part), "{code}: {answer}");
        let by_query = asked(serving.addr, &format!("/v1/customers?__code={code}"), "x-test: 1").await;
        assert!(by_query.starts_with(line), "{code}: {by_query}");
    }
    stop.cancel();
    serving.done.await.unwrap().unwrap();
}
