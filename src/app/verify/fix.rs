//! Applies the edits that findings carry: whole files, written aside and renamed, never outside the project.

use std::collections::BTreeMap;

use crate::app::{Fault, No};
use crate::base::fs;
use crate::finding::{self, Change, Finding};
use crate::skill::Project;

/// Applies what can be applied; of edits that overlap, the first. The files written, as shown.
///
/// # Errors
/// A fault where a file cannot be written; files before it are then mended, each whole.
pub(super) fn apply(project: &Project, findings: &[Finding]) -> Result<Vec<String>, No> {
    let mut changed: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
    let mut next: BTreeMap<&str, String> = BTreeMap::new();
    for edit in findings.iter().flat_map(|f| &f.edits) {
        match &edit.change {
            Change::Whole { text } => _ = next.insert(&edit.file, text.clone()),
            change => changed.entry(&edit.file).or_default().push(change),
        }
    }
    for (file, changes) in changed {
        if !next.contains_key(file)
            && let Some(text) = project.tree.text(file)
        {
            next.insert(file, finding::changed(text, changes));
        }
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
