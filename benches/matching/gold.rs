//! Pairs of entities with the field pairs that people or code say are right.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use platform_integration::mapping::matcher::{Field, Side, types_named};
use serde_json::Value;

/// One file.
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) rows: Vec<Row>,
}

/// One pair of entities.
pub(crate) struct Row {
    pub(crate) id: String,
    /// The systems that are nobody's common model; a row is kept out of training when one of them is.
    pub(crate) systems: Vec<String>,
    pub(crate) source: Side,
    pub(crate) target: Side,
    /// Right pairs, as indexes of fields.
    pub(crate) gold: BTreeSet<(usize, usize)>,
    /// Right pairs whose names share no word.
    pub(crate) apart: BTreeSet<(usize, usize)>,
    /// Pairs that count neither way.
    pub(crate) ignored: BTreeSet<(usize, usize)>,
    /// Right pairs that name a field which is not listed: they can only be missed.
    pub(crate) unlisted: usize,
}

impl Row {
    /// The same pair, read the other way.
    pub(crate) fn reversed(&self) -> Self {
        let turned = |set: &BTreeSet<(usize, usize)>| set.iter().map(|(s, t)| (*t, *s)).collect();
        Self {
            id: format!("{} reversed", self.id),
            systems: self.systems.iter().rev().cloned().collect(),
            source: self.target.clone(),
            target: self.source.clone(),
            gold: turned(&self.gold),
            apart: turned(&self.apart),
            ignored: turned(&self.ignored),
            unlisted: self.unlisted,
        }
    }
}

/// All files of a folder, or one.
pub(crate) fn read(path: &Path) -> Result<Vec<File>, String> {
    let failed = |p: &Path, e: std::io::Error| format!("{}: {e}", p.display());
    let mut files: Vec<PathBuf> = if path.is_dir() {
        let entries = std::fs::read_dir(path).map_err(|e| failed(path, e))?;
        entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.extension().is_some_and(|e| e == "jsonl")).collect()
    } else {
        vec![path.to_owned()]
    };
    files.sort();
    if files.is_empty() {
        return Err(format!("{} holds no .jsonl file", path.display()));
    }
    files.iter().map(|p| file(p, &std::fs::read_to_string(p).map_err(|e| failed(p, e))?)).collect()
}

fn file(path: &Path, text: &str) -> Result<File, String> {
    let name = path.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mut rows = Vec::new();
    for (n, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        let value: Value = serde_json::from_str(line).map_err(|e| format!("{}:{}: {e}", path.display(), n + 1))?;
        rows.push(row(&value));
    }
    Ok(File { name, rows })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn row(row: &Value) -> Row {
    let (source, target) = (side(row, "source"), side(row, "target"));
    let index = |key: &str, path: &Value| row[key].as_array()?.iter().position(|field| &field["path"] == path);
    let both = |s: &Value, t: &Value| Some((index("source", s)?, index("target", t)?));
    let mut out = Row {
        id: text(&row["id"]),
        systems: systems(row),
        source,
        target,
        gold: BTreeSet::new(),
        apart: BTreeSet::new(),
        ignored: BTreeSet::new(),
        unlisted: 0,
    };
    for pair in row["gold"].as_array().into_iter().flatten() {
        let Some(at) = both(&pair["s"], &pair["t"]) else {
            out.unlisted += 1;
            continue;
        };
        out.gold.insert(at);
        if pair["name"] == "none" {
            out.apart.insert(at);
        }
    }
    let ignored = row["ignore"].as_array().into_iter().flatten();
    out.ignored = ignored.filter_map(|pair| both(&pair[0], &pair[1])).filter(|at| !out.gold.contains(at)).collect();
    out
}

fn side(row: &Value, key: &str) -> Side {
    let list = |v: &Value| -> Vec<String> {
        let plain = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
        v.as_array().into_iter().flatten().map(plain).collect()
    };
    let fields = row[key].as_array().into_iter().flatten().map(|field| {
        let mut values = list(&field["values"]);
        values.extend(list(&field["enum"]));
        Field {
            types: types_named(field["type"].as_str().unwrap_or("any")),
            format: field["format"].as_str().map(str::to_owned),
            values,
            description: text(&field["desc"]),
            required: field["optional"] == false,
            nullable: field["nullable"] == true,
            ..Field::at(field["path"].as_str().unwrap_or_default())
        }
    });
    let system = text(&row[format!("{key}_system").as_str()]);
    let system = if system.starts_with("nango:") { String::new() } else { system };
    Side { entity: entity(&text(&row["entity"])), system, fields: fields.collect() }
}

/// `crm.deal` as it is; of a path of a file, the name of the file.
fn entity(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    let last = last.strip_suffix(".ts").unwrap_or(last);
    last.split("->").next().unwrap_or(last).to_owned()
}

/// Names of one vendor's systems are written in several ways.
fn systems(row: &Value) -> Vec<String> {
    let one = |key: &str| {
        let name = text(&row[key]).to_lowercase();
        let common =
            name.ends_with("_unified") || name.starts_with("nango:") || ["gdc", "omop"].contains(&name.as_str());
        let short = name.split(['-', '_']).next().unwrap_or_default();
        let short = if name.contains("dynamics") { "dynamics" } else { short };
        (!common).then(|| short.to_owned())
    };
    let mut out: Vec<String> = ["source_system", "target_system"].iter().filter_map(|k| one(k)).collect();
    out.dedup();
    out
}
