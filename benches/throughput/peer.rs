//! Both systems of the throughput bench in one process: a source that makes its records up page by page, so that ten
//! millions cost it no memory, and a target that takes what it is given and counts it. `throughput-peer RECORDS`; the
//! address is the first line it prints. `GET /count` tells what the target was given.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench's own server")]

use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::{Body, to_bytes};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;

struct Peer {
    records: u64,
    taken: AtomicU64,
    requests: AtomicU64,
}

#[tokio::main]
async fn main() {
    let records = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("http://{}", listener.local_addr().unwrap());
    let peer = Arc::new(Peer { records, taken: AtomicU64::new(0), requests: AtomicU64::new(0) });
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let peer = Arc::clone(&peer);
        let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
            let peer = Arc::clone(&peer);
            async move {
                let (parts, body) = request.into_parts();
                let body = to_bytes(Body::new(body), 64 << 20).await.unwrap_or_default();
                let (status, answer) = peer.answer(&parts, &body);
                let answer = http::Response::builder()
                    .status(status)
                    .header("content-type", "application/json")
                    .body(Body::from(answer))
                    .unwrap();
                Ok::<_, Infallible>(answer)
            }
        });
        tokio::spawn(async move {
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

impl Peer {
    fn answer(&self, parts: &http::request::Parts, body: &[u8]) -> (u16, String) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let query = parts.uri.query().unwrap_or_default();
        let number =
            |name: &str| query.split('&').find_map(|p| p.strip_prefix(name)?.strip_prefix('=')?.parse::<u64>().ok());
        match parts.uri.path() {
            "/v1/customers" => (200, self.page(number("cursor").unwrap_or(0), number("limit").unwrap_or(100).min(500))),
            "/v1/contacts/bulk" => {
                let Ok(body) = serde_json::from_slice::<Value>(body) else { return (400, "{}".to_owned()) };
                let given = body["contacts"].as_array().map_or(&[][..], Vec::as_slice);
                self.taken.fetch_add(given.len() as u64, Ordering::Relaxed);
                let mut out = String::from("{\"results\":[");
                for (i, one) in given.iter().enumerate() {
                    let _ = write!(
                        out,
                        "{}{{\"external_id\":{},\"status\":200}}",
                        if i > 0 { "," } else { "" },
                        one["external_id"]
                    );
                }
                out.push_str("]}");
                (200, out)
            }
            "/v1/contacts" => {
                let n = self.taken.fetch_add(1, Ordering::Relaxed);
                (201, format!("{{\"id\":\"con_{n}\",\"external_id\":\"x\"}}"))
            }
            "/count" => {
                let (taken, requests) = (self.taken.load(Ordering::Relaxed), self.requests.load(Ordering::Relaxed));
                (200, format!("{{\"taken\":{taken},\"requests\":{requests}}}"))
            }
            _ => (404, "{}".to_owned()),
        }
    }

    fn page(&self, from: u64, limit: u64) -> String {
        let to = (from + limit).min(self.records);
        let mut out = String::with_capacity(260 * usize::try_from(limit).unwrap_or(100));
        out.push_str("{\"data\":[");
        for i in from..to {
            let status = ["active", "trialing", "canceled"][usize::try_from(i % 3).unwrap_or(0)];
            let _ = write!(
                out,
                "{}{{\"id\":\"cus_{i:09}\",\"email\":\"Ada.{i}@example.com\",\"name\":\"Ada Lovelace\",\"status\":\"{status}\",\
                 \"balance\":{},\"currency\":\"USD\",\"created_at\":\"2026-01-02T03:04:05Z\",\"updated_at\":\"2026-03-04T05:06:{:02}Z\"}}",
                if i > from { "," } else { "" },
                i * 7 % 100_000,
                i % 60
            );
        }
        let more = to < self.records;
        let next = if more { format!("\"{to}\"") } else { "null".to_owned() };
        let _ = write!(out, "],\"has_more\":{more},\"next_cursor\":{next}}}");
        out
    }
}
