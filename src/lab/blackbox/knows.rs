//! Whether a program knows a variable: whether the files that its command names, and what they name, mention it. A drill that
//! rests on a variable which nobody reads would say nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::files;

/// Files that are looked into.
const MOST: usize = 300;
/// Bytes of a file that is looked into beside those of the command.
const MOST_BYTES: u64 = 512 * 1024;

/// Some file of the program mentions one of these names.
#[must_use]
pub fn mentions(words: &[String], directory: &Path, names: &[&str]) -> bool {
    let named_in = |text: &String| names.iter().any(|name| text.contains(name));
    let parts = words.iter().flat_map(|w| w.split_whitespace()).map(|w| w.trim_matches(['"', '\'', ';']));
    let named: Vec<PathBuf> = parts.map(|w| directory.join(w)).filter(|p| p.is_file()).collect();
    let mut texts: Vec<String> = named.iter().map(|p| files::text(p)).collect();
    if texts.iter().any(named_in) {
        return true;
    }
    // A command that names no file (npm start, python -m it) is one of the files where it runs.
    let all = named.is_empty();
    let mut roots: BTreeSet<PathBuf> = named.iter().filter_map(|p| p.parent().map(Path::to_owned)).collect();
    if all {
        roots.insert(directory.to_owned());
    }
    let mut beside: Vec<PathBuf> = roots.iter().flat_map(|root| around(root)).collect();
    let mut languages: BTreeSet<String> = named.iter().map(|p| language(p)).collect();
    // What is named by what was looked into, until nothing new is: by its whole name, or, as modules are, without the end of it where
    // it is of the same language.
    loop {
        let is_named = |p: &PathBuf| {
            let name =
                |part: Option<&std::ffi::OsStr>| part.map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
            let (whole, stem) = (name(p.file_name()), name(p.file_stem()));
            let module = stem.len() > 1 && languages.contains(&language(p));
            all || texts.iter().any(|t| t.contains(&whole) || (module && t.contains(&stem)))
        };
        let (found, rest): (Vec<PathBuf>, Vec<PathBuf>) = beside.into_iter().partition(is_named);
        if found.is_empty() {
            return false;
        }
        for path in found {
            languages.insert(language(&path));
            let text = files::text(&path);
            if named_in(&text) {
                return true;
            }
            texts.push(text);
        }
        beside = rest;
    }
}

/// Files of one language name each other without the end of their names.
fn language(path: &Path) -> String {
    let end = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    if ["js", "mjs", "cjs", "ts"].contains(&end.as_str()) { "js".to_owned() } else { end }
}

fn around(root: &Path) -> Vec<PathBuf> {
    const FOREIGN: [&str; 6] = ["node_modules", "target", "venv", "dist", "build", "__pycache__"];
    const CODE: [&str; 16] =
        ["py", "js", "mjs", "cjs", "ts", "rb", "go", "rs", "java", "kt", "cs", "php", "sh", "pl", "ex", "scala"];
    walkdir::WalkDir::new(root)
        .max_depth(4)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|e| {
            let name = e.file_name().to_string_lossy();
            e.depth() == 0 || !(name.starts_with('.') || FOREIGN.contains(&name.as_ref()))
        })
        .filter_map(Result::ok)
        .filter(|e| e.file_type().is_file() && e.metadata().is_ok_and(|m| m.len() <= MOST_BYTES))
        .filter(|e| e.path().extension().is_some_and(|x| CODE.iter().any(|c| x.eq_ignore_ascii_case(c))))
        .map(walkdir::DirEntry::into_path)
        .take(MOST)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_knows_what_it_or_what_it_names_mentions() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            crate::base::fs::write_atomic(&path, text.as_bytes()).unwrap();
        };
        write("a.py", "import lib.helper");
        write("lib/helper.py", "os.environ['DISABLE_FILE']");
        write("b.py", "print(1)");
        let knows = |line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            mentions(&words, dir.path(), &["DISABLE_FILE"])
        };
        assert!(knows("python3 a.py"));
        assert!(!knows("python3 b.py"), "what lies beside it is not its own");
        assert!(knows("npm start"), "where no file is named, all are");
        write("a.mjs", "const a = 1;");
        assert!(!knows("node a.mjs"), "a namesake in another language is another program");
        write("c.sh", "exec python3 a.py");
        assert!(knows("sh c.sh"), "what is named in full is its own");
        assert!(!mentions(&["a.py".to_owned()], dir.path(), &["OTHER"]));
    }
}
