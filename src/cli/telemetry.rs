//! Spans out: the SDK of OpenTelemetry behind the port of `base`, OTLP as protobuf over our own HTTP transport. A queue
//! of bounded length and a thread of its own stand between a call and the collector: one that is slow or away costs
//! spans, which are counted, and never a call.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry::trace::{
    Span as _, SpanContext, SpanId, SpanKind as Kind, Status, TraceContextExt as _, TraceFlags, TraceId, TraceState,
    Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, SpanData, SpanExporter};

use super::collector::{Away, NAME, VERSION, resource, to_collector};
use super::exit;
use crate::base::trace::{Attribute, Span, SpanKind, TraceContext, Tracer};

/// How long a process that ends waits for the collector.
const LAST: Duration = Duration::from_secs(2);

/// What became of the spans.
#[derive(Debug, Default)]
struct Counts {
    made: AtomicU64,
    delivered: AtomicU64,
    away: Away,
}

/// The pipeline of this process.
pub(super) struct Telemetry {
    provider: SdkTracerProvider,
    spans: Arc<Spans>,
}

impl Telemetry {
    /// Starts it; `timeout` bounds one export. The endpoint, headers, sampler and queue are the environment's.
    pub(super) fn start(timeout: Duration) -> Result<Self, String> {
        let counts = Arc::new(Counts::default());
        let exporter = to_collector(opentelemetry_otlp::SpanExporter::builder().with_http(), timeout)?
            .build()
            .map_err(|e| e.to_string())?;
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(Counted { inner: exporter, counts: Arc::clone(&counts) })
            .with_resource(resource())
            .build();
        let scope = opentelemetry::InstrumentationScope::builder(NAME).with_version(VERSION).build();
        let spans = Arc::new(Spans { tracer: provider.tracer_with_scope(scope), counts });
        Ok(Self { provider, spans })
    }

    /// The port.
    pub(super) fn tracer(&self) -> Arc<dyn Tracer> {
        Arc::clone(&self.spans) as _
    }

    /// Begins the span of a command, by the CLI conventions; the name is the command line without its arguments.
    /// <https://github.com/open-telemetry/semantic-conventions/blob/v1.41.1/docs/cli/cli-spans.md>
    pub(super) fn command(&self, name: &str, parent: Option<TraceContext>) -> Box<dyn Span> {
        let attributes = vec![
            ("process.executable.name", NAME.into()),
            ("process.pid", u64::from(std::process::id()).into()),
            ("platform_integration.command", name.into()),
        ];
        self.spans.begin(&format!("{NAME} {name}"), SpanKind::Internal, parent, attributes)
    }

    /// Sends what is queued, for at most two seconds, and says what was lost.
    pub(super) fn stop(self) {
        // What it returns is in the counts.
        let _ = self.provider.shutdown_with_timeout(LAST);
        let counts = &self.spans.counts;
        let lost = counts.made.load(Ordering::Relaxed).saturating_sub(counts.delivered.load(Ordering::Relaxed));
        if lost > 0 {
            tracing::warn!(spans = lost, "not every span reached the collector");
        }
    }
}

/// Tells the span of a command how it ended.
pub(super) fn exited(mut span: Box<dyn Span>, code: u8) {
    span.set("process.exit.code", Attribute::Number(code.into()));
    match code {
        exit::FINE => {}
        exit::FINDINGS => span.fail("findings"),
        exit::REFUSED => span.fail("refused"),
        _ => span.fail("fault"),
    }
}

struct Spans {
    tracer: SdkTracer,
    counts: Arc<Counts>,
}

impl Tracer for Spans {
    fn begin(
        &self,
        name: &str,
        kind: SpanKind,
        parent: Option<TraceContext>,
        attributes: Vec<(&'static str, Attribute)>,
    ) -> Box<dyn Span> {
        let above = parent.map_or_else(Context::new, |p| {
            let (trace, span) = (TraceId::from_bytes(p.trace.to_be_bytes()), SpanId::from_bytes(p.span.to_be_bytes()));
            let flags = TraceFlags::new(p.flags);
            Context::new().with_remote_span_context(SpanContext::new(trace, span, flags, p.remote, TraceState::NONE))
        });
        let span = self
            .tracer
            .span_builder(name.to_owned())
            .with_kind(match kind {
                SpanKind::Server => Kind::Server,
                SpanKind::Client => Kind::Client,
                SpanKind::Internal => Kind::Internal,
            })
            .with_attributes(attributes.into_iter().map(|(name, value)| key_value(name, value)))
            .start_with_context(&self.tracer, &above);
        Box::new(Begun { span, counts: Arc::clone(&self.counts) })
    }
}

fn key_value(name: &'static str, value: Attribute) -> KeyValue {
    match value {
        Attribute::Text(text) => KeyValue::new(name, text),
        Attribute::Number(number) => KeyValue::new(name, number),
    }
}

struct Begun {
    span: opentelemetry_sdk::trace::Span,
    counts: Arc<Counts>,
}

impl Span for Begun {
    fn context(&self) -> TraceContext {
        let context = self.span.span_context();
        TraceContext {
            trace: u128::from_be_bytes(context.trace_id().to_bytes()),
            span: u64::from_be_bytes(context.span_id().to_bytes()),
            flags: context.trace_flags().to_u8(),
            remote: false,
        }
    }

    fn set(&mut self, name: &'static str, value: Attribute) {
        self.span.set_attribute(key_value(name, value));
    }

    fn fail(&mut self, class: &str) {
        self.span.set_attribute(KeyValue::new("error.type", class.to_owned()));
        self.span.set_status(Status::error(""));
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        // A span that the sampler did not choose is not owed to anybody. The SDK's span ends as it is dropped.
        if self.span.is_recording() && self.span.span_context().is_sampled() {
            self.counts.made.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The exporter, counted; says once that the collector is away, and once that it is back.
#[derive(Debug)]
struct Counted {
    inner: opentelemetry_otlp::SpanExporter,
    counts: Arc<Counts>,
}

impl SpanExporter for Counted {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        let result = self.inner.export(batch).await;
        if result.is_ok() {
            self.counts.delivered.fetch_add(spans, Ordering::Relaxed);
        }
        self.counts.away.tell("spans", "they are dropped until it does", &result);
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
