//! Pairs of descriptions with what their vendors say changed. A row of a changelog is prose; it counts as seen where a
//! change of the same kind (breaking or not) names the very thing: the coordinate in parentheses at its end, else what it
//! quotes in backticks, else at least two of its words that are names in either description.
#![allow(clippy::disallowed_methods, reason = "it says how long each pair took")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use platform_integration::base::text::{singular, words};
use platform_integration::drift::{Change, compare};
use platform_integration::readers;
use serde_json::Value;

/// One row of a changelog.
pub struct Row {
    /// The pair.
    pub pair: String,
    /// What the vendor says.
    pub text: String,
    /// Whether the vendor calls it breaking.
    pub breaking: bool,
    /// Whether the descriptions can show it; nothing where nobody said.
    pub visible: Option<bool>,
    /// The change that shows it.
    pub seen: Option<String>,
}

impl Row {
    /// One line for people.
    pub fn line(&self) -> String {
        let kind = if self.breaking { "breaking" } else { "other" };
        let seen = self.seen.as_deref().unwrap_or("NOT SEEN");
        let visible = match self.visible {
            Some(false) => ", not in the description",
            Some(true) => "",
            None => ", unknown whether in the description",
        };
        format!("{} ({kind}{visible}): {}\n    {seen}", self.pair, self.text)
    }
}

/// One pair as compared.
pub struct Pair {
    /// Its name.
    pub name: String,
    /// Bytes of both.
    pub bytes: usize,
    /// Changes that break.
    pub breaking: usize,
    /// Changes in all.
    pub total: usize,
    /// Milliseconds of comparing alone.
    pub compare_ms: u128,
    /// Milliseconds of reading both.
    pub read_ms: u128,
    /// Changes found when each is compared with itself.
    pub invented: usize,
    /// Every change, for whoever judges them by eye.
    pub changes: Vec<Change>,
}

/// All pairs.
pub struct Report {
    /// The pairs.
    pub pairs: Vec<Pair>,
    /// The rows.
    pub rows: Vec<Row>,
}

impl Report {
    /// A Markdown table, one line a pair.
    pub fn table(&self) -> String {
        let mut out = String::from(
            "| pair | MB | read ms | compare ms | breaking | all | breaking rows seen | other rows seen | old with itself |\n|---|---|---|---|---|---|---|---|---|\n",
        );
        let count = |name: Option<&str>, breaking: bool| {
            let of = || {
                self.rows.iter().filter(move |r| {
                    r.breaking == breaking && name.is_none_or(|n| r.pair == n) && (r.visible == Some(true) || !breaking)
                })
            };
            format!("{} of {}", of().filter(|r| r.seen.is_some()).count(), of().count())
        };
        for p in &self.pairs {
            let name = Some(p.name.as_str());
            let _ = writeln!(
                out,
                "| {} | {:.1} | {} | {} | {} | {} | {} | {} | {} |",
                p.name,
                p.bytes as f64 / 1e6,
                p.read_ms,
                p.compare_ms,
                p.breaking,
                p.total,
                count(name, true),
                count(name, false),
                p.invented
            );
        }
        let _ = writeln!(out, "| all | | | | | | {} | {} | |", count(None, true), count(None, false));
        out
    }
}

/// Compares every pair below `path` and holds it against its changelog.
///
/// # Errors
/// Which file cannot be read.
pub fn run(path: &Path) -> Result<Report, String> {
    let read = |file: &Path| std::fs::read(file).map_err(|e| format!("failed to read {}: {e}", file.display()));
    let index = path.join("pairs/index.json");
    let index: Value = serde_json::from_slice(&read(&index)?).map_err(|e| format!("{}: {e}", index.display()))?;
    let text = |v: &Value, key: &str| v.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut report = Report { pairs: Vec::new(), rows: Vec::new() };
    for entry in index.as_array().into_iter().flatten() {
        let (name, old, new) = (text(entry, "name"), path.join(text(entry, "old")), path.join(text(entry, "new")));
        let (a, b) = (read(&old)?, read(&new)?);
        let begun = Instant::now();
        let system = |bytes: &[u8], origin: &str| {
            readers::read_bytes(bytes, origin).system.ok_or_else(|| format!("{name}: {origin} is no description"))
        };
        let (was, now) = (system(&a, "old")?, system(&b, "new")?);
        let read_ms = begun.elapsed().as_millis();
        let begun = Instant::now();
        let changes = compare(&was, &now);
        let compare_ms = begun.elapsed().as_millis();
        let truth = entry.get("truth").and_then(Value::as_array);
        for row in truth.into_iter().flatten() {
            let breaking = row.get("breaking").and_then(Value::as_bool).unwrap_or(false);
            let said = text(row, "text");
            let seen = seen(&said, breaking, &changes);
            let visible = row.get("visible_in_spec").and_then(Value::as_bool);
            report.rows.push(Row { pair: name.clone(), text: said, breaking, visible, seen });
        }
        report.pairs.push(Pair {
            bytes: a.len() + b.len(),
            breaking: changes.iter().filter(|c| c.breaking).count(),
            total: changes.len(),
            compare_ms,
            read_ms,
            invented: compare(&was, &was).len(),
            changes,
            name,
        });
    }
    Ok(report)
}

fn seen(said: &str, breaking: bool, changes: &[Change]) -> Option<String> {
    let shown = |c: &Change| format!("{} {}: {}", c.code, c.side.as_str(), c.message);
    // A row on a text is answered by a text alone, and no other row is.
    let text = said.starts_with("Description '") || said.contains(" description changed from ");
    let kind = |c: &&Change| c.breaking == breaking && c.code.ends_with("text-changed") == text;
    let coordinate = said.trim_end().strip_suffix(')').and_then(|s| s.rsplit_once('(')).map(|(_, c)| c.trim());
    if let Some(at) = coordinate.filter(|c| !c.is_empty() && !c.contains(' ')) {
        let named = |c: &&Change| {
            let (holder, last) = at.rsplit_once('.').unwrap_or((at, ""));
            let place = c.subject == at || c.subject == at.replace('.', " ");
            let argument = c.subject.starts_with(holder) && c.field.as_deref() == Some(last);
            // A value or a member stands in the detail, and its enumeration is told by where it is used.
            let value = c.detail == last && !last.is_empty() && c.code.starts_with("enum-value");
            let member =
                c.code.starts_with("variant") && said.contains(&format!("'{}'", c.detail)) && said.contains(at);
            let answered = c.subject.strip_prefix(at).is_some_and(|rest| rest.starts_with([' ', '.']));
            place || argument || value || member || answered
        };
        return changes.iter().filter(kind).find(named).map(shown);
    }
    let quoted: Vec<&str> = said.split('`').skip(1).step_by(2).collect();
    if !quoted.is_empty() {
        let named = |c: &&Change| quoted.iter().any(|q| c.field.as_deref() == Some(*q) || c.subject.ends_with(q));
        return changes.iter().filter(kind).find(named).map(shown);
    }
    // What a sentence is made of says nothing; names do.
    const PLAIN: [&str; 24] = [
        "the",
        "a",
        "an",
        "to",
        "from",
        "of",
        "for",
        "and",
        "in",
        "on",
        "by",
        "no",
        "longer",
        "when",
        "add",
        "new",
        "remove",
        "type",
        "used",
        "object",
        "attribute",
        "accessed",
        "through",
        "correct",
    ];
    let stems = |text: &str| -> BTreeSet<String> {
        let all = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).flat_map(words);
        all.map(|w| singular(&w)).filter(|w| !PLAIN.contains(&w.as_str())).collect()
    };
    let own = stems(said);
    let verb = said.split_whitespace().next().unwrap_or_default().to_lowercase();
    let fits = |c: &&Change| match verb.trim_end_matches('s') {
        "remove" => c.code.ends_with("removed"),
        "add" => c.code.ends_with("added"),
        _ => true,
    };
    let best = changes.iter().filter(kind).filter(fits).map(|c| {
        let named = stems(&format!("{} {}", c.subject, c.code));
        (own.intersection(&named).count(), c)
    });
    best.filter(|(n, _)| *n >= 2).max_by_key(|(n, _)| *n).map(|(_, c)| shown(c))
}
