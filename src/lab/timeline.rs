//! The timeline of a schedule as people read it: numbered lines, who asked whom for what about which record, what came of
//! it, where a fault was; then what is held against the connector, with the lines that show it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use super::bench::Purpose;
use super::courier::Delivered;
use super::judge::Evidence;
use super::mock::{Effect, url};
use super::trace::{Event, Exchanged, Outcome};
use crate::base::clock::Timestamp;
use crate::base::text;

/// Lines cited for one failure, at most.
const CITED: usize = 6;

/// Tells it. The same schedule gives the same bytes. No header that could carry a credential is in it, and no query of
/// a request to a token endpoint.
pub(super) fn tell(e: &Evidence<'_>, failures: &[String]) -> String {
    let mut lines = Lines { from: e.trace.from.map_or(0, |t| t.0), ..Lines::default() };
    for event in &e.trace.events {
        match event {
            Event::Started { at, run } => lines.push(*at, format!("connector       run {run} starts")),
            Event::Ended { at, run, how, .. } => {
                lines.ends.insert(*run, lines.count + 1);
                lines.push(*at, format!("connector       run {run} {how}"));
            }
            Event::Asked { at, run } => {
                lines.marks.push((*run, lines.count + 1));
                lines.push(*at, format!("operator        asks run {run} to stop"));
            }
            Event::Paused { at, run } => {
                lines.marks.push((*run, lines.count + 1));
                lines.push(*at, format!("operator        pauses the flow during run {run}"));
            }
            Event::LedgerFailed { at, run, what, says, .. } => {
                lines.marks.push((*run, lines.count + 1));
                lines.push(*at, format!("connector -> ledger  cannot be {what}: {says}   <== fault"));
            }
            Event::Changed { at, what } => lines.push(*at, format!("world           {what}")),
            Event::Logged { at, line } => {
                if !matches!(line.get("level").and_then(Value::as_str), Some("info" | "debug")) {
                    lines.push(*at, format!("connector       logs {}", text::truncate(&line.to_string(), 200)));
                }
            }
            Event::Delivery(index) => {
                if let Some(d) = e.trace.deliveries.get(*index) {
                    lines.deliveries.push((d.delivery.key.clone(), d.delivery.id.clone(), lines.count + 1));
                    lines.push(d.at, delivery(&e.bench.plan.source.system, d));
                }
            }
            Event::Exchange(index) => {
                if let Some(x) = e.trace.exchanges.get(*index) {
                    lines.exchanges.insert(x.nth, lines.count + 1);
                    lines.push(x.at, exchange(x));
                }
            }
        }
    }
    let mut out = std::mem::take(&mut lines.text);
    for failure in failures {
        let cited = cite(e, &lines, failure);
        let _ = write!(out, "\nviolated: {failure}");
        if !cited.is_empty() {
            let all: Vec<String> = cited.iter().map(ToString::to_string).collect();
            let _ = write!(out, "\n          see line{} {}", if all.len() == 1 { "" } else { "s" }, all.join(", "));
        }
    }
    if !failures.is_empty() {
        out.push('\n');
    }
    out
}

#[derive(Default)]
struct Lines {
    text: String,
    from: i64,
    count: usize,
    /// By number of the request.
    exchanges: BTreeMap<u64, usize>,
    /// Key, event, line.
    deliveries: Vec<(String, String, usize)>,
    ends: BTreeMap<usize, usize>,
    /// Where a run was asked to stop, or lost its ledger.
    marks: Vec<(usize, usize)>,
}

impl Lines {
    fn push(&mut self, at: Timestamp, what: String) {
        self.count += 1;
        let ms = at.0 - self.from;
        let _ = writeln!(self.text, "{:>4} {:>6}.{:03}  {what}", self.count, ms / 1000, ms % 1000);
    }
}

fn delivery(source: &str, d: &Delivered) -> String {
    let took = d.ended.map_or_else(String::new, |e| format!(" in {} ms", e.0 - d.at.0));
    let outcome = d.status.map_or_else(|| "no answer seen".to_owned(), |s| s.to_string());
    let mark = if d.is_genuine() { "" } else { "   <== fault" };
    let (from, how) = if d.is_genuine() { (source, "") } else { ("stranger", d.delivery.how.as_str()) };
    let said = if how.is_empty() && d.delivery.how.as_str() != "genuine" { d.delivery.how.as_str() } else { how };
    let said = if said.is_empty() { String::new() } else { format!(" ({said})") };
    let payload = d.delivery.payload.to_string();
    format!(
        "{from} -> connector  event {} about {}{said} {} => {outcome}{took}{mark}",
        d.delivery.id,
        d.delivery.key,
        text::truncate(&payload, 120)
    )
}

fn exchange(x: &Exchanged) -> String {
    let path = &x.request.url[if x.purpose == Purpose::Elsewhere { 0 } else { url::origin_of(&x.request.url).len() }..];
    let about = match (&x.identity, x.batch.len()) {
        (Some(identity), _) => format!(" {identity}"),
        (None, 0) => String::new(),
        (None, n) => format!(" of {}", text::plural(n as u64, "record")),
    };
    let mut line = format!(
        "connector -> {}  #{} {}{about}: {} {path}",
        x.system,
        x.nth,
        x.purpose.as_str(),
        x.request.method.as_str()
    );
    if !x.request.body.is_empty() && x.purpose != Purpose::Token {
        let body = String::from_utf8_lossy(&x.request.body);
        let _ = write!(line, " {}", text::truncate(&body, 120));
    }
    let took = x.ended.map_or_else(String::new, |e| format!(" in {} ms", e.0 - x.at.0));
    let outcome = match &x.outcome {
        Outcome::Open => "no answer seen".to_owned(),
        Outcome::Failed(error) => error.to_string(),
        Outcome::Answered(r) => {
            let mut told = r.status.to_string();
            // Headers that say what to do next.
            for (name, shown) in [("retry-after", "Retry-After"), ("location", "Location"), ("link", "Link")] {
                if let Some(value) = r.header(name).filter(|_| name != "location" || (300..400).contains(&r.status)) {
                    let _ = write!(told, ", {shown}: {}", text::truncate(value, 120));
                }
            }
            told
        }
    };
    let _ = write!(line, " => {outcome}{took}{}", effect(x));
    if let Some(fault) = x.fault {
        let _ = write!(line, "   <== {fault}");
    }
    line
}

/// What it did at the system, in words.
fn effect(x: &Exchanged) -> String {
    match &x.effect {
        None if matches!(x.outcome, Outcome::Answered(_)) => ", had no effect".to_owned(),
        None => ", never arrived".to_owned(),
        Some(Effect::Nothing) => String::new(),
        Some(Effect::Read { keys, .. }) => format!(", {} read", keys.len()),
        Some(Effect::Created { key, .. }) => format!(", created {key}"),
        Some(Effect::Updated { key, changed, .. }) => {
            format!(", {} {key}", if *changed { "changed" } else { "left as it is" })
        }
        Some(Effect::Deleted { key, .. }) => format!(", deleted {key}"),
        Some(Effect::Many(effects)) => {
            format!(", kept {} of {}", effects.iter().filter(|e| e.keeps()).count(), effects.len())
        }
        Some(Effect::Replayed) => ", answered as before".to_owned(),
        Some(Effect::Issued { .. }) => ", a token".to_owned(),
    }
}

/// The lines that a failure speaks of: requests and runs by their numbers, records by their keys.
fn cite(e: &Evidence<'_>, lines: &Lines, failure: &str) -> Vec<usize> {
    let words: Vec<&str> = failure.split([' ', ',', ';', ':', '(', ')']).filter(|w| !w.is_empty()).collect();
    let mut out = BTreeSet::new();
    for pair in words.windows(2) {
        let number = || pair[1].parse::<u64>().ok();
        match pair[0] {
            "request" | "requests" => out.extend(number().and_then(|n| lines.exchanges.get(&n))),
            "run" => {
                let run = number().and_then(|n| usize::try_from(n).ok());
                out.extend(run.and_then(|r| lines.ends.get(&r)));
                out.extend(lines.marks.iter().filter(|(of, _)| Some(*of) == run).map(|(_, line)| line));
            }
            _ => {}
        }
    }
    // The record under all its names: source key, identity, key in the target.
    let mut names: BTreeSet<&str> = words.iter().copied().collect();
    for x in &e.expected {
        let identity = x.identity.as_deref();
        if names.contains(x.key.as_str()) || identity.is_some_and(|i| names.contains(i)) {
            names.insert(&x.key);
            names.extend(identity);
        }
    }
    let about = |x: &&Exchanged| {
        let named = |i: &Option<String>| i.as_deref().is_some_and(|i| names.contains(i));
        x.purpose.writes() && (named(&x.identity) || x.batch.iter().any(named))
    };
    out.extend(e.trace.exchanges.iter().filter(about).filter_map(|x| lines.exchanges.get(&x.nth)));
    let told =
        lines.deliveries.iter().filter(|(key, id, _)| names.contains(key.as_str()) || names.contains(id.as_str()));
    out.extend(told.map(|(_, _, line)| line));
    out.into_iter().take(CITED).collect()
}
