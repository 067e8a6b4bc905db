//! Makes every client's manifest and package from the one source. Writes below the project or the directory named, and
//! nothing into the log: what is packaged is proven by its digests.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{App, Fault, No, Refusal};
use crate::base::digest::Digest;
use crate::base::fs;
use crate::package::{self, Binary, Place, Read, Source};
use crate::skill::{self, Project, Tree};

/// The largest program that is bundled, in bytes.
const MAX_BINARY: u64 = 1024 * 1024 * 1024;
/// The list of what was built, beside it.
const INDEX: &str = "packages.json";

/// What to do.
#[derive(Debug, Clone)]
pub enum Do {
    /// Build packages into a directory, named as it is shown.
    Build {
        /// The directory.
        out: String,
    },
    /// Write the manifests into the project.
    Write,
    /// Compare the project's manifests with the source.
    Check,
}

/// Of what.
#[derive(Debug, Clone)]
pub struct Options {
    /// The project.
    pub dir: String,
    /// The skill that this program holds instead.
    pub own: bool,
    /// What to do.
    pub what: Do,
    /// The program that goes into the bundle.
    pub binary: Option<PathBuf>,
    /// Its platform, as bundles name it.
    pub platform: String,
    /// Its processor.
    pub arch: String,
}

/// One file that was made or compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileOut {
    /// Below the directory written to.
    pub path: String,
    /// Bytes.
    pub size: usize,
    /// SHA-256, in hexadecimal.
    pub sha256: String,
}

/// A manifest that is not what the source gives.
#[derive(Debug, Clone, Serialize)]
pub struct StaleOut {
    /// The manifest, below the project.
    pub path: String,
    /// Line of the first difference; 0 where there is no such file.
    pub line: u32,
    /// Column of the first difference.
    pub column: u32,
    /// What differs.
    pub because: String,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// The project.
    pub project: String,
    /// Its plugin and version.
    pub version: String,
    /// Where files were written; nothing where none were.
    pub out: Option<String>,
    /// What was written.
    pub files: Vec<FileOut>,
    /// Of these, what is handed out as it is: archives and the registry's entry.
    pub archives: Vec<FileOut>,
    /// Manifests that were compared, and are not what the source gives.
    pub stale: Vec<StaleOut>,
    /// Manifests that are what the source gives.
    pub current: usize,
    /// What to do next.
    pub next: String,
}

/// Makes or compares.
///
/// # Errors
/// Refused without a source, or where it is wrong; a fault where files cannot be written.
pub fn run(app: &App, options: &Options) -> Result<Answer, No> {
    let project = if options.own { own() } else { load(app, options)? };
    let source = source(&project)?;
    let version = format!("{} {}", source.plugin, source.version);
    let mut answer = Answer {
        project: options.dir.clone(),
        version,
        out: None,
        files: Vec::new(),
        archives: Vec::new(),
        stale: Vec::new(),
        current: 0,
        next: String::new(),
    };
    match &options.what {
        Do::Check => {
            compare(&project, &source, &mut answer);
            if !answer.stale.is_empty() {
                answer.next = "platform-integration package --write".to_owned();
            }
        }
        Do::Write => {
            compare(&project, &source, &mut answer);
            let stale: BTreeSet<String> = answer.stale.drain(..).map(|s| s.path).collect();
            answer.out = Some(options.dir.clone());
            for manifest in package::wanted(&source).filter(|m| stale.contains(m.path)) {
                let bytes = package::text(&(manifest.make)(&source, &Place::Repository)).into_bytes();
                write(&project.root, manifest.path, &bytes, false)?;
                answer.files.push(file_out(manifest.path, &bytes));
            }
            answer.current += answer.files.len();
        }
        Do::Build { out } => build(app, options, &project, &source, out, &mut answer)?,
    }
    Ok(answer)
}

fn load(app: &App, options: &Options) -> Result<Project, No> {
    skill::load(&app.path(&options.dir), &options.dir)
        .map_err(|e| Refusal::new("no-skill", e.to_string(), "pass the directory of a project that has a skill").into())
}

/// What this program was built from, as far as packages are made of it.
fn own() -> Project {
    const HOME: &str = "skill/platform-integration";
    let mut tree = Tree::default();
    for (name, bytes) in skill::SHIPPED {
        let beside = ["examples/", "resources/", "tests/"].iter().any(|dir| name.starts_with(dir));
        let path = if beside { (*name).to_owned() } else { format!("{HOME}/{name}") };
        tree.put(&path, bytes);
    }
    for (path, text) in [
        (package::SOURCE, include_str!("../../integ.toml")),
        ("Cargo.toml", include_str!("../../Cargo.toml")),
        ("README.md", include_str!("../../README.md")),
        ("LICENSE", include_str!("../../LICENSE")),
    ] {
        tree.put(path, text.as_bytes());
    }
    Project::of_tree("", tree, None)
}

/// The source of a project.
fn source(project: &Project) -> Result<Source, No> {
    let read = Source::read(&project.tree).map_err(|e| {
        No::from(Refusal::new(
            "source-malformed",
            format!("{}:{}: {}", project.show(&e.file), e.at, e.because),
            format!("mend {}, then platform-integration package --check", project.show(&e.file)),
        ))
    })?;
    read.ok_or_else(|| {
        Refusal::new(
            "no-source",
            format!("{} is not there, and manifests are made from it", project.show(package::SOURCE)),
            "pass a directory that has one, or --own for the skill that this program holds",
        )
        .into()
    })
}

fn compare(project: &Project, source: &Source, answer: &mut Answer) {
    let have = package::read(&project.tree);
    for manifest in package::wanted(source) {
        let want = (manifest.make)(source, &Place::Repository);
        let found = match have.iter().find(|r| r.path == manifest.path) {
            Some(Read { node: Ok(node), .. }) => package::difference(node, &want),
            Some(Read { node: Err((at, because)), .. }) => Some((*at, because.clone())),
            None => Some((crate::base::yaml::Span::default(), "there is no such file".to_owned())),
        };
        match found {
            Some((at, because)) => answer.stale.push(StaleOut {
                path: project.show(manifest.path),
                line: at.line,
                column: at.column,
                because,
            }),
            None => answer.current += 1,
        }
    }
    // What is written is named below the root, however the root is shown.
    if project.shown.is_empty() {
        return;
    }
    for stale in &mut answer.stale {
        if let Some(below) = stale.path.strip_prefix(&project.shown) {
            stale.path = below.to_owned();
        }
    }
}

fn build(
    app: &App,
    options: &Options,
    project: &Project,
    source: &Source,
    out: &str,
    answer: &mut Answer,
) -> Result<(), No> {
    let dir = app.path(out);
    if !options.own && dir.canonicalize().is_ok_and(|d| d == project.root) {
        let because = "packages are built beside the project's files, not over them";
        return Err(Refusal::new("bad-argument", because, "pass another directory, e.g. --out dist").into());
    }
    let binary = match &options.binary {
        Some(path) if source.clients.iter().any(|c| c == "mcpb") => {
            let bytes = fs::read_bytes(path, MAX_BINARY)
                .map_err(|e| Refusal::new("no-binary", e.to_string(), "name a program that is there with --binary"))?;
            Some(Binary { bytes, platform: options.platform.clone(), arch: options.arch.clone() })
        }
        _ => None,
    };
    let built = package::dist(source, &project.tree, binary.as_ref()).map_err(|e| {
        No::from(Refusal::new(
            "not-packaged",
            e.to_string(),
            format!("mend it, or the paths in {}", project.show(package::SOURCE)),
        ))
    })?;
    let before = index(&dir);
    for file in &built.files {
        write(&dir, &file.path, &file.bytes, file.executable)?;
        answer.files.push(file_out(&file.path, &file.bytes));
    }
    // What an earlier build left, and this one has not.
    let now: BTreeSet<&str> = built.files.iter().map(|f| f.path.as_str()).collect();
    for old in before.iter().filter(|old| !now.contains(old.as_str())) {
        let path = dir.join(old);
        if fs::lies_in(&dir, &path) && path.is_file() {
            std::fs::remove_file(&path).map_err(|e| fault(&e.to_string()))?;
            prune(&dir, &path);
        }
    }
    let text = serde_json::to_string_pretty(&answer.files).unwrap_or_default() + "\n";
    write(&dir, INDEX, text.as_bytes(), false)?;
    answer.archives = answer.files.iter().filter(|f| built.archives.contains(&f.path)).cloned().collect();
    answer.out = Some(out.to_owned());
    answer.next = format!(
        "platform-integration verify {}/skills/{} --profile sync",
        out.trim_end_matches('/'),
        source.skill_name()
    );
    Ok(())
}

/// Directories that are empty now, up to the one built into.
fn prune(dir: &Path, file: &Path) {
    for parent in file.ancestors().skip(1).take_while(|p| *p != dir) {
        if std::fs::remove_dir(parent).is_err() {
            break;
        }
    }
}

/// The files of the last build.
fn index(dir: &Path) -> Vec<String> {
    let text = fs::read_text(&dir.join(INDEX), 4 * 1024 * 1024).unwrap_or_default();
    let files: Vec<FileOut> = serde_json::from_str(&text).unwrap_or_default();
    files.into_iter().map(|f| f.path).collect()
}

fn write(root: &Path, path: &str, bytes: &[u8], executable: bool) -> Result<(), No> {
    let full = root.join(path);
    fs::write_atomic(&full, bytes).map_err(|e| fault(&e.to_string()))?;
    #[cfg(unix)]
    if executable {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&full, std::fs::Permissions::from_mode(0o755)).map_err(|e| fault(&e.to_string()))?;
    }
    #[cfg(not(unix))]
    let _ = executable;
    Ok(())
}

fn fault(because: &str) -> No {
    Fault::new(because, "see that the directory may be written, then call again").into()
}

fn file_out(path: &str, bytes: &[u8]) -> FileOut {
    FileOut {
        path: path.to_owned(),
        size: bytes.len(),
        sha256: Digest::of_bytes(bytes).as_str().trim_start_matches("sha256:").to_owned(),
    }
}

/// Paths below the root that manifests name and that are on the disk, for a check that starts nothing and sees no disk.
#[must_use]
pub fn named_and_there(root: &Path, tree: &Tree) -> BTreeSet<String> {
    let named = package::read(tree).iter().flat_map(Read::names).map(|(_, path)| path).collect::<BTreeSet<String>>();
    named.into_iter().filter(|path| root.join(path).exists()).collect()
}
