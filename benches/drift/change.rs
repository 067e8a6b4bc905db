//! One change of one file.

use std::path::Path;

/// A change, as a person or a tool would make it without looking left and right.
#[derive(Debug)]
pub(crate) enum Change {
    /// The first `from` in the file becomes `to`.
    Replace(&'static str, &'static str, &'static str),
    /// Every `from` in the file becomes `to`.
    ReplaceAll(&'static str, &'static str, &'static str),
    /// The text comes before the file's first byte.
    Prepend(&'static str, &'static str),
    /// The text comes after the file's last byte.
    Append(&'static str, &'static str),
    /// The text, so many times, comes after the file's last byte.
    Repeat(&'static str, &'static str, usize),
    /// The file has this text, whether it was there or not.
    Write(&'static str, &'static str),
    /// The file or directory goes.
    Remove(&'static str),
    /// The file or directory gets another name.
    Rename(&'static str, &'static str),
}

impl Change {
    /// Makes it.
    pub(crate) fn make(&self, root: &Path) -> Result<(), String> {
        let read = |file: &str| std::fs::read_to_string(root.join(file)).map_err(|e| format!("{file}: {e}"));
        let write = |file: &str, text: &str| {
            let path = root.join(file);
            if let Some(dir) = path.parent() {
                std::fs::create_dir_all(dir).map_err(|e| format!("{file}: {e}"))?;
            }
            std::fs::write(path, text).map_err(|e| format!("{file}: {e}"))
        };
        match self {
            Self::Replace(file, from, to) | Self::ReplaceAll(file, from, to) => {
                let text = read(file)?;
                if !text.contains(from) {
                    return Err(format!("{file} does not hold {from:?}"));
                }
                let all = matches!(self, Self::ReplaceAll(..));
                write(file, &if all { text.replace(from, to) } else { text.replacen(from, to, 1) })
            }
            Self::Prepend(file, text) => write(file, &format!("{text}{}", read(file)?)),
            Self::Append(file, text) => write(file, &format!("{}{text}", read(file)?)),
            Self::Repeat(file, text, times) => write(file, &format!("{}{}", read(file)?, text.repeat(*times))),
            Self::Write(file, text) => write(file, text),
            Self::Remove(path) => {
                let full = root.join(path);
                let done = if full.is_dir() { std::fs::remove_dir_all(&full) } else { std::fs::remove_file(&full) };
                done.map_err(|e| format!("{path}: {e}"))
            }
            Self::Rename(from, to) => {
                std::fs::rename(root.join(from), root.join(to)).map_err(|e| format!("{from}: {e}"))
            }
        }
    }
}
