//! Over streamable HTTP: one session and one connection for each client, each calls again when it was answered.

use std::time::{Duration, Instant};

use crate::machine;
use crate::server::{HELLO, READY, Server, check};
use crate::times::Load;

struct Client {
    http: reqwest::Client,
    url: String,
    session: Option<String>,
}

impl Client {
    async fn connect(url: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(1).tcp_nodelay(true).build().unwrap();
        let mut client = Self { http, url: url.to_owned(), session: None };
        let answer = client.post(HELLO).await;
        client.session = answer.headers().get("mcp-session-id").map(|v| v.to_str().unwrap().to_owned());
        check(&answer.text().await.unwrap());
        client.post(READY).await.bytes().await.unwrap();
        client
    }

    async fn post(&self, message: &str) -> reqwest::Response {
        let mut request = self
            .http
            .post(&self.url)
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2025-11-25");
        if let Some(session) = &self.session {
            request = request.header("mcp-session-id", session);
        }
        request.body(message.to_owned()).send().await.unwrap()
    }

    async fn calls(&self, server: &Server, first: usize, times: usize) -> Vec<Duration> {
        let mut each = Vec::with_capacity(times);
        for n in 0..times {
            let message = server.call(first + n);
            let from = Instant::now();
            let text = self.post(&message).await.text().await.unwrap();
            each.push(from.elapsed());
            check(&text);
        }
        each
    }
}

/// So many clients at once, so many calls of each; and the memory of the server after them.
pub(crate) fn calls(server: &Server, clients: usize, times: usize) -> (Load, f64) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (mut child, url) = server.listen();
    // One thread: the client must not take the servers' processors.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let load = runtime.block_on(async {
        wait_for(&url).await;
        let all = futures::future::join_all((0..clients).map(|_| Client::connect(&url))).await;
        let warm = all.iter().map(|c| c.calls(server, 1, times / 10 + 1));
        futures::future::join_all(warm).await;
        let from = Instant::now();
        let each = futures::future::join_all(all.iter().map(|c| c.calls(server, 1_000_000, times))).await;
        Load::of(each.concat(), from.elapsed())
    });
    let loaded = machine::resident(child.id());
    let _ = child.kill();
    let _ = child.wait();
    (load, loaded)
}

/// Until somebody listens.
async fn wait_for(url: &str) {
    let address = url.strip_prefix("http://").unwrap().trim_end_matches("/mcp");
    for _ in 0..400 {
        if tokio::net::TcpStream::connect(address).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nobody listens at {url}");
}
