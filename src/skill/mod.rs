//! Row 7: a skill artifact as parsed (agentskills.io): front matter, sections, links, code. [`verify`] holds it to
//! its standard, to the tools and commands of this program, and to its own examples.

mod document;
mod frontmatter;
pub mod verify;

pub use document::{Block, ConfidenceLine, Document, Link, Section, Span};
pub use frontmatter::{FrontMatter, KEYS, parse as parse_front_matter};

use std::collections::BTreeSet;
use std::path::Path;

use crate::base::fs::{self, FileError};

/// The document that makes a directory a skill.
pub const MAIN: &str = "SKILL.md";

/// The largest document read, in bytes.
const MAX_DOCUMENT: u64 = 1024 * 1024;

/// The most files looked at.
const MAX_FILES: usize = 2_000;

/// Why a directory is no skill.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// `SKILL.md` cannot be read.
    #[error(transparent)]
    Unreadable(#[from] FileError),
    /// A directory that holds more than a skill does.
    #[error("{dir} holds more than {MAX_FILES} files")]
    TooMany {
        /// The directory as named.
        dir: String,
    },
}

/// A skill, read.
#[derive(Debug, Clone)]
pub struct Skill {
    /// The directory as the user named it.
    pub dir: String,
    /// The name of the directory.
    pub folder: String,
    /// The front matter, or why there is none.
    pub front: Result<FrontMatter, frontmatter::NoFrontMatter>,
    /// `SKILL.md` first, then the other Markdown files by path.
    pub documents: Vec<Document>,
    /// All files, relative to the directory, with `/`.
    pub files: BTreeSet<String>,
}

impl Skill {
    /// `SKILL.md`.
    #[must_use]
    pub fn main(&self) -> &Document {
        &self.documents[0]
    }

    /// The skill that these texts make, for tests and for what is not on a disk: path below the directory, and text.
    /// The first must be `SKILL.md`.
    #[must_use]
    pub fn of_texts(dir: &str, texts: &[(&str, &str)]) -> Self {
        let folder = dir.trim_end_matches('/').rsplit('/').next().unwrap_or(dir).to_owned();
        let documents: Vec<Document> = texts
            .iter()
            .filter(|(path, _)| is_markdown(path))
            .map(|(path, text)| Document::parse(&format!("{}/{path}", dir.trim_end_matches('/')), path, text))
            .collect();
        let front = frontmatter::parse(texts.first().map_or("", |t| t.1));
        let documents = if documents.is_empty() { vec![Document::parse(MAIN, MAIN, "")] } else { documents };
        let files = texts.iter().map(|(path, _)| (*path).to_owned()).collect();
        Self { dir: dir.to_owned(), folder, front, documents, files }
    }
}

fn is_markdown(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ext)| ext.eq_ignore_ascii_case("md"))
}

/// Reads the skill in `dir`; `named` is how the user named the directory. Symbolic links are not followed.
///
/// # Errors
/// [`LoadError`]; of the other documents, one that cannot be read as text is left out, but stays in `files`.
pub fn load(dir: &Path, named: &str) -> Result<Skill, LoadError> {
    let main = fs::read_text(&dir.join(MAIN), MAX_DOCUMENT)?;
    let mut texts = vec![(MAIN.to_owned(), main)];
    let mut files = BTreeSet::new();
    for entry in walkdir::WalkDir::new(dir).sort_by_file_name().into_iter().filter_map(Result::ok) {
        if !entry.file_type().is_file() {
            continue;
        }
        let Ok(relative) = entry.path().strip_prefix(dir) else { continue };
        let path = relative.iter().map(|p| p.to_string_lossy()).collect::<Vec<_>>().join("/");
        if is_markdown(&path)
            && path != MAIN
            && let Ok(text) = fs::read_text(entry.path(), MAX_DOCUMENT)
        {
            texts.push((path.clone(), text));
        }
        files.insert(path);
        if files.len() > MAX_FILES {
            return Err(LoadError::TooMany { dir: named.to_owned() });
        }
    }
    let texts: Vec<(&str, &str)> = texts.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    let mut skill = Skill::of_texts(named, &texts);
    skill.files = files;
    // `.` and `..` have no name of their own.
    if let Some(folder) = dir.canonicalize().ok().as_deref().and_then(Path::file_name) {
        skill.folder = folder.to_string_lossy().into_owned();
    }
    Ok(skill)
}
