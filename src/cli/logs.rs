//! Logs of the program itself, as far as they are not lines of the connector: to stderr, warnings by default, `RUST_LOG` for more.

use std::fmt;
use std::io::IsTerminal as _;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::base::clock::{Clock as _, SystemClock, Timestamp};

/// Begins. `lines`: the command writes JSON lines to stderr, and whoever reads them shall find nothing else there.
pub(super) fn start(lines: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,rmcp=error"));
    let terminal = std::io::stderr().is_terminal();
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(terminal);
    let _ = if lines && !terminal { logs.event_format(JsonLine).try_init() } else { logs.try_init() };
}

/// An event as a JSON line of the shape that the connector's have.
struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &tracing::Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields(Map::new());
        event.record(&mut fields);
        let about = event.metadata();
        writeln!(out, "{}", line(SystemClock.now(), about.level().as_str(), about.target(), fields.0))
    }
}

fn line(now: Timestamp, level: &str, target: &str, fields: Map<String, Value>) -> Value {
    let head = [
        ("time", now.rfc3339().into()),
        ("level", level.to_ascii_lowercase().into()),
        ("event", "program".into()),
        ("target", target.into()),
    ];
    Value::Object(head.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(fields).collect())
}

/// What an event tells.
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_warning_among_json_lines_is_one() {
        let written = Written::default();
        let writer = written.clone();
        let logs = tracing_subscriber::fmt().with_writer(move || writer.clone()).event_format(JsonLine).finish();
        tracing::subscriber::with_default(logs, || {
            tracing::warn!(spans = 3_u64, because = "it \"answers\"\n502", "not every span reached {}", "it");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let mut line: Value = serde_json::from_str(&text).unwrap();
        assert!(line["time"].as_str().is_some_and(|t| t.ends_with('Z')), "{line}");
        line["time"] = Value::Null;
        let wanted = serde_json::json!({
            "time": null, "level": "warn", "event": "program", "target": line["target"],
            "message": "not every span reached it", "spans": 3, "because": "it \"answers\"\n502",
        });
        assert_eq!(line, wanted);
        assert_eq!(text.lines().count(), 1);
    }
}
