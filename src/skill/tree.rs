//! The files of a project, read once and bounded: what cannot be read is kept with the reason.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::base::digest::Digest;
use crate::base::fs::{self, FileError};

/// The largest file whose bytes are kept.
pub const MAX_FILE: u64 = 1024 * 1024;
/// The most files kept of one project.
pub(super) const MAX_FILES: usize = 10_000;
/// The most bytes kept of one project.
pub(super) const MAX_BYTES: u64 = 128 * 1024 * 1024;
/// The most bytes that are digested without being kept.
const MAX_DIGESTS: u64 = 256 * 1024 * 1024;

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// UTF-8 text; a byte order mark is kept, so that positions and digests are those of the file.
    Text(Arc<str>),
    /// Something else, kept as it is.
    Binary(Arc<[u8]>),
    /// Larger than [`MAX_FILE`]: its size in bytes. Not read.
    TooLarge(u64),
    /// A symbolic link and where it leads; not followed.
    Link(String),
    /// Why it could not be read.
    Unreadable(String),
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// What it holds.
    pub content: Content,
    /// Whether its mode lets it be run.
    pub executable: bool,
}

impl File {
    /// Its text, where it is text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Its bytes, where they were kept.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Text(text) => Some(text.as_bytes()),
            Content::Binary(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// SHA-256 of its bytes, where they were kept.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        self.bytes().map(Digest::of_bytes)
    }
}

/// Where a symbolic link of the tree leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leads {
    /// To this path below the root.
    Inside(String),
    /// Out of the root.
    Out,
    /// To nothing.
    Nowhere,
    /// In a circle.
    Round,
}

/// Files by path below the root, with `/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    files: BTreeMap<String, File>,
    links: BTreeMap<String, Leads>,
    digests: BTreeMap<String, Digest>,
    digested: u64,
    /// What was left out because the project is too large, as a fragment.
    pub cut: Option<String>,
}

impl Tree {
    /// The tree that these texts make, for tests and for what is not on a disk.
    #[must_use]
    pub fn of_texts(texts: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in texts {
            tree.put(path, text.as_bytes());
        }
        tree
    }

    /// Puts a file in, in place of what was there.
    pub fn put(&mut self, path: &str, bytes: &[u8]) {
        let executable = self.files.get(path).is_some_and(|f| f.executable);
        self.files.insert(path.to_owned(), File { content: content(bytes.to_vec()), executable });
    }

    /// Where a symbolic link leads; nothing for what is none, or is not on a disk.
    #[must_use]
    pub fn leads(&self, path: &str) -> Option<&Leads> {
        self.links.get(path)
    }

    /// SHA-256 of a file, also of one too large to be kept; nothing for links and for what cannot be read.
    #[must_use]
    pub fn digest(&self, path: &str) -> Option<Digest> {
        self.get(path)?.digest().or_else(|| self.digests.get(path).cloned())
    }

    /// The directories that hold this path, innermost first, without the root.
    pub(crate) fn above(path: &str) -> impl Iterator<Item = &str> {
        std::iter::successors(path.rsplit_once('/').map(|(dir, _)| dir), |dir| dir.rsplit_once('/').map(|(d, _)| d))
    }

    /// Takes a file out.
    pub fn remove(&mut self, path: &str) -> Option<File> {
        self.files.remove(path)
    }

    /// Keeps what `keep` says of its path.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.files.retain(|path, _| keep(path));
    }

    /// A file.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    /// The text of a file.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.text()
    }

    /// Whether there is such a file.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Whether there is a file below this directory; the root has every file.
    #[must_use]
    pub fn has_dir(&self, dir: &str) -> bool {
        self.below(dir).next().is_some()
    }

    /// All files, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &File)> {
        self.files.iter().map(|(path, file)| (path.as_str(), file))
    }

    /// Files below a directory, by path; all of them for the root, `""`.
    pub fn below<'t>(&'t self, dir: &str) -> impl Iterator<Item = (&'t str, &'t File)> {
        let dir = dir.trim_end_matches('/');
        let prefix = if dir.is_empty() { String::new() } else { format!("{dir}/") };
        self.files
            .range(prefix.clone()..)
            .take_while(move |(path, _)| path.starts_with(&prefix))
            .map(|(path, file)| (path.as_str(), file))
    }

    /// Keeps that something is there which is not read, and why.
    pub(super) fn unreadable(&mut self, path: &str, because: impl Into<String>) {
        self.files.insert(path.to_owned(), File { content: Content::Unreadable(because.into()), executable: false });
    }

    /// Reads one file or link of the disk into the tree, where it is not there already.
    pub(super) fn read(&mut self, root: &Path, path: &str, full: &Path, total: &mut u64) {
        if self.has(path) {
            return;
        }
        let Ok(meta) = std::fs::symlink_metadata(full) else { return };
        #[cfg(unix)]
        let executable = std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o111 != 0;
        #[cfg(not(unix))]
        let executable = false;
        let content = if meta.is_symlink() {
            self.links.insert(path.to_owned(), leads(root, full));
            Content::Link(std::fs::read_link(full).map(|t| t.display().to_string()).unwrap_or_default())
        } else if !meta.is_file() {
            // A pipe that is opened waits for its other end: it is not.
            Content::Unreadable(special(meta.file_type()).to_owned())
        } else {
            match fs::read_bytes(full, MAX_FILE) {
                Ok(bytes) => {
                    *total += bytes.len() as u64;
                    content(bytes)
                }
                Err(FileError::TooLarge { bytes, .. }) => {
                    if self.digested.saturating_add(bytes) <= MAX_DIGESTS
                        && let Ok(digest) = std::fs::File::open(full)
                            .and_then(|file| Digest::of_reader(std::io::Read::take(file, bytes)))
                    {
                        self.digested += bytes;
                        self.digests.insert(path.to_owned(), digest);
                    }
                    Content::TooLarge(bytes)
                }
                Err(FileError::Io { source, .. }) => Content::Unreadable(source.to_string()),
                Err(e) => Content::Unreadable(e.to_string()),
            }
        };
        self.files.insert(path.to_owned(), File { content, executable });
    }

    /// How many files there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

/// `path` as written in a directory, both below the root with `/`; nothing where it climbs out of the root.
#[must_use]
pub fn resolve(dir: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = dir.split('/').filter(|p| !p.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Text where it is UTF-8 without NUL.
fn content(bytes: Vec<u8>) -> Content {
    if bytes.contains(&0) {
        return Content::Binary(bytes.into());
    }
    match String::from_utf8(bytes) {
        Ok(text) => Content::Text(text.into()),
        Err(e) => Content::Binary(e.into_bytes().into()),
    }
}

/// What is neither file, directory nor link.
fn special(kind: std::fs::FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if kind.is_fifo() {
            return "it is a pipe";
        }
        if kind.is_socket() {
            return "it is a socket";
        }
        if kind.is_block_device() || kind.is_char_device() {
            return "it is a device";
        }
    }
    let _ = kind;
    "it is no regular file"
}

/// Where a link leads; `root` is canonical.
fn leads(root: &Path, link: &Path) -> Leads {
    match link.canonicalize() {
        Ok(real) => match real.strip_prefix(root) {
            Ok(below) => Leads::Inside(below.iter().map(|p| p.to_string_lossy()).collect::<Vec<_>>().join("/")),
            Err(_) => Leads::Out,
        },
        Err(e) if e.kind() == std::io::ErrorKind::NotFound || e.kind() == std::io::ErrorKind::NotADirectory => {
            Leads::Nowhere
        }
        // ELOOP has no stable kind; what is left is a circle, or a directory that is shut.
        Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => Leads::Out,
        Err(_) => Leads::Round,
    }
}
