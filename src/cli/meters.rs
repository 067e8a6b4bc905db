//! What a run counts, out: the SDK of OpenTelemetry reads the registry of the connector at its own pace and sends it as OTLP over
//! our own HTTP. The names are those of `/metrics`. A collector that is away costs values, and never a record.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::metrics::{AsyncInstrument, Histogram, Meter, MeterProvider as _};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider, Temporality};

use super::collector::{Away, NAME, VERSION, resource, to_collector};
use crate::connector::{BUCKETS, Family, LogLine, MetricKind, Metrics, Observer, PREFIX, Requested, Waits};
use crate::evidence::Ledger;

/// The pipeline of one run.
pub(super) struct Meters {
    provider: SdkMeterProvider,
    meter: Meter,
    durations: Histogram<f64>,
}

/// What is read at each export.
struct Watched {
    metrics: Arc<Metrics>,
    ledger: Arc<dyn Ledger>,
    flows: Vec<String>,
}

impl Watched {
    /// The families as they stand; nothing of a ledger that cannot be read now, which its run says itself.
    fn families(&self) -> Vec<Family> {
        self.metrics.families(self.ledger.as_ref(), &self.flows).unwrap_or_default()
    }

    fn observe(&self, name: &str, to: &dyn AsyncInstrument<f64>) {
        for (labels, value) in self.families().into_iter().filter(|f| f.name == name).flat_map(|f| f.samples) {
            let labels: Vec<KeyValue> = labels.into_iter().map(|(label, text)| KeyValue::new(label, text)).collect();
            to.observe(value, &labels);
        }
    }
}

impl Meters {
    /// Starts it; `timeout` bounds one export. The endpoint, headers and interval are the environment's.
    pub(super) fn start(timeout: Duration) -> Result<Self, String> {
        let exporter = to_collector(opentelemetry_otlp::MetricExporter::builder().with_http(), timeout)?
            .build()
            .map_err(|e| e.to_string())?;
        let reader = PeriodicReader::builder(Told { inner: exporter, away: Away::default() }).build();
        let provider = SdkMeterProvider::builder().with_reader(reader).with_resource(resource()).build();
        let meter = provider.meter_with_scope(InstrumentationScope::builder(NAME).with_version(VERSION).build());
        let durations = meter
            .f64_histogram(format!("{PREFIX}request_duration_seconds"))
            .with_description("How long requests took.")
            .with_boundaries(BUCKETS.to_vec())
            .build();
        Ok(Self { provider, meter, durations })
    }

    /// In front of an observer: counts how long each request took, and passes all on.
    pub(super) fn before(&self, to: Arc<dyn Observer>) -> Arc<dyn Observer> {
        Arc::new(Timed { to, durations: self.durations.clone() })
    }

    /// From now on each export tells what is counted here.
    pub(super) fn watch(&self, metrics: &Arc<Metrics>, ledger: &Arc<dyn Ledger>, flows: &[String]) {
        let watched =
            Arc::new(Watched { metrics: Arc::clone(metrics), ledger: Arc::clone(ledger), flows: flows.to_vec() });
        for Family { name, kind, help, samples: _ } in watched.families() {
            let (watched, full) = (Arc::clone(&watched), format!("{PREFIX}{name}"));
            match kind {
                MetricKind::Counter => {
                    let counter = self.meter.f64_observable_counter(full).with_description(help);
                    counter.with_callback(move |to| watched.observe(name, to)).build();
                }
                MetricKind::Gauge => {
                    let gauge = self.meter.f64_observable_gauge(full).with_description(help);
                    gauge.with_callback(move |to| watched.observe(name, to)).build();
                }
                // Told sample by sample.
                MetricKind::Histogram => {}
            }
        }
    }

    /// Sends the last values, for five seconds at most: the bound is that of the SDK.
    pub(super) fn stop(self) {
        // What went wrong was told by the exporter.
        let _ = self.provider.shutdown();
    }
}

struct Timed {
    to: Arc<dyn Observer>,
    durations: Histogram<f64>,
}

impl Observer for Timed {
    fn log(&self, line: LogLine) {
        self.to.log(line);
    }

    fn requested(&self, request: &Requested<'_>) {
        let Requested { flow: _, system, operation, status: _, took } = *request;
        let labels = [KeyValue::new("system", system.to_owned()), KeyValue::new("operation", operation.to_owned())];
        self.durations.record(took.as_secs_f64(), &labels);
        self.to.requested(request);
    }

    fn counted(&self, flow: &str, outcome: &'static str) {
        self.to.counted(flow, outcome);
    }

    fn waits(&self, wait: &Waits<'_>) {
        self.to.waits(wait);
    }
}

/// The exporter; says once that the collector is away, and once that it is back.
struct Told {
    inner: opentelemetry_otlp::MetricExporter,
    away: Away,
}

impl PushMetricExporter for Told {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let result = self.inner.export(metrics).await;
        self.away.tell("metrics", "the next values replace them", &result);
        result
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.inner.temporality()
    }
}
