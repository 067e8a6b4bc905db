//! How much of what other people know of systems the readers find in their descriptions:
//! `cargo run --release --example map-accuracy -- PATH [--misses] [--json] [--vendor NAME]`.
//!
//! PATH is a folder with descriptions and rows of truth; docs/accuracy.md tells their form and what is counted how.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a scorer prints")]

mod corpus;
mod figures;
mod matching;
#[path = "../scorer.rs"]
mod scorer;

use std::path::Path;
use std::process::ExitCode;

use corpus::{Corpus, Found};
use figures::{Figures, Outcome};
use matching::{entity_fits, entity_same, fits, text};
use serde_json::{Value, json};

const USAGE: &str = "usage: map-accuracy PATH [--misses] [--json] [--vendor NAME]";

struct Options {
    folder: String,
    misses: bool,
    json: bool,
    vendor: Option<String>,
}

fn options(args: impl Iterator<Item = String>) -> Option<Options> {
    let (mut folder, mut misses, mut json, mut vendor) = (None, false, false, None);
    let mut args = args;
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--misses" => misses = true,
            "--json" => json = true,
            "--vendor" => vendor = Some(args.next()?),
            flag if flag.starts_with('-') => return None,
            path if folder.is_none() => folder = Some(path.to_owned()),
            _ => return None,
        }
    }
    Some(Options { folder: folder?, misses, json, vendor })
}

fn main() -> ExitCode {
    scorer::ended("map-accuracy", USAGE, options(std::env::args().skip(1)), run)
}

fn run(options: &Options) -> Result<String, String> {
    let vendor = options.vendor.as_deref();
    let corpus = Corpus::read(Path::new(&options.folder), vendor)?;
    let rows = |name: &str| -> Result<Vec<Value>, String> {
        let mut rows = corpus.rows(name)?;
        rows.retain(|row| vendor.is_none_or(|v| text(row, "vendor") == v));
        Ok(rows)
    };
    let mut figures = Figures::default();
    facts(&corpus, &rows("truth.jsonl")?, &mut figures);
    endpoints(&corpus, &rows("truth_endpoints.jsonl")?, &mut figures);
    operations(&corpus, &rows("truth_ops.jsonl")?, &mut figures);
    let (read, unread) = corpus.unread();
    if options.json {
        let unread: Vec<Value> =
            unread.iter().map(|(file, because)| json!({"file": file, "because": because})).collect();
        let all = json!({"descriptions": read, "unread": unread, "figures": figures.json(options.misses)});
        return Ok(format!("{all:#}"));
    }
    let mut out = figures.text(options.misses);
    out.push_str(&format!("\n{} of {read} descriptions could not be read", unread.len()));
    for (file, because) in unread {
        out.push_str(&format!("\n  {file}: {because}"));
    }
    Ok(out)
}

/// Facts of whole systems. Only rows that a description can yield count.
fn facts(corpus: &Corpus, rows: &[Value], figures: &mut Figures) {
    for row in rows.iter().filter(|row| row["derivable"] == true && row["in_scope"] != false) {
        let (fact, vendor, truth) = (text(row, "fact"), text(row, "vendor"), &row["value"]);
        // What kind of business a vendor is in is no fact of a description.
        if fact == "category" {
            continue;
        }
        let shown = || format!("{vendor} {truth} ({})", text(row, "derivable_how"));
        let yields = corpus.of_vendor(vendor);
        if yields.is_empty() {
            figures.unread(fact, shown);
            continue;
        }
        let mut ours: Vec<Value> = Vec::new();
        for (_, value) in yields.iter().flat_map(|y| &y.facts).filter(|(name, _)| *name == fact) {
            if !ours.contains(value) {
                ours.push(value.clone());
            }
        }
        let outcome = Outcome::of(fits(fact, truth, &ours), !ours.is_empty());
        figures.add(fact, outcome, || format!("{} ours {}", shown(), brief(&ours)));
    }
}

/// The first values, cut.
fn brief(values: &[Value]) -> String {
    let all = Value::from(values.iter().take(5).cloned().collect::<Vec<_>>()).to_string();
    all.chars().take(400).collect()
}

/// Where a row stands in a description: file and `METHOD path`.
fn place(row: &Value) -> Option<(&str, String)> {
    let at = row["spec_match"].as_object()?;
    Some((at.get("file")?.as_str()?, format!("{} {}", text(row, "method"), at.get("path")?.as_str()?)))
}

/// Pages, operation by operation.
fn endpoints(corpus: &Corpus, rows: &[Value], figures: &mut Figures) {
    for (row, (file, at)) in rows.iter().filter_map(|row| Some((row, place(row)?))) {
        let (style, param, limit) = (row["style"].as_str(), row["param"].as_str(), row["limit_param"].as_str());
        let Some(read) = corpus.of_file(file) else {
            for name in ["endpoint style", "endpoint param", "endpoint limit"] {
                figures.unread(name, || format!("{file} {at}"));
            }
            continue;
        };
        let pages = read.operations.get(&at).and_then(|found| found.pages.as_ref());
        let shown = || format!("{file} {at} {style:?} {param:?} {limit:?} ours {pages:?}");
        let ours = pages.map(|(style, ..)| *style);
        figures.add("endpoint style", Outcome::of(ours == style, ours.is_some()), shown);
        for (name, truth, ours) in [
            ("endpoint param", param, pages.and_then(|(_, param, _)| param.as_deref())),
            ("endpoint limit", limit, pages.and_then(|(_, _, limit)| limit.as_deref())),
        ] {
            let Some(truth) = truth else { continue };
            let fits = ours.is_some_and(|o| o.eq_ignore_ascii_case(truth));
            figures.add(name, Outcome::of(fits, ours.is_some()), shown);
            // What the truth sends, the description may not declare.
            if name == "endpoint param" && row["param_in_op"] == true {
                figures.add("endpoint param, declared", Outcome::of(fits, ours.is_some()), shown);
            }
        }
    }
}

/// What operations do, and to what.
fn operations(corpus: &Corpus, rows: &[Value], figures: &mut Figures) {
    for (row, (file, at)) in rows.iter().filter_map(|row| Some((row, place(row)?))) {
        let Some(read) = corpus.of_file(file) else {
            for name in ["operation action", "operation entity"] {
                figures.unread(name, || format!("{file} {at}"));
            }
            continue;
        };
        // Rows call a search through an API `api_search`.
        let (action, entity) = (text(row, "action").trim_start_matches("api_"), text(row, "entity"));
        let found: Option<&Found> = read.operations.get(&at);
        let ours = found.and_then(|f| f.entity.as_deref()).unwrap_or("");
        let did = found.map(|f| f.action).filter(|a| *a != "other");
        let shown = || format!("{file} {at} {action} {entity} ours {} {ours}", found.map_or("-", |f| f.action));
        figures.add("operation action", Outcome::of(found.is_some_and(|f| f.action == action), did.is_some()), shown);
        figures.add("operation entity", Outcome::of(entity_fits(entity, ours), !ours.is_empty()), shown);
        figures.add("operation entity, exact", Outcome::of(entity_same(entity, ours), !ours.is_empty()), shown);
    }
}
