//! Tells one build from another (`build.txt`), and lists the files of the skill for `src/skill/shipped.rs`: what an installed binary serves without a checkout. A list by
//! hand would have to be kept, and a forgotten example would be served by nobody.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a build script speaks to cargo over its environment and stdout"
)]

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};

/// The skill's own directory: its files stand at the top of what is served.
const SKILL: &str = "skill/platform-integration";
/// What lies beside it and belongs to it, under the same path.
const BESIDE: &[&str] = &[
    "examples",
    "resources/README.md",
    "resources/schemas",
    "resources/templates/by-hand",
    "resources/templates/dossier",
    "resources/templates/scaffold",
    "tests/README.md",
    "tests/matrix.yaml",
];

/// What decides how a description is read, and how what was read is kept: all code, and what it is built on.
const READING: &[&str] = &["src", "Cargo.toml", "Cargo.lock", "build.rs"];

fn main() -> io::Result<()> {
    let variable =
        |name: &str| std::env::var_os(name).map(PathBuf::from).ok_or_else(|| io::Error::other(name.to_owned()));
    let root = variable("CARGO_MANIFEST_DIR")?;
    let mut files = Vec::new();
    for base in std::iter::once(&SKILL).chain(BESIDE) {
        println!("cargo::rerun-if-changed={base}");
        collect(&root, Path::new(base), &mut files)?;
    }
    let mut served: Vec<(String, String)> = files
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(SKILL).unwrap_or(&path);
            (slashes(name), root.join(&path).display().to_string())
        })
        .collect();
    served.sort();
    let mut out = String::from("&[\n");
    for (name, file) in served {
        let _ = writeln!(out, "    ({name:?}, include_bytes!({file:?})),");
    }
    out.push_str("]\n");
    std::fs::write(variable("OUT_DIR")?.join("shipped.rs"), out)?;
    std::fs::write(variable("OUT_DIR")?.join("build.txt"), build(&root)?)
}

/// A number that changes with any of [`READING`], for `src/readers/kept.rs`: the version alone stays while the code changes.
fn build(root: &Path) -> io::Result<String> {
    let mut files = Vec::new();
    for base in READING {
        // A package may come without its lock file; then the names of its files differ, and so does the number.
        if root.join(base).exists() {
            println!("cargo::rerun-if-changed={base}");
            collect(root, Path::new(base), &mut files)?;
        }
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for path in files {
        slashes(&path).hash(&mut hasher);
        std::fs::read(root.join(&path))?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// The files at or below `at`, without hidden ones and without links.
fn collect(root: &Path, at: &Path, into: &mut Vec<PathBuf>) -> io::Result<()> {
    let meta =
        root.join(at).symlink_metadata().map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", at.display())))?;
    if meta.is_file() {
        into.push(at.to_owned());
    } else if meta.is_dir() {
        for entry in root.join(at).read_dir()? {
            let name = entry?.file_name();
            if !name.to_string_lossy().starts_with('.') {
                collect(root, &at.join(name), into)?;
            }
        }
    }
    Ok(())
}

fn slashes(path: &Path) -> String {
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}
