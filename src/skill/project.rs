//! A skill and what lies around it: examples, tests, resources, manifests.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::tree::{File, MAX_BYTES, MAX_FILES, Tree};
use super::{Document, FrontMatter, MAIN, frontmatter};
use crate::base::text::thousands;

/// Directories that hold nothing of ours to read.
const SKIPPED: [&str; 12] = [
    ".git",
    "target",
    "node_modules",
    ".venv",
    "venv",
    "__pycache__",
    ".platform-integration",
    "dist",
    ".mypy_cache",
    ".pytest_cache",
    ".tox",
    ".idea",
];

/// Directories at the top of a project that are read whole; of the rest only skills are.
const TOP: [&str; 19] = [
    "examples",
    "tests",
    "resources",
    "references",
    "scripts",
    "templates",
    "assets",
    "evals",
    "docs",
    "evidence",
    ".github",
    "agents",
    "commands",
    "hooks",
    "mcpb",
    ".agents",
    ".claude-plugin",
    ".codex-plugin",
    ".cursor-plugin",
];

/// Files that say nothing of a project: what a file manager left, and the pointer of a worktree.
const NOISE: [&str; 4] = [".DS_Store", "Thumbs.db", "desktop.ini", ".git"];

/// Files that make a directory the root of a plugin or project.
const MARKS: [&str; 9] = [
    ".mcp.json",
    "mcp.json",
    "plugin.json",
    "server.json",
    "gemini-extension.json",
    "integ.toml",
    ".claude-plugin",
    ".codex-plugin",
    ".cursor-plugin",
];

/// The most entries of directories that are looked at.
const MAX_WALKED: usize = 200_000;
/// How far above a skill its project is looked for.
const CLIMB: usize = 3;
/// How deep below a project skills are looked for.
const DEPTH: usize = 6;

/// Why there is nothing to verify.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// No such directory.
    #[error("{dir} is not a directory")]
    NoDirectory {
        /// As named.
        dir: String,
    },
    /// No skill in it.
    #[error("{dir} holds no {MAIN}, and no directory below it does")]
    NoSkill {
        /// As named.
        dir: String,
    },
    /// No skill in it, but links to some.
    #[error(
        "{dir} holds no {MAIN}, only symbolic links to skills, which are not followed: name one of them, e.g. {link}"
    )]
    OnlyLinks {
        /// As named.
        dir: String,
        /// One of the links, as it would be named.
        link: String,
    },
}

/// One skill of a project.
#[derive(Debug, Clone)]
pub struct Skill {
    /// Its directory below the project's root; empty where that is the root itself.
    pub base: String,
    /// The name of its directory.
    pub folder: String,
    /// The front matter, or why there is none.
    pub front: Result<FrontMatter, frontmatter::NoFrontMatter>,
    /// `SKILL.md` first, then the other Markdown files below [`Skill::base`], and those of [`Skill::artifacts`], by path.
    pub documents: Vec<Document>,
    /// Directories above it that are its artifacts too, because the project has no other skill: `examples`, `tests`.
    pub artifacts: Vec<String>,
}

impl Skill {
    /// `SKILL.md`.
    #[must_use]
    pub fn main(&self) -> &Document {
        &self.documents[0]
    }

    /// The name that it gives itself, else its directory's.
    #[must_use]
    pub fn name(&self) -> &str {
        self.front.as_ref().ok().and_then(|f| f.text("name")).unwrap_or(&self.folder)
    }

    /// A path below the project's root from one below the skill.
    #[must_use]
    pub fn path(&self, below: &str) -> String {
        if self.base.is_empty() { below.to_owned() } else { format!("{}/{below}", self.base) }
    }

    /// The directories of this name that belong to the skill, below the project's root: its own, and the project's.
    #[must_use]
    pub fn dirs(&self, tree: &Tree, name: &str) -> Vec<String> {
        let mut out = vec![self.path(name)];
        if self.artifacts.iter().any(|a| a == name) && out[0] != name {
            out.push(name.to_owned());
        }
        out.retain(|dir| tree.has_dir(dir));
        out
    }

    /// Its files and those of its artifacts, by path: directory after directory, each file once.
    pub fn files<'t>(&self, tree: &'t Tree) -> impl Iterator<Item = (&'t str, &'t File)> + use<'t> {
        // An artifact never lies below the skill, nor the skill below one: see `Project::skill`.
        let dirs: Vec<String> = std::iter::once(self.base.clone()).chain(self.artifacts.iter().cloned()).collect();
        let base = self.base.clone();
        let own = move |dir: &str, path: &str| dir == base || !is_fixture(path);
        dirs.into_iter().flat_map(move |dir| tree.below(&dir).filter(|(path, _)| own(&dir, path)).collect::<Vec<_>>())
    }

    /// A path as seen from the skill's directory; that of an artifact beside it as it is.
    #[must_use]
    pub fn inner<'p>(&self, path: &'p str) -> &'p str {
        if self.base.is_empty() {
            return path;
        }
        path.strip_prefix(self.base.as_str()).and_then(|rest| rest.strip_prefix('/')).unwrap_or(path)
    }

    /// Whether a file, named below the project's root, belongs to the skill.
    #[must_use]
    pub fn owns(&self, path: &str) -> bool {
        let below = |dir: &str| dir.is_empty() || path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'));
        below(&self.base) || self.artifacts.iter().any(|a| below(a)) && !is_fixture(path)
    }
}

/// A project, read.
#[derive(Debug, Clone)]
pub struct Project {
    /// Where it is on the disk; empty for one that is not.
    pub root: PathBuf,
    /// The root as it is shown: what stands before every path, empty or ending in `/`.
    pub shown: String,
    /// Its files.
    pub tree: Tree,
    /// The skills to verify, by path.
    pub skills: Vec<Skill>,
    /// The names of all skills that lie there, also of those that were not asked for.
    pub names: BTreeSet<String>,
    /// The directories of all those skills.
    bases: BTreeSet<String>,
}

impl Project {
    /// The project that a tree makes; `only` is the one skill asked for, below the root.
    #[must_use]
    pub fn of_tree(shown: &str, tree: Tree, only: Option<&str>) -> Self {
        let mut all = bases(&tree);
        // What tests are made of is no skill of the project, unless it is the one asked for.
        all.retain(|dir| !is_fixture(dir) || only == Some(dir.as_str()));
        let root_name = |base: &str| base.rsplit('/').next().unwrap_or(base).to_owned();
        let names = all.iter().map(|b| root_name(b)).collect();
        // A skill among the tests is somebody's input.
        let ours = |base: &str| !base.starts_with("tests/");
        let alone = all.iter().filter(|b| ours(b)).count() == 1;
        let everywhere = all.iter().cloned().collect();
        let shown = if shown.is_empty() || shown.ends_with('/') { shown.to_owned() } else { format!("{shown}/") };
        let wanted: Vec<String> = all.into_iter().filter(|b| only.is_none_or(|o| o == b)).collect();
        // What the project's tests are made of is often wrong on purpose, and speaks of other servers. What lies in a
        // skill's own directory is the skill's.
        let of_skill = |path: &str| {
            wanted
                .iter()
                .any(|b| b.is_empty() || path.strip_prefix(b.as_str()).is_some_and(|rest| rest.starts_with('/')))
        };
        let mut tree = tree;
        tree.retain(|path| !is_fixture(path) || of_skill(path));
        let mut project = Self { root: PathBuf::new(), shown, tree, skills: Vec::new(), names, bases: everywhere };
        for base in wanted {
            let skill = project.skill(&base, alone && ours(&base));
            project.skills.push(skill);
        }
        project
    }

    /// As [`Project::of_tree`], with another tree in the place of this one's: for what a change would do.
    #[must_use]
    pub fn with_tree(&self, tree: Tree) -> Self {
        let only = if let [one] = self.skills.as_slice() { Some(one.base.clone()) } else { None };
        let mut next = Self::of_tree(&self.shown, tree, only.as_deref());
        next.root.clone_from(&self.root);
        for skill in &mut next.skills {
            // The root's own name is not in the tree.
            if let Some(before) = self.skills.iter().find(|s| s.base == skill.base) {
                skill.folder.clone_from(&before.folder);
            }
        }
        next
    }

    /// Whether every file that lies at or below this path was read: what is not in the tree is then not there.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        if self.tree.cut.is_some()
            || Tree::above(path).chain([path]).any(|p| p.rsplit('/').next().is_some_and(is_skipped))
        {
            return false;
        }
        let Some((top, _)) = path.split_once('/') else { return !self.tree.has_dir(path) || TOP.contains(&path) };
        TOP.contains(&top) || self.bases.contains("") || Tree::above(path).any(|dir| self.bases.contains(dir))
    }

    /// A path as it is shown.
    #[must_use]
    pub fn show(&self, path: &str) -> String {
        format!("{}{path}", self.shown)
    }

    fn skill(&self, base: &str, alone: bool) -> Skill {
        let path = |name: &str| if base.is_empty() { name.to_owned() } else { format!("{base}/{name}") };
        let main = main_of(&self.tree, base).unwrap_or_else(|| path(MAIN));
        let text = self.tree.text(&main).unwrap_or_default();
        let artifacts: Vec<String> = if alone && !base.is_empty() {
            let named = ["examples", "tests", "resources", "references", "scripts", "templates", "evals"];
            let around = |d: &str| base == d || base.strip_prefix(d).is_some_and(|rest| rest.starts_with('/'));
            named.into_iter().filter(|d| !around(d) && self.tree.has_dir(d)).map(str::to_owned).collect()
        } else {
            Vec::new()
        };
        let front = frontmatter::parse(text);
        let folder = if base.is_empty() {
            // The last word of what is shown; `load` knows better.
            self.shown.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned()
        } else {
            base.rsplit('/').next().unwrap_or(base).to_owned()
        };
        let mut skill = Skill { base: base.to_owned(), folder, front, documents: Vec::new(), artifacts };
        skill.documents.push(Document::parse(&self.show(&main), &main, text));
        for (path, file) in skill.files(&self.tree) {
            if path != main
                && is_markdown(path)
                && let Some(text) = file.text()
            {
                skill.documents.push(Document::parse(&self.show(path), path, text));
            }
        }
        skill.documents[1..].sort_by(|a, b| a.path.cmp(&b.path));
        skill
    }
}

/// Where `SKILL.md` is; in lower case too, which is a finding and no reason not to look.
fn main_of(tree: &Tree, base: &str) -> Option<String> {
    let path = |name: &str| if base.is_empty() { name.to_owned() } else { format!("{base}/{name}") };
    [MAIN, "skill.md", "Skill.md"].into_iter().map(path).find(|p| tree.has(p))
}

/// The directories that are skills; one inside another is part of it, unless the outer is the root.
fn bases(tree: &Tree) -> Vec<String> {
    let all: BTreeSet<&str> = tree
        .iter()
        .map(|(path, _)| path.rsplit_once('/').unwrap_or(("", path)))
        .filter(|(_, name)| is_main(name))
        .map(|(dir, _)| dir)
        .collect();
    let root = all.contains("");
    // A root that is a skill: only what lies in skills/ is another.
    let apart = |dir: &str| !root || dir.is_empty() || dir.starts_with("skills/");
    let outermost = |dir: &str| !Tree::above(dir).any(|above| all.contains(above));
    let skills: Vec<String> =
        all.iter().filter(|dir| outermost(dir) && apart(dir)).map(|dir| (*dir).to_owned()).collect();
    // A skill that tests are made of is none of the project's, where it has others.
    let made_up = |dir: &String| dir.split('/').any(|part| part == "fixtures");
    if skills.iter().all(made_up) { skills } else { skills.into_iter().filter(|dir| !made_up(dir)).collect() }
}

/// What tests are made of: theirs, not the skill's.
fn is_fixture(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "fixtures" | "testdata"))
}

/// `SKILL.md`, and what people write for it; the form in capitals alone is another file's name.
fn is_main(name: &str) -> bool {
    name.eq_ignore_ascii_case(MAIN) && name != "SKILL.MD"
}

fn is_skipped(dir: &str) -> bool {
    SKIPPED.contains(&dir)
}

fn is_markdown(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ext)| ext.eq_ignore_ascii_case("md") || ext.eq_ignore_ascii_case("markdown"))
}

fn is_skill(dir: &Path) -> bool {
    [MAIN, "skill.md", "Skill.md"].iter().any(|name| dir.join(name).symlink_metadata().is_ok())
}

/// Whether a directory is a person's home by what lies in it: no project, whatever manifest lies beside.
#[must_use]
pub fn looks_like_home(dir: &Path) -> bool {
    dir.parent().is_none()
        || [".ssh", ".gnupg", ".aws", ".bashrc", ".profile", ".zshrc", ".bash_history"]
            .iter()
            .any(|n| dir.join(n).exists())
}

/// The project above a skill: the nearest directory with a manifest, or with examples and tests; not above a repository.
fn root_above(skill: &Path) -> Option<(PathBuf, usize)> {
    if ["examples", "tests"].iter().all(|d| skill.join(d).is_dir()) || MARKS.iter().any(|m| skill.join(m).exists()) {
        return None;
    }
    for (up, dir) in skill.ancestors().enumerate().skip(1).take(CLIMB) {
        if looks_like_home(dir) {
            return None;
        }
        let marked =
            MARKS.iter().any(|m| dir.join(m).exists()) || (dir.join("examples").is_dir() && dir.join("tests").is_dir());
        if marked {
            return Some((dir.to_owned(), up));
        }
        if dir.join(".git").exists() {
            return None;
        }
    }
    None
}

/// The directory of the project that `cwd` lies in, as it is named from there: `.`, where a skill lies in it or below it, else
/// the nearest above it, e.g. `../..`; not above the repository, and without one only a skill's own. `.` where there is none.
#[must_use]
pub fn nearest(cwd: &Path) -> String {
    let top = cwd.ancestors().position(|dir| dir.join(".git").exists());
    for (up, dir) in cwd.ancestors().enumerate() {
        if up > 0 && looks_like_home(dir) || top.is_some_and(|top| up > top) {
            break;
        }
        let searched = up == 0 || top.is_some();
        if is_skill(dir) || searched && skill_files(dir).0.iter().any(|path| !is_fixture(path)) {
            return if up == 0 { ".".to_owned() } else { vec![".."; up].join("/") };
        }
    }
    ".".to_owned()
}

/// Reads the project of `dir`, which `named` is as the user wrote it: a skill, or a directory that holds skills. Symbolic
/// links are not followed.
///
/// # Errors
/// [`LoadError`]
pub fn load(dir: &Path, named: &str) -> Result<Project, LoadError> {
    // A hook hands over the names of files: SKILL.md stands for its directory.
    let main = |name: &str| name.rsplit('/').next().is_some_and(is_main);
    if main(named)
        && dir.is_file()
        && let Some(parent) = dir.parent()
    {
        let shown = named.rsplit_once('/').map_or(".", |(dir, _)| dir);
        return load(if parent.as_os_str().is_empty() { Path::new(".") } else { parent }, shown);
    }
    let real = dir.canonicalize().ok().filter(|d| d.is_dir());
    let real = real.ok_or_else(|| LoadError::NoDirectory { dir: named.to_owned() })?;
    let above = if is_skill(&real) { root_above(&real) } else { None };
    let (root, shown, only) = match above {
        Some((root, up)) => {
            let base = real.strip_prefix(&root).map(slashes).unwrap_or_default();
            let shown = shown_above(named, up).unwrap_or_else(|| root.display().to_string());
            (root, shown, Some(base))
        }
        None => {
            let alone = is_skill(&real).then(String::new);
            (real.clone(), if named == "." { String::new() } else { named.trim_end_matches('/').to_owned() }, alone)
        }
    };
    let tree = read(&root, only.as_deref());
    let mut project = Project::of_tree(&shown, tree, only.as_deref().filter(|o| !o.is_empty()));
    if project.skills.is_empty() {
        let dir = named.to_owned();
        return Err(match linked_skill(&root) {
            Some(link) => LoadError::OnlyLinks { link: format!("{}/{link}", named.trim_end_matches('/')), dir },
            None => LoadError::NoSkill { dir },
        });
    }
    let folder = root.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    for skill in project.skills.iter_mut().filter(|s| s.base.is_empty()) {
        skill.folder.clone_from(&folder);
    }
    project.root = root;
    Ok(project)
}

/// The directory `up` above one that was named, as it is shown; nothing where the name does not go that far.
fn shown_above(named: &str, up: usize) -> Option<String> {
    let named = named.trim_end_matches('/');
    let parts: Vec<&str> = named.split('/').filter(|p| *p != ".").collect();
    if parts.contains(&"..") || parts.len() < up {
        return None;
    }
    Some(parts[..parts.len() - up].join("/"))
}

fn slashes(path: &Path) -> String {
    path.iter().map(|p| p.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// The first link in a directory that leads to a skill: how installers lay them out.
fn linked_skill(root: &Path) -> Option<String> {
    let mut names: Vec<String> = std::fs::read_dir(root)
        .ok()?
        .take(MAX_WALKED)
        .filter_map(Result::ok)
        .filter(|e| e.file_type().is_ok_and(|t| t.is_symlink()) && is_skill(&e.path()))
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names.into_iter().next()
}

/// What of a path can be shown and compared: its name below the root, and why it is not read where it cannot be.
fn name_of(path: &Path) -> (String, Option<&'static str>) {
    let lossy = slashes(path);
    if lossy.chars().any(char::is_control) {
        let escaped =
            lossy.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() });
        return (escaped.collect(), Some("its name holds control characters"));
    }
    if path.to_str().is_none() {
        return (lossy, Some("its name is not UTF-8"));
    }
    (lossy, None)
}

/// Reads what belongs to a project; the skill asked for whole, wherever it lies.
fn read(root: &Path, only: Option<&str>) -> Tree {
    let mut tree = Tree::default();
    let mut total = 0;
    let (mains, searched) = skill_files(root);
    let skills: BTreeSet<&str> = mains.iter().map(|main| main.rsplit_once('/').map_or("", |(dir, _)| dir)).collect();
    let tops: BTreeSet<&str> = skills.iter().map(|s| s.split('/').next().unwrap_or_default()).collect();
    let everything = only.is_some_and(str::is_empty) || skills.contains("");
    let whole = |path: &str| everything || Tree::above(path).any(|dir| skills.contains(dir) || only == Some(dir));
    // First, so that no flood of other files crowds them out.
    for main in mains.iter().take(MAX_FILES) {
        tree.read(root, main, &root.join(main), &mut total);
    }
    let walk = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(|entry| {
        let name = entry.file_name().to_string_lossy();
        if entry.depth() == 0 || !entry.file_type().is_dir() {
            return true;
        }
        // What is not read is not walked either: a repository is larger than its skill.
        let wanted = entry.depth() > 1 || everything || TOP.contains(&name.as_ref()) || tops.contains(name.as_ref());
        wanted && !is_skipped(&name)
    });
    for (walked, entry) in walk.enumerate() {
        if tree.len() >= MAX_FILES || total >= MAX_BYTES || walked >= MAX_WALKED {
            tree.cut = Some(format!(
                "more than {} files, {} entries or {} MB",
                thousands(MAX_FILES as u64),
                thousands(MAX_WALKED as u64),
                MAX_BYTES / 1024 / 1024
            ));
            break;
        }
        let entry = match entry {
            Ok(entry) if entry.file_type().is_dir() => continue,
            Ok(entry) => entry,
            Err(e) => {
                // A directory that is shut, or nested deeper than the system can name.
                if let Some(below) = e.path().and_then(|p| p.strip_prefix(root).ok()) {
                    let because = e.io_error().map_or_else(|| "it cannot be listed".to_owned(), ToString::to_string);
                    tree.unreadable(&name_of(below).0, because);
                }
                continue;
            }
        };
        let Ok(relative) = entry.path().strip_prefix(root) else { continue };
        let (path, unfit) = name_of(relative);
        let top = path.split_once('/').map(|(top, _)| top);
        if top.is_some_and(|top| !TOP.contains(&top)) && !whole(&path)
            || NOISE.contains(&&*entry.file_name().to_string_lossy())
        {
            continue;
        }
        match unfit {
            Some(because) => tree.unreadable(&path, because),
            None => tree.read(root, &path, entry.path(), &mut total),
        }
    }
    if searched && tree.cut.is_none() {
        tree.cut =
            Some(format!("more than {} entries were there to be searched for skills", thousands(MAX_WALKED as u64)));
    }
    tree
}

/// The `SKILL.md` files below the root, with `/`; and whether there was more to search than is searched.
fn skill_files(root: &Path) -> (Vec<String>, bool) {
    let walk = walkdir::WalkDir::new(root).max_depth(DEPTH).sort_by_file_name().into_iter().filter_entry(|entry| {
        entry.depth() == 0 || !(entry.file_type().is_dir() && is_skipped(&entry.file_name().to_string_lossy()))
    });
    let mut found = Vec::new();
    for (walked, entry) in walk.enumerate() {
        if walked >= MAX_WALKED {
            return (found, true);
        }
        let Ok(entry) = entry else { continue };
        if !entry.file_type().is_dir()
            && entry.file_name().to_str().is_some_and(is_main)
            && let Ok(below) = entry.path().strip_prefix(root)
            && let (path, None) = name_of(below)
        {
            found.push(path);
        }
    }
    (found, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_is_found_from_anywhere_in_its_repository_and_not_beyond() {
        let dir = tempfile::tempdir().expect("a directory");
        let make = |path: &str| std::fs::create_dir_all(dir.path().join(path)).expect("made");
        for path in ["outside/skill/a", "outside/repo/.git", "outside/repo/src/deep", "outside/repo/tests/fixtures/b"] {
            make(path);
        }
        let put = |path: &Path| crate::base::fs::write_atomic(path, b"---\nname: a\n---\n").expect("written");
        let near = |path: &str| nearest(&dir.path().join(path));
        for skill in ["outside/skill/a", "outside/repo/tests/fixtures/b"] {
            put(&dir.path().join(skill).join(MAIN));
        }
        // A skill beside the repository is not the repository's, and what tests are made of is nobody's.
        assert_eq!(near("outside/repo/src/deep"), ".");
        make("outside/repo/skills/c/references");
        put(&dir.path().join("outside/repo/skills/c/SKILL.md"));
        assert_eq!(near("outside/repo"), ".");
        assert_eq!(near("outside/repo/src/deep"), "../..");
        assert_eq!(near("outside/repo/skills/c/references"), "..");
        // Without a repository only the skill that one stands in.
        make("outside/skill/a/references");
        assert_eq!(near("outside/skill/a/references"), "..");
        make("outside/other");
        assert_eq!(near("outside/other"), ".");
    }
}
