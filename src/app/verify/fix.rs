//! Applies the edits that findings carry: whole files, written aside and renamed, never outside the project.

use std::collections::BTreeMap;

use crate::app::{Fault, No};
use crate::base::fs;
use crate::finding::{Change, Finding};
use crate::skill::Project;

/// Applies what can be applied; of edits that overlap, the first. The files written, as shown.
///
/// # Errors
/// A fault where a file cannot be written; files before it are then mended, each whole.
pub(super) fn apply(project: &Project, findings: &[Finding]) -> Result<Vec<String>, No> {
    let mut replaced: BTreeMap<&str, Vec<(usize, usize, &str)>> = BTreeMap::new();
    let mut made: BTreeMap<&str, &str> = BTreeMap::new();
    for edit in findings.iter().flat_map(|f| &f.edits) {
        match &edit.change {
            Change::Replace { from, to, with } => {
                replaced.entry(&edit.file).or_default().push((*from, *to, with.as_str()));
            }
            Change::Whole { text } => {
                made.insert(&edit.file, text);
            }
        }
    }
    let mut next: BTreeMap<&str, String> = made.into_iter().map(|(file, text)| (file, text.to_owned())).collect();
    for (file, mut edits) in replaced {
        if next.contains_key(file) {
            continue;
        }
        let Some(text) = project.tree.text(file) else { continue };
        edits.sort_unstable();
        edits.dedup();
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for (from, to, with) in edits {
            let Some(kept) = text.get(done..from).filter(|_| from <= to && text.is_char_boundary(to)) else { continue };
            out.push_str(kept);
            out.push_str(with);
            done = to;
        }
        out.push_str(text.get(done..).unwrap_or_default());
        next.insert(file, out);
    }
    let mut written = Vec::new();
    for (file, text) in next {
        let path = project.root.join(file);
        if project.tree.text(file) == Some(text.as_str()) || !fs::lies_in(&project.root, &path) {
            continue;
        }
        fs::write_atomic(&path, text.as_bytes()).map_err(|e| {
            No::from(Fault::new(e.to_string(), "see that the file may be written, then verify --fix again"))
        })?;
        written.push(project.show(file));
    }
    Ok(written)
}
