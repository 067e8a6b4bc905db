//! The view of a run at a terminal: a few lines a flow on stderr, drawn over at most four times a second. Nothing of the
//! terminal is changed (no raw mode, no other screen, the cursor stays as it is), so nothing has to be put back when the
//! program ends in whatever way.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::output;
use crate::base::clock::{Clock as _, SystemClock, Timestamp};
use crate::base::text::thousands;
use crate::connector::{FlowSeen, Metrics};
use crate::evidence::Ledger;

const EVERY: Duration = Duration::from_millis(250);

/// Whether somebody looks at a terminal that can be drawn on.
pub(super) fn possible() -> bool {
    std::io::stderr().is_terminal() && anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
}

/// A view that is being drawn.
pub(super) struct View {
    stop: CancellationToken,
    drawing: JoinHandle<()>,
}

impl View {
    /// Begins to draw.
    pub(super) fn begin(metrics: Arc<Metrics>, ledger: Arc<dyn Ledger>) -> Self {
        let stop = CancellationToken::new();
        let drawing = tokio::spawn(draw(metrics, ledger, stop.clone()));
        Self { stop, drawing }
    }

    /// Draws once more, and stops.
    pub(super) async fn end(self) {
        self.stop.cancel();
        let _ = self.drawing.await;
    }
}

async fn draw(metrics: Arc<Metrics>, ledger: Arc<dyn Ledger>, stop: CancellationToken) {
    let begun = SystemClock.now();
    let mut drawn = 0;
    let mut before: BTreeMap<String, (Timestamp, u64)> = BTreeMap::new();
    let mut last = false;
    loop {
        let now = SystemClock.now();
        let letters = ledger.letters_waiting().unwrap_or_default();
        let mut lines = Vec::new();
        for (name, flow) in metrics.flows() {
            let settled = flow.records.iter().filter(|(o, _)| **o != "read").map(|(_, n)| n).sum::<u64>();
            let (since, count) = *before.entry(name.clone()).or_insert((begun, 0));
            let rate = rate(settled.saturating_sub(count), now.0 - since.0);
            // Over some seconds: a rate that jumps with each frame says nothing.
            if now.0 - since.0 > 3_000 {
                before.insert(name.clone(), (now, settled));
            }
            let paused = ledger.paused(&name).ok().flatten().map(|p| p.by);
            let shown =
                Shown { name: &name, flow: &flow, rate, letters: letters.get(&name).copied().unwrap_or(0), paused };
            lines.extend(shown.lines(now));
        }
        frame(&mut drawn, &lines);
        if last {
            return;
        }
        tokio::select! {
            () = stop.cancelled() => last = true,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Draws lines over those of the frame before. A line never wraps, so that the count holds.
fn frame(drawn: &mut usize, lines: &[String]) {
    let width = usize::from(output::width());
    let mut text = String::new();
    if *drawn > 0 {
        text.push_str(&format!("\x1b[{drawn}A\r"));
    }
    text.push_str("\x1b[J");
    for line in lines {
        text.extend(line.chars().take(width.saturating_sub(1)));
        text.push('\n');
    }
    let mut stderr = std::io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes());
    let _ = stderr.flush();
    *drawn = lines.len();
}

/// Tenths of records a second.
fn rate(records: u64, ms: i64) -> u64 {
    records.saturating_mul(10_000).checked_div(ms.unsigned_abs()).unwrap_or(0)
}

struct Shown<'a> {
    name: &'a str,
    flow: &'a FlowSeen,
    rate: u64,
    letters: u64,
    paused: Option<String>,
}

impl Shown<'_> {
    fn lines(&self, now: Timestamp) -> Vec<String> {
        let flow = self.flow;
        let count = |outcome: &str| thousands(flow.records.get(outcome).copied().unwrap_or(0));
        let run = if flow.run.is_empty() { String::new() } else { format!("  run {}", flow.run) };
        let mut out = vec![format!("{}{run}", self.name)];
        out.push(format!(
            "  read {}, written {}, unchanged {}, rejected {}, dead-lettered {}; {}.{}/s",
            count("read"),
            count("written"),
            count("unchanged"),
            count("rejected"),
            count("dead_lettered"),
            thousands(self.rate / 10),
            self.rate % 10
        ));
        let lag = flow.finished.map_or_else(
            || "source not seen to its end yet".to_owned(),
            |at| format!("lag {} s", thousands((now.0 - at.0).max(0).unsigned_abs() / 1_000)),
        );
        let breaker = if flow.open.is_empty() {
            "breaker closed".to_owned()
        } else {
            {
                let down: Vec<String> = flow.open.iter().map(|(system, of)| format!("{system} ({of})")).collect();
                format!("breaker open: {}", down.join(", "))
            }
        };
        out.push(format!(
            "  {lag}, retries {}, {breaker}, dead letters {}",
            thousands(flow.retries),
            thousands(self.letters)
        ));
        if let Some(by) = &self.paused {
            out.push(format!("  paused by {by}"));
        } else if let Some((system, why, until)) = &flow.waits {
            let left = ((until.0 - now.0).max(0).unsigned_abs()).div_ceil(1_000);
            out.push(format!("  waiting {left} s: {} of {system}", because(why)));
        } else if let Some(stopped) = &flow.stopped {
            out.push(format!("  stopped: {}", if stopped == "stopped" { "asked to stop" } else { stopped }));
        }
        out
    }
}

fn because(why: &str) -> &str {
    match why {
        "retry-after" => "Retry-After",
        "backoff" => "another try",
        "rate" => "rate limit",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_is_told_in_a_few_lines() {
        let flow = FlowSeen {
            records: [("read", 1_204), ("written", 1_100), ("dead_lettered", 2)].into_iter().collect(),
            retries: 3,
            run: "r-1".into(),
            finished: Some(Timestamp(1_000)),
            waits: Some(("crm".into(), "retry-after", Timestamp(47_100))),
            ..FlowSeen::default()
        };
        let shown = Shown { name: "a/contacts", flow: &flow, rate: rate(100, 3_000), letters: 2, paused: None };
        insta::assert_snapshot!(shown.lines(Timestamp(41_000)).join("\n"), @r"
        a/contacts  run r-1
          read 1,204, written 1,100, unchanged 0, rejected 0, dead-lettered 2; 33.3/s
          lag 40 s, retries 3, breaker closed, dead letters 2
          waiting 7 s: Retry-After of crm
        ");
        let down = FlowSeen { open: vec![("crm".into(), "writes".into())], ..FlowSeen::default() };
        let shown = Shown { name: "a/contacts", flow: &down, rate: 0, letters: 0, paused: Some("ada".into()) };
        insta::assert_snapshot!(shown.lines(Timestamp(0)).join("\n"), @r"
        a/contacts
          read 0, written 0, unchanged 0, rejected 0, dead-lettered 0; 0.0/s
          source not seen to its end yet, retries 0, breaker open: crm (writes), dead letters 0
          paused by ada
        ");
    }
}
