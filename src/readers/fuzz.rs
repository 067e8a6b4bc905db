//! What fuzzers call: one function for each reader and for what lies below all of them, and what must hold of any input. The
//! targets of `fuzz` and the smoke run of the tests share it.

use std::fmt::Write as _;

use super::{ALL, Form, Input, Part, Read, Reader};
use crate::base::tree::{Arena, from_json, from_yaml};
use crate::base::yaml::Limits;

/// One target.
pub struct Target {
    /// The name of its file in `fuzz/fuzz_targets`, and of its folder in `fuzz/seeds`.
    pub name: &'static str,
    run: fn(&[u8]) -> Vec<Read>,
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "openapi_json", run: |bytes| by("openapi", true, bytes) },
    Target { name: "openapi_yaml", run: |bytes| by("openapi", true, bytes) },
    Target { name: "swagger", run: |bytes| by("swagger", true, bytes) },
    Target { name: "asyncapi", run: |bytes| by("asyncapi", true, bytes) },
    Target { name: "postman", run: |bytes| by("postman", true, bytes) },
    Target { name: "json_schema", run: |bytes| by("json-schema", true, bytes) },
    Target { name: "introspection", run: |bytes| by("graphql", true, bytes) },
    Target { name: "graphql", run: |bytes| by("graphql", false, bytes) },
    Target { name: "sql", run: |bytes| by("sql", false, bytes) },
    Target { name: "proto", run: |bytes| by("protobuf", false, bytes) },
    Target { name: "overlay", run: overlay },
    Target { name: "files", run: files },
    Target { name: "tree_json", run: tree_json },
    Target { name: "tree_yaml", run: tree_yaml },
];

/// Between the parts of one input: a description and an overlay, or several files, each after its name.
pub const BETWEEN: &str = "\n=====";

/// Most characters of a message.
const MOST_WORDS: usize = 2_000;
/// Most findings of one description.
const MOST_FINDINGS: usize = 3_000;
/// Most schemas that one byte of a description may become, and what the smallest may become.
const MOST_SCHEMAS: (usize, usize) = (4, 2_000);

/// Runs a target twice on an input; what does not hold, if anything.
///
/// # Errors
/// What does not hold, in words, for a panic of whoever runs it; also where there is no target of this name.
pub fn run(name: &str, bytes: &[u8]) -> Result<(), String> {
    let target = TARGETS.iter().find(|t| t.name == name).ok_or_else(|| format!("no target is called {name}"))?;
    let (first, second) = ((target.run)(bytes), (target.run)(bytes));
    for read in &first {
        holds(read, bytes.len())?;
    }
    let same = first.len() == second.len() && first.iter().zip(&second).all(|(a, b)| shown(a) == shown(b));
    if same { Ok(()) } else { Err("read twice, it is not the same".to_owned()) }
}

/// What must hold of whatever was read.
fn holds(read: &Read, bytes: usize) -> Result<(), String> {
    if read.system.is_none() && read.findings.is_empty() {
        return Err("nothing was read and nothing is told".to_owned());
    }
    if read.findings.len() > MOST_FINDINGS {
        return Err(format!("{} findings", read.findings.len()));
    }
    for finding in &read.findings {
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let place = finding.location.to_string();
        if !finding.code.chars().all(kebab) {
            return Err(format!("the code {} is none", finding.code));
        }
        if finding.message.chars().count() > MOST_WORDS {
            return Err(format!("{} says too much", finding.code));
        }
        if finding.message.chars().chain(place.chars()).any(char::is_control) {
            return Err(format!("{} holds control characters", finding.code));
        }
    }
    let kept = read.to_bytes().and_then(|bytes| Read::from_bytes(&bytes));
    if kept.is_none_or(|kept| shown(&kept) != shown(read)) {
        return Err("written and read back, it is not the same".to_owned());
    }
    let Some(system) = &read.system else { return Ok(()) };
    if system.schemas.len() > MOST_SCHEMAS.1 + MOST_SCHEMAS.0 * bytes {
        return Err(format!("{} schemas of {bytes} bytes", system.schemas.len()));
    }
    let long = |text: &str, most: usize| text.chars().count() > most || text.chars().any(char::is_control);
    if long(&system.title, 120) || system.operations.iter().any(|o| long(&o.summary, 160)) {
        return Err("a title or a summary is not bounded".to_owned());
    }
    if system.schemas.iter().any(|s| long(&s.description, 300)) {
        return Err("a description is not bounded".to_owned());
    }
    Ok(())
}

fn shown(read: &Read) -> String {
    let mut out = String::new();
    // Writing to a text does not fail.
    let _ = write!(out, "{:?}{:?}", read.system, read.findings);
    out
}

fn by(format: &str, tree: bool, bytes: &[u8]) -> Vec<Read> {
    let is = |r: &&Reader| r.format == format && matches!(r.form, Form::Tree { .. }) == tree;
    let reader = ALL.iter().find(is);
    // What it refers to is looked for first, by whoever gathers files.
    let _ = super::references(bytes);
    reader.map(|r| super::read_as(r, bytes, "x")).into_iter().collect()
}

fn parts(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some(at) = memchr::memmem::find(rest, BETWEEN.as_bytes()) {
        out.push(rest.get(..at).unwrap_or_default().to_vec());
        rest = rest.get(at + BETWEEN.len()..).unwrap_or_default();
    }
    out.push(rest.to_vec());
    out
}

fn overlay(bytes: &[u8]) -> Vec<Read> {
    let mut parts = parts(bytes).into_iter();
    let main = parts.next().unwrap_or_default();
    let overlays = parts.take(8).map(|bytes| Part { name: "o.yaml".to_owned(), bytes: Ok(bytes) }).collect();
    let input = Input { overlays, ..Input::of_bytes("x.yaml", main) };
    let _ = super::whole(&input);
    vec![super::read(&input, "x.yaml")]
}

/// Every part but the first starts with its name, on the line of the mark.
fn files(bytes: &[u8]) -> Vec<Read> {
    let mut parts = parts(bytes).into_iter();
    let main = parts.next().unwrap_or_default();
    let named = |bytes: Vec<u8>| {
        let line = bytes.iter().position(|b| *b == b'\n').unwrap_or(bytes.len());
        let name = String::from_utf8_lossy(bytes.get(..line).unwrap_or_default()).trim().to_owned();
        Part { name, bytes: Ok(bytes.get(line..).unwrap_or_default().to_vec()) }
    };
    let input = Input { others: parts.take(8).map(named).collect(), ..Input::of_bytes("x.yaml", main.clone()) };
    for reference in super::references(&main) {
        let _ = super::target("x.yaml", &reference);
    }
    vec![super::read(&input, "x.yaml")]
}

/// Below the readers there is nothing to read but trees: told as a description, so that the same must hold.
fn tree_json(bytes: &[u8]) -> Vec<Read> {
    let arena = Arena::default();
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(tree) = from_json(text, &arena)
    {
        let _ = tree.root.to_value();
    }
    vec![super::read_bytes(bytes, "x.json")]
}

fn tree_yaml(bytes: &[u8]) -> Vec<Read> {
    let arena = Arena::default();
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(tree) = from_yaml(text, &arena, Limits::default())
    {
        let _ = tree.root.to_value();
    }
    vec![super::read_bytes(bytes, "x.yaml")]
}
