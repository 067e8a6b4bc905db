//! `serve --http` as a network meets it: real sockets on loopback, with good callers and bad ones.

mod door;
mod eras;
mod limits;
mod process;
mod resources;
mod tenants;

use std::net::SocketAddr;
use std::sync::Arc;

use platform_integration::app::App;
use platform_integration::base::clock::SystemClock;
use platform_integration::base::digest::Digest;
use platform_integration::base::rng::Rng;
use platform_integration::mcp::{HttpOptions, Principals, serve_http};
use platform_integration::store::SqliteStore;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use rmcp::model::*;
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientHandler, RoleClient};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(super) const ADA: &str = "token-of-ada-0123456789abcdef";
pub(super) const GRACE: &str = "token-of-grace-0123456789abcdef";

/// A server on a free port, over a store in a directory of its own.
pub(super) struct Served {
    pub(super) addr: SocketAddr,
    pub(super) url: String,
    pub(super) stop: CancellationToken,
    pub(super) ended: JoinHandle<()>,
    pub(super) dir: tempfile::TempDir,
    pub(super) client: reqwest::Client,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Came {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Came {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    /// For a snapshot: the status, the headers that tell something, the text.
    pub(super) fn page(&self, what: &str) -> String {
        let mut page = format!("{what}\n{}", self.status);
        for name in ["www-authenticate", "retry-after", "allow"] {
            if let Some(value) = self.headers.get(name) {
                page.push_str(&format!("  {name}: {}", value.to_str().unwrap()));
            }
        }
        format!("{page}\n{}\n\n", self.text.trim_end())
    }
}

pub(super) fn both() -> Option<Principals> {
    let mut all = Principals::default();
    all.add("ada", &Digest::of_bytes(ADA.as_bytes()));
    all.add("grace", &Digest::of_bytes(GRACE.as_bytes()));
    Some(all)
}

pub(super) fn client() -> reqwest::ClientBuilder {
    // Another test may have installed it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().tls_certs_only([])
}

/// Serves on loopback for the local user, unless `change` says otherwise.
pub(super) async fn serve(change: impl FnOnce(&mut HttpOptions)) -> Served {
    serve_in(tempfile::tempdir().unwrap(), change).await
}

pub(super) async fn serve_in(dir: tempfile::TempDir, change: impl FnOnce(&mut HttpOptions)) -> Served {
    let store = Arc::new(SqliteStore::open(&dir.path().join(".platform-integration/evidence.db")).unwrap());
    let app = App::new(Arc::clone(&store) as _, store, Arc::new(SystemClock), Rng::from_os(), dir.path().to_owned());
    let mut options = HttpOptions::new("127.0.0.1:0".parse().unwrap());
    change(&mut options);
    let stop = CancellationToken::new();
    let listening = serve_http(Arc::new(app), options, stop.clone()).await.unwrap();
    let client = client().build().unwrap();
    Served { addr: listening.addr, url: listening.url, stop, ended: listening.ended, dir, client }
}

/// A call of the newer protocol, whole.
pub(super) fn modern(method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
    });
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

impl Served {
    /// Sends a body as it is.
    pub(super) async fn send(&self, headers: &[(&str, &str)], body: impl Into<reqwest::Body>) -> Came {
        let mut all = HeaderMap::new();
        all.insert("content-type", HeaderValue::from_static("application/json"));
        all.insert("accept", HeaderValue::from_static("application/json, text/event-stream"));
        for (name, value) in headers {
            all.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        came(self.client.post(&self.url).headers(all).body(body).send().await.unwrap()).await
    }

    /// A call of the newer protocol as `token`'s principal; none is the local user.
    pub(super) async fn modern(&self, token: Option<&str>, method: &str, params: Value) -> Came {
        let bearer = token.map(|t| format!("Bearer {t}"));
        let name = params["name"].as_str().or_else(|| params["uri"].as_str()).unwrap_or_default().to_owned();
        let mut headers = vec![("mcp-protocol-version", "2026-07-28"), ("mcp-method", method)];
        if ["tools/call", "resources/read", "prompts/get"].contains(&method) {
            headers.push(("mcp-name", &name));
        }
        if let Some(bearer) = &bearer {
            headers.push(("authorization", bearer));
        }
        self.send(&headers, modern(method, params).to_string()).await
    }

    /// Opens a session of the older protocol and gives its id.
    pub(super) async fn initialize(&self, token: Option<&str>) -> Came {
        let bearer = token.map(|t| format!("Bearer {t}"));
        let headers: Vec<(&str, &str)> = bearer.iter().map(|b| ("authorization", b.as_str())).collect();
        let params =
            json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}});
        self.send(&headers, json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}).to_string())
            .await
    }

    /// A client of the SDK.
    pub(super) async fn connect<H: ClientHandler>(
        &self,
        token: Option<&str>,
        newer: bool,
        handler: H,
    ) -> RunningService<RoleClient, H> {
        let mut config = StreamableHttpClientTransportConfig::with_uri(self.url.as_str());
        if let Some(token) = token {
            config = config.auth_header(token);
        }
        let transport = StreamableHttpClientTransport::with_client(self.client.clone(), config);
        let mode = if newer {
            ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] }
        } else {
            ClientLifecycleMode::Initialize
        };
        handler.serve_with_lifecycle(transport, mode).await.unwrap()
    }
}

pub(super) async fn came(response: reqwest::Response) -> Came {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Came { status, headers, text: response.text().await.unwrap() }
}

/// Calls a tool and gives what it answered: the structure, or the text of a refusal.
pub(super) async fn call<H: ClientHandler>(
    client: &RunningService<RoleClient, H>,
    tool: &'static str,
    arguments: Value,
) -> Result<Value, String> {
    let params = CallToolRequestParams::new(tool).with_arguments(rmcp::model::object(arguments));
    let result = client.call_tool(params).await.unwrap();
    if result.is_error == Some(true) {
        return Err(result.content[0].as_text().unwrap().text.clone());
    }
    Ok(result.structured_content.unwrap())
}
