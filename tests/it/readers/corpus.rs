//! Real descriptions, where the corpus is at hand: `CORPUS`, or `../shared/corpus` beside the repository.

use std::path::PathBuf;

use platform_integration::readers::{Read, read_bytes};
use serde_json::Value;

#[expect(clippy::print_stderr, reason = "a skipped test says why")]
/// The corpus folder; nothing, and a message, where there is none.
pub(crate) fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("CORPUS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"), PathBuf::from);
    if folder.join("index.jsonl").is_file() {
        return Some(folder);
    }
    eprintln!("skipped: no corpus at {}; set CORPUS to its folder", folder.display());
    None
}

/// The rows of a file of the corpus.
pub(crate) fn rows(name: &str) -> Vec<Value> {
    let Some(folder) = folder() else { return Vec::new() };
    let text = std::fs::read_to_string(folder.join(name)).expect("the corpus is complete");
    text.lines().map(|l| serde_json::from_str(l).expect("the corpus holds one JSON value a line")).collect()
}

/// Reads one description of the corpus.
pub(super) fn read(file: &str) -> Read {
    let path = folder().expect("asked for before").join(file);
    let bytes = std::fs::read(&path).expect("the corpus is complete");
    read_bytes(&bytes, file)
}

#[test]
fn every_description_of_the_corpus_in_a_format_of_ours_is_read() {
    let mut unread = Vec::new();
    for row in rows("index.jsonl") {
        let file = row["file"].as_str().expect("a path");
        let read = read(file);
        if read.system.is_none() {
            unread.push(format!("{file}: {:?}", read.findings.first()));
        }
        if let Some(system) = &read.system {
            let stated = row["operations"].as_u64().unwrap_or(0) as usize;
            // Of GraphQL, subscriptions are counted there too.
            if (row["format"] == "openapi" || row["format"] == "swagger") && system.operations.len() != stated {
                unread.push(format!("{file}: {} of {stated} operations", system.operations.len()));
            }
        } else {
            assert!(!read.findings.is_empty(), "{file}: nothing said");
        }
    }
    assert_eq!(unread, Vec::<String>::new());
}
