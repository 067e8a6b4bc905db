//! A folder laid out like the corpus: its rows, and what its descriptions yield.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use platform_integration::model::{Operation, System};
use platform_integration::readers::read_bytes;
use serde_json::Value;

use super::matching::text;

/// What one operation was found to be.
pub(crate) struct Found {
    /// `list`, `get` …
    pub(crate) action: &'static str,
    /// Its entity, if known.
    pub(crate) entity: Option<String>,
    /// Style, parameter and limit parameter of its pages, where it has any.
    pub(crate) pages: Option<(&'static str, Option<String>, Option<String>)>,
}

/// What one description yields; nothing but what is scored is kept.
pub(crate) struct Yield {
    /// Facts of the whole system: name and value.
    pub(crate) facts: Vec<(&'static str, Value)>,
    /// Operations by `METHOD path`.
    pub(crate) operations: BTreeMap<String, Found>,
}

/// The corpus, read.
pub(crate) struct Corpus {
    folder: PathBuf,
    index: Vec<Value>,
    yields: BTreeMap<String, Result<Yield, String>>,
}

impl Corpus {
    /// Reads every description that a row of the truth could be about.
    pub(crate) fn read(folder: &Path, only: Option<&str>) -> Result<Self, String> {
        let mut corpus = Self { folder: folder.to_owned(), index: Vec::new(), yields: BTreeMap::new() };
        let mut wanted: BTreeSet<String> = BTreeSet::new();
        for row in corpus.rows("truth.jsonl")? {
            wanted.insert(text(&row, "vendor").to_owned());
        }
        corpus.index = corpus.rows("index.jsonl")?;
        if corpus.index.is_empty() {
            return Err(format!("{} holds no row of a description", folder.join("index.jsonl").display()));
        }
        let mut files: BTreeSet<String> = BTreeSet::new();
        for row in corpus.index.iter().filter(|row| wanted.contains(text(row, "vendor"))) {
            files.insert(text(row, "file").to_owned());
        }
        for name in ["truth_endpoints.jsonl", "truth_ops.jsonl"] {
            files.extend(
                corpus.rows(name)?.iter().filter_map(|row| row["spec_match"]["file"].as_str().map(str::to_owned)),
            );
        }
        if let Some(vendor) = only {
            let of_vendor: BTreeSet<&str> =
                corpus.index.iter().filter(|row| text(row, "vendor") == vendor).map(|row| text(row, "file")).collect();
            files.retain(|file| of_vendor.contains(file.as_str()));
        }
        corpus.yields = all(folder, &files.into_iter().collect::<Vec<_>>());
        Ok(corpus)
    }

    /// The rows of a file; none where the folder lacks it.
    pub(crate) fn rows(&self, name: &str) -> Result<Vec<Value>, String> {
        let path = self.folder.join(name);
        if !path.is_file() && name != "index.jsonl" {
            return Ok(Vec::new());
        }
        let lines = std::fs::read_to_string(&path).map_err(|because| format!("{}: {because}", path.display()))?;
        let row = |(i, line)| {
            serde_json::from_str::<Value>(line).map_err(|because| format!("{}:{}: {because}", path.display(), i + 1))
        };
        lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(row).collect()
    }

    /// What one description yields, if it was to be read and could be.
    pub(crate) fn of_file(&self, file: &str) -> Option<&Yield> {
        self.yields.get(file)?.as_ref().ok()
    }

    /// What the descriptions of a vendor yield. A row names three of them at most; the truth is about all.
    pub(crate) fn of_vendor(&self, vendor: &str) -> Vec<&Yield> {
        let files = self.index.iter().filter(|row| text(row, "vendor") == vendor).map(|row| text(row, "file"));
        files.filter_map(|file| self.of_file(file)).collect()
    }

    /// How many descriptions were tried, and those that could not be read, with the reason.
    pub(crate) fn unread(&self) -> (usize, Vec<(&str, &str)>) {
        let unread = self.yields.iter().filter_map(|(file, read)| Some((file.as_str(), read.as_ref().err()?.as_str())));
        (self.yields.len(), unread.collect())
    }
}

/// Reads on all cores.
fn all(folder: &Path, files: &[String]) -> BTreeMap<String, Result<Yield, String>> {
    let (next, read) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let one = one(folder, file);
                    read.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(file.clone(), one);
                }
            });
        }
    });
    read.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn one(folder: &Path, file: &str) -> Result<Yield, String> {
    let bytes = std::fs::read(folder.join(file)).map_err(|because| because.to_string())?;
    let read = read_bytes(&bytes, file);
    let because = || read.findings.first().map_or_else(|| "no reason was given".to_owned(), |f| f.message.clone());
    read.system.as_ref().map(slim).ok_or_else(because)
}

fn slim(system: &System) -> Yield {
    let found = |o: &Operation| Found {
        action: o.action.as_str(),
        entity: o.entity.clone(),
        pages: o.pagination.as_ref().map(|p| (p.style.as_str(), p.param.clone(), p.limit_param.clone())),
    };
    Yield {
        facts: system.facts.iter().map(|f| (f.fact, f.value.clone())).collect(),
        operations: system.operations.iter().map(|o| (format!("{} {}", o.method.as_str(), o.path), found(o))).collect(),
    }
}
