//! The way to a collector of OpenTelemetry: OTLP as protobuf over our own HTTP transport, the same for spans and metrics.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::{Key, KeyValue};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;

use crate::base::text;
use crate::connector::{HttpTransport, Transport as _};
use crate::model::Method;

pub(super) const NAME: &str = env!("CARGO_PKG_NAME");
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The builder of an exporter, told to go our way; `timeout` bounds one export. Endpoint and headers are the environment's.
pub(super) fn to_collector<B: WithHttpConfig + WithExportConfig>(builder: B, timeout: Duration) -> Result<B, String> {
    let builder = builder.with_http_client(Collector::new(timeout)?);
    Ok(builder.with_protocol(Protocol::HttpBinary).with_timeout(timeout))
}

/// Says once that the collector is away, and once that it is back.
#[derive(Debug, Default)]
pub(super) struct Away(AtomicBool);

impl Away {
    /// `what` was exported, or, where it was not, `then` happens.
    pub(super) fn tell(&self, what: &str, then: &str, result: &OTelSdkResult) {
        match result {
            Ok(()) => {
                if self.0.swap(false, Ordering::Relaxed) {
                    tracing::warn!("the collector takes {what} again");
                }
            }
            Err(error) => {
                if !self.0.swap(true, Ordering::Relaxed) {
                    let because = text::quoted(&error.to_string(), 200);
                    tracing::warn!(because, "the collector takes no {what}; {then}");
                }
            }
        }
    }
}

/// What the environment says of this service, with our name and version where it says none.
pub(super) fn resource() -> Resource {
    let stated = Resource::builder().build();
    let name = stated.get(&Key::from_static_str("service.name")).map(|v| v.to_string());
    let mut builder = Resource::builder().with_attribute(KeyValue::new("service.version", VERSION));
    if name.is_none_or(|n| n.starts_with("unknown_service")) {
        builder = builder.with_service_name(NAME);
    }
    builder.build()
}

/// The way to the collector: our transport, driven by a runtime of its own, because the SDK exports from a plain thread.
#[derive(Debug)]
struct Collector {
    transport: HttpTransport,
    runtime: tokio::runtime::Runtime,
    timeout: Duration,
}

impl Collector {
    fn new(timeout: Duration) -> Result<Self, String> {
        let transport = HttpTransport::new().map_err(|e| e.to_string())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
        Ok(Self { transport, runtime, timeout })
    }
}

#[async_trait::async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let headers = parts
            .headers
            .iter()
            .map(|(n, v)| (n.as_str().to_owned(), String::from_utf8_lossy(v.as_bytes()).into_owned()))
            .collect();
        let request = crate::connector::Request { method: Method::Post, url: parts.uri.to_string(), headers, body };
        let sent = self
            .runtime
            .block_on(async { tokio::time::timeout(self.timeout, self.transport.send("collector", request)).await });
        let answer = sent.map_err(|_| format!("no answer within {} ms", self.timeout.as_millis()))??;
        let mut response = Response::builder().status(answer.status);
        for (name, value) in answer.headers {
            response = response.header(name, value);
        }
        Ok(response.body(answer.body)?)
    }
}
