//! The row table of `ARCHITECTURE.md`, held against the source. Only text is read: `crate::` paths, grouped imports
//! included, and `super::` paths that climb out of a room.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// From the top. A room names only rooms in rows below its own; rooms of one row never name each other.
const ROWS: &[&[&str]] = &[
    &["cli"],
    &["mcp", "ui"],
    &["render"],
    &["app"],
    &["lab", "verify"],
    &["readers", "checks", "drift", "workflow", "scaffold", "connector", "store", "package"],
    &["mapping", "contract", "knowledge", "skill", "evidence", "probe", "sandbox", "html"],
    &["model", "finding"],
    &["base"],
];

/// The one look sideways: a fact carries a confidence.
const SIDEWAYS: &[(&str, &str)] = &[("model", "finding")];

/// Words that only some rooms may use, and why.
const RESERVED: &[(&str, &[&str], &str)] = &[
    ("rusqlite::", &["store"], "the database is behind the ports of evidence"),
    ("rmcp::", &["mcp"], "the protocol stops at its adapter"),
    ("opentelemetry", &["cli"], "spans leave through the port of base"),
    ("std::env::", &["cli"], "the environment is read once, by the composition root"),
    ("SystemTime", &[], "ask base::clock, so that a drill replays"),
    ("std::time::Instant", &[], "ask base::clock or tokio, so that a drill replays"),
    ("fs::write(", &[], "base::fs::write_atomic leaves no half-written file"),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

struct Source {
    /// Relative to the repository.
    path: String,
    /// `["store", "log"]` for `src/store/log.rs`; empty for the crate root.
    module: Vec<String>,
    /// Code before the unit tests, without comments and texts.
    code: String,
}

impl Source {
    fn room(&self) -> Option<&str> {
        self.module.first().map(String::as_str)
    }
}

fn sources() -> Vec<Source> {
    let src = root().join("src");
    let mut out = Vec::new();
    for entry in walkdir::WalkDir::new(&src).sort_by_file_name() {
        let entry = entry.unwrap();
        let path = entry.path();
        if path.extension().is_none_or(|e| e != "rs") {
            continue;
        }
        let relative = path.strip_prefix(&src).unwrap().with_extension("");
        let mut module: Vec<String> = relative.iter().map(|s| s.to_str().unwrap().to_owned()).collect();
        if module.last().is_some_and(|m| m == "mod")
            || module.len() == 1 && ["lib", "main"].contains(&module[0].as_str())
        {
            module.pop();
        }
        let text = std::fs::read_to_string(path).unwrap();
        let path = path.strip_prefix(root()).unwrap().display().to_string();
        out.push(Source { path, module, code: code(&text) });
    }
    assert!(out.len() > 20, "the source was found");
    out
}

/// Comments, texts and unit tests taken out.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    let at = |i: usize, word: &str| chars[i..].iter().take(word.len()).collect::<String>() == word;
    while i < chars.len() {
        if at(i, "//") {
            while i < chars.len() && chars[i] != '\n' {
                i += 1;
            }
        } else if chars[i] == 'r'
            && (at(i, "r\"") || at(i, "r#"))
            && !out.ends_with(|c: char| c.is_alphanumeric() || c == '_')
        {
            let hashes = chars[i + 1..].iter().take_while(|c| **c == '#').count();
            if chars.get(i + 1 + hashes) != Some(&'"') {
                // A raw identifier.
                out.push('r');
                i += 1;
                continue;
            }
            let end = format!("\"{}", "#".repeat(hashes));
            i += 2 + hashes;
            while i < chars.len() && !at(i, &end) {
                i += 1;
            }
            i += end.len();
        } else if chars[i] == '"' {
            i += 1;
            while i < chars.len() && chars[i] != '"' {
                i += if chars[i] == '\\' { 2 } else { 1 };
            }
            i += 1;
        } else if at(i, "'\"'") || at(i, "'\\\"'") {
            i += if at(i, "'\"'") { 3 } else { 4 };
        } else {
            out.push(chars[i]);
            i += 1;
        }
    }
    out
}

/// The first names after `crate::` and after `super::` paths that reach the crate root.
fn names(source: &Source) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (start, _) in source.code.match_indices("crate::") {
        if source.code[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        heads(&source.code[start + "crate::".len()..], &mut found);
    }
    let climb = "super::".repeat(source.module.len());
    if !climb.is_empty() {
        for (start, _) in source.code.match_indices(&climb) {
            let rest = &source.code[start + climb.len()..];
            if !source.code[..start].ends_with("super::") && !rest.starts_with("super::") {
                heads(rest, &mut found);
            }
        }
    }
    found
}

/// `a::b` gives `a`; `{a::b, c::{d, e}}` gives `a` and `c`.
fn heads(rest: &str, found: &mut BTreeSet<String>) {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = rest.strip_prefix('{') else {
        found.insert(word(rest));
        return;
    };
    let mut depth = 0_usize;
    let mut begins = true;
    for (i, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            c if c.is_whitespace() => {}
            _ if begins && depth == 0 => {
                found.insert(word(&group[i..]));
                begins = false;
            }
            _ => {}
        }
    }
}

fn row(room: &str) -> Option<usize> {
    ROWS.iter().position(|rooms| rooms.contains(&room))
}

#[test]
fn rooms_look_down_only() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(room) = source.room() else { continue };
        let own = row(room).unwrap_or_else(|| panic!("{}: room {room} has no row", source.path));
        for name in names(&source) {
            let Some(other) = row(&name) else { continue };
            if name != room && other <= own && !SIDEWAYS.contains(&(room, name.as_str())) {
                wrong.push(format!("{}: {room} (row {}) names {name} (row {})", source.path, own + 1, other + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn reserved_words_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (word, rooms, why) in RESERVED {
            let named = source
                .code
                .match_indices(word)
                .any(|(at, _)| !source.code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'));
            if named && source.room().is_some_and(|room| !rooms.contains(&room)) {
                wrong.push(format!("{}: {word} ({why})", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_has_a_row_and_every_row_its_rooms() {
    let in_table: BTreeSet<&str> = ROWS.iter().flat_map(|row| row.iter().copied()).collect();
    let sources = sources();
    let on_disk: BTreeSet<&str> = sources.iter().filter_map(Source::room).collect();
    assert_eq!(in_table, on_disk);
}

#[test]
fn the_table_in_the_document_is_the_one_that_is_held() {
    // Until the document is there, the table above is the only one.
    let Ok(document) = std::fs::read_to_string(root().join("ARCHITECTURE.md")) else { return };
    let mut table: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for line in document.lines() {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let (Some(number), Some(rooms), None) = (cells.next(), cells.next(), cells.next()) else { continue };
        if let Ok(number) = number.parse::<usize>() {
            table.insert(number, rooms.split('`').filter(|r| !r.trim().is_empty()).collect());
        }
    }
    let held: BTreeMap<usize, Vec<&str>> = (1..).zip(ROWS).map(|(n, row)| (n, row.to_vec())).collect();
    assert_eq!(table, held);
}

#[test]
fn every_path_the_documents_name_exists() {
    let mut missing = Vec::new();
    for document in ["ARCHITECTURE.md", "AGENTS.md"] {
        let Ok(text) = std::fs::read_to_string(root().join(document)) else { continue };
        for (i, span) in text.split('`').enumerate() {
            // Between backticks; a pattern, a command or a placeholder is no path.
            let first = span.split('/').next().unwrap_or("");
            let ours = ["src", "tests", "resources", "skill", "examples", "benches"].contains(&first);
            let plain = !span.contains(['*', '<', '>', ' ', '{', '\n', '…']);
            if i % 2 == 1 && ours && plain && span.contains('/') && !Path::new(&root().join(span)).exists() {
                missing.push(format!("{document}: {span}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn the_reader_of_paths_sees_what_it_must() {
    let source = |module: &str, text: &str| Source {
        path: String::new(),
        module: module.split("::").map(str::to_owned).collect(),
        code: code(text),
    };
    let seen = |module, text| names(&source(module, text)).into_iter().collect::<Vec<_>>();
    assert_eq!(seen("a", "use crate::base::fs;"), ["base"]);
    assert_eq!(seen("a", "use crate::{base::{fs, text}, model::System,\n    store};"), ["base", "model", "store"]);
    assert_eq!(seen("a", "let x = f(crate::store::open());"), ["store"]);
    assert_eq!(seen("a::b", "use super::c; use super::super::store::x;"), ["store"]);
    assert_eq!(
        seen("a", "// crate::cli\nlet s = \"crate::mcp\"; let r = r#\"crate::lab \" \"#; my_crate::app();"),
        [""; 0]
    );
    assert_eq!(seen("a", "#[cfg(test)]\nmod tests { use crate::cli; }"), [""; 0]);
}
