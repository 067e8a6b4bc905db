//! The transport of production: HTTP over sockets.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::LazyLock;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use regex::Regex;
use reqwest::{Certificate, Client, ClientBuilder, Identity, redirect};
use url::Url;

use super::{AuthPlan, Headers, Plan, Request, Response, SecretSource, Transport, TransportError};
use crate::base::address;
use crate::base::clock::Timestamp;
use crate::base::secret::{Secret, SecretRef};
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
    usual: Clients,
    /// Of systems that are connected to in a way of their own.
    own: BTreeMap<String, Clients>,
    /// How long an answer may take to begin, by system.
    first_byte: BTreeMap<String, Duration>,
}

#[derive(Debug, Clone)]
struct Clients {
    outer: Client,
    loopback: Client,
    /// How long a connection may take to be made.
    connect: Duration,
}

/// What connections to one system are made with.
#[derive(Debug, Default)]
struct Own {
    identity: Option<Identity>,
    ca: Option<Vec<Certificate>>,
    connect: Option<Duration>,
}

impl HttpTransport {
    /// Makes one; connections are pooled for as long as it lives.
    ///
    /// # Errors
    /// When the TLS library refuses its configuration.
    pub fn new() -> Result<Self, HttpError> {
        // Another part of the process may have installed one; any will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self { usual: Clients::with(&Own::default())?, own: BTreeMap::new(), first_byte: BTreeMap::new() })
    }

    /// One for these plans: systems that ask for a client certificate get it, those with an authority of their own are
    /// held to it, and each is given the time that its flows give it.
    ///
    /// # Errors
    /// A secret that cannot be read, or that is no certificate or key in PEM; never with its content.
    pub fn serving(plans: &[Plan], secrets: &dyn SecretSource) -> Result<Self, HttpError> {
        let mut all = Self::new()?;
        let mut own: BTreeMap<&str, Own> = BTreeMap::new();
        for plan in plans {
            let sides = [(&plan.source.system, &plan.source.auth), (&plan.target.system, &plan.target.auth)];
            for (system, auth) in sides {
                for part in auth.parts() {
                    if let AuthPlan::Tls { identity, ca } = part {
                        let way = own.entry(system).or_default();
                        way.identity = identity.as_ref().map(|(c, k)| identity_of(secrets, c, k)).transpose()?;
                        way.ca = ca.as_ref().map(|ca| authority_of(secrets, ca)).transpose()?;
                    }
                }
                let delivery = &plan.delivery;
                // Where two flows differ, the more patient one decides: the other has a limit on the whole.
                if let Some(connect) = delivery.connect_ms.map(Duration::from_millis) {
                    let way = own.entry(system).or_default();
                    way.connect = Some(way.connect.map_or(connect, |now| now.max(connect)));
                }
                if let Some(first) = delivery.first_byte_ms.map(Duration::from_millis) {
                    let now = all.first_byte.entry(system.clone()).or_insert(first);
                    *now = (*now).max(first);
                }
            }
        }
        for (system, way) in own {
            all.own.insert(system.to_owned(), Clients::with(&way)?);
        }
        Ok(all)
    }
}

impl Clients {
    fn with(way: &Own) -> Result<Self, HttpError> {
        let failed = |e: reqwest::Error| HttpError { because: chain(&e) };
        let connect = way.connect.unwrap_or(CONNECT);
        let base = || {
            let mut base = builder().connect_timeout(connect);
            if let Some(identity) = &way.identity {
                base = base.identity(identity.clone());
            }
            base
        };
        if let Some(ca) = &way.ca {
            // That authority and no other: whoever else the machine trusts has no business here.
            let outer = base().tls_certs_only(ca.clone()).build().map_err(failed)?;
            let loopback = base().no_proxy().tls_certs_only(ca.clone()).build().map_err(failed)?;
            return Ok(Self { outer, loopback, connect });
        }
        // On a machine without root certificates plain HTTP still works, and TLS is refused with its reason.
        let outer = base().build().or_else(|_| base().tls_certs_only([]).build()).map_err(failed)?;
        let loopback =
            base().no_proxy().build().or_else(|_| base().no_proxy().tls_certs_only([]).build()).map_err(failed)?;
        Ok(Self { outer, loopback, connect })
    }
}

fn read(secrets: &dyn SecretSource, reference: &SecretRef) -> Result<Secret, HttpError> {
    secrets.resolve(reference).map_err(|because| HttpError { because: format!("{reference}: {because}") })
}

fn identity_of(secrets: &dyn SecretSource, certificate: &SecretRef, key: &SecretRef) -> Result<Identity, HttpError> {
    let mut pem = read(secrets, certificate)?.expose().to_owned();
    pem.push('\n');
    pem.push_str(read(secrets, key)?.expose());
    Identity::from_pem(pem.as_bytes())
        .map_err(|_| HttpError { because: format!("{certificate} and {key} are no certificate and its key in PEM") })
}

fn authority_of(secrets: &dyn SecretSource, ca: &SecretRef) -> Result<Vec<Certificate>, HttpError> {
    let pem = read(secrets, ca)?;
    let read = Certificate::from_pem_bundle(pem.expose().as_bytes()).ok().filter(|all| !all.is_empty());
    read.ok_or_else(|| HttpError { because: format!("{ca} holds no certificate in PEM") })
}

fn builder() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("platform-integration/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
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
    async fn send(&self, system: &str, request: Request) -> Result<Response, TransportError> {
        let url = Url::parse(&request.url).map_err(|e| TransportError::Connect(format!("the URL is none: {e}")))?;
        let clients = self.own.get(system).unwrap_or(&self.usual);
        let client = if address::stays(&url) { &clients.loopback } else { &clients.outer };
        let mut builder = client.request(method(request.method), url);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        if !request.body.is_empty() {
            builder = builder.body(request.body);
        }
        let begun = match self.first_byte.get(system) {
            None => builder.send().await,
            Some(limit) => tokio::time::timeout(*limit, builder.send())
                .await
                .map_err(|_| TransportError::Lost(format!("no answer began within {} ms", limit.as_millis())))?,
        };
        let mut answer = begun.map_err(|e| sort(&e, clients.connect))?;
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

/// Sorts an error by what the server can have done; `connect`: how long a connection may take to be made.
fn sort(error: &reqwest::Error, connect: Duration) -> TransportError {
    if error.is_connect() && error.is_timeout() {
        return TransportError::Connect(to_host(error, &format!("no connection within {} ms", connect.as_millis())));
    }
    let words = chain(error);
    if error.source().is_some_and(is_tls) {
        return TransportError::Tls(dated(&words));
    }
    if error.is_builder() || error.is_connect() {
        TransportError::Connect(to_host(error, &words))
    } else {
        TransportError::Lost(words)
    }
}

/// The words of a connection that was not made, with the host that it was meant for.
fn to_host(error: &reqwest::Error, words: &str) -> String {
    let words = words.strip_prefix("client error (Connect): ").unwrap_or(words);
    match error.url().and_then(reqwest::Url::host_str) {
        Some(host) => format!("{host}: {words}"),
        None => words.to_owned(),
    }
}

/// Seconds since 1970 as dates: rustls tells the days of a certificate so.
fn dated(words: &str) -> String {
    static SECONDS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b(\d{10})\b(?: \(UNIX\))?").ok());
    let Some(seconds) = SECONDS.as_ref() else { return words.to_owned() };
    let date = |found: &regex::Captures<'_>| {
        let seconds = found[1].parse::<i64>().unwrap_or_default();
        Timestamp(seconds.saturating_mul(1000)).rfc3339()
    };
    seconds.replace_all(words, date).into_owned()
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
