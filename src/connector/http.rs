//! The transport of production: HTTP over sockets.

use std::error::Error as _;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::{Client, ClientBuilder, redirect};
use url::Url;

use super::{Headers, Request, Response, Transport, TransportError};
use crate::base::address::is_loopback;
use crate::model::Method;

/// The largest answer that is read, in bytes: memory stays bounded whatever a server sends.
const LARGEST: u64 = 64 * 1024 * 1024;
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);

/// The client cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client can be made: {because}")]
pub struct HttpError {
    /// What the library said.
    pub because: String,
}

/// HTTP/1.1 and HTTP/2 over TCP and TLS (rustls with ring, the machine's root certificates). Follows no redirect,
/// repeats nothing, reads at most 64 MiB of an answer. Proxies of the environment are used, but not for loopback.
#[derive(Debug, Clone)]
pub struct HttpTransport {
    outer: Client,
    loopback: Client,
}

impl HttpTransport {
    /// Makes one; connections are pooled for as long as it lives.
    ///
    /// # Errors
    /// When the TLS library refuses its configuration.
    pub fn new() -> Result<Self, HttpError> {
        // Another part of the process may have installed one; any will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let failed = |e: reqwest::Error| HttpError { because: chain(&e) };
        // On a machine without root certificates plain HTTP still works, and TLS is refused with its reason.
        let outer = builder().build().or_else(|_| builder().tls_certs_only([]).build()).map_err(failed)?;
        let loopback = builder()
            .no_proxy()
            .build()
            .or_else(|_| builder().no_proxy().tls_certs_only([]).build())
            .map_err(failed)?;
        Ok(Self { outer, loopback })
    }
}

fn builder() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("platform-integration/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(CONNECT)
        .pool_idle_timeout(Duration::from_secs(60))
        .tcp_nodelay(true)
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Put => reqwest::Method::PUT,
        Method::Post => reqwest::Method::POST,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
        Method::Head => reqwest::Method::HEAD,
        Method::Options => reqwest::Method::OPTIONS,
        Method::Trace => reqwest::Method::TRACE,
        // A token as RFC 9110 has them; reqwest knows no constant for it.
        Method::Query => reqwest::Method::from_bytes(b"QUERY").unwrap_or(reqwest::Method::POST),
    }
}

#[async_trait::async_trait]
impl Transport for HttpTransport {
    async fn send(&self, _system: &str, request: Request) -> Result<Response, TransportError> {
        let url = Url::parse(&request.url).map_err(|e| TransportError::Connect(format!("the URL is none: {e}")))?;
        let client = if is_loopback(url.as_str()) { &self.loopback } else { &self.outer };
        let mut builder = client.request(method(request.method), url);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        if !request.body.is_empty() {
            builder = builder.body(request.body);
        }
        let mut answer = builder.send().await.map_err(|e| sort(&e))?;
        let status = answer.status().as_u16();
        let headers = headers(answer.headers());
        if answer.content_length().is_some_and(|length| length > LARGEST) {
            return Err(TransportError::TooLarge { limit: LARGEST });
        }
        // One chunk is the common case and is not copied.
        let mut body = Bytes::new();
        let mut more: Option<BytesMut> = None;
        while let Some(chunk) = answer.chunk().await.map_err(|e| TransportError::Lost(chain(&e)))? {
            let so_far = more.as_ref().map_or(body.len(), BytesMut::len);
            if (so_far + chunk.len()) as u64 > LARGEST {
                return Err(TransportError::TooLarge { limit: LARGEST });
            }
            match &mut more {
                Some(buffer) => buffer.extend_from_slice(&chunk),
                None if body.is_empty() => body = chunk,
                None => {
                    let mut buffer = BytesMut::with_capacity(body.len() + chunk.len());
                    buffer.extend_from_slice(&body);
                    buffer.extend_from_slice(&chunk);
                    more = Some(buffer);
                }
            }
        }
        Ok(Response { status, headers, body: more.map_or(body, BytesMut::freeze) })
    }
}

fn headers(map: &reqwest::header::HeaderMap) -> Headers {
    map.iter().map(|(n, v)| (n.as_str().to_owned(), String::from_utf8_lossy(v.as_bytes()).into_owned())).collect()
}

/// Sorts an error by what the server can have done.
fn sort(error: &reqwest::Error) -> TransportError {
    let words = chain(error);
    if error.source().is_some_and(is_tls) {
        return TransportError::Tls(words);
    }
    if error.is_builder() || error.is_connect() { TransportError::Connect(words) } else { TransportError::Lost(words) }
}

fn is_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    // An io::Error does not show what it wraps as its source.
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error.is::<rustls::Error>() || wrapped.is_some_and(|e| is_tls(e)) || error.source().is_some_and(is_tls)
}

/// The error and its causes, without the URL, which may hold a key.
pub(super) fn chain(error: &reqwest::Error) -> String {
    let mut words = Vec::new();
    let mut source = error.source();
    while let Some(inner) = source {
        words.push(inner.to_string());
        source = inner.source();
    }
    words.dedup();
    if words.is_empty() {
        // Without a cause only the kind is left; its text would name the URL.
        return if error.is_timeout() { "timed out".to_owned() } else { "the request failed".to_owned() };
    }
    words.join(": ")
}
