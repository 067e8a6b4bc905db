//! A mock over a real socket.

use std::sync::{Arc, Mutex};

use platform_integration::base::clock::SystemClock;
use platform_integration::base::rng::Rng;
use platform_integration::lab::mock::{MockOptions, MockSystem};
use platform_integration::lab::serve::serve;
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
