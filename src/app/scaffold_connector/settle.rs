//! One file between what was written last, what stands there now, and what would be written today.

use schemars::JsonSchema;
use serde::Serialize;

use super::super::draft_contract::{Merged, three_way};
use super::memory::Written;
use crate::base::digest::Digest;

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum State {
    /// It was not there.
    New,
    /// It was as it had been written, and is now as it is written today.
    Updated,
    /// It stands as it is written today.
    Unchanged,
    /// People changed it, and there is nothing new to bring in.
    Kept,
    /// People changed it, and what is new was merged into their text.
    Merged,
    /// People changed what is new too: their text stays, and the new one lies beside it.
    Conflict,
    /// People deleted it, and it stays deleted.
    Deleted,
    /// The project has it no more; it is left to people to delete it.
    Obsolete,
}

/// What to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settled {
    /// In a word.
    pub(super) state: State,
    /// What the file becomes, where it changes.
    pub(super) write: Option<Vec<u8>>,
    /// The first place where both sides changed the same lines, where there is one.
    pub(super) conflict: Option<String>,
}

/// Decides for one file: `base` was written last, `standing` is there, `fresh` would be written today. `restore` brings back what
/// people deleted.
pub(super) fn settle(base: Option<&Written>, standing: Option<&[u8]>, fresh: &[u8], restore: bool) -> Settled {
    let plain = |state| Settled { state, write: None, conflict: None };
    let whole = |state| Settled { state, write: Some(fresh.to_vec()), conflict: None };
    let Some(standing) = standing else {
        return if base.is_some() && !restore { plain(State::Deleted) } else { whole(State::New) };
    };
    if standing == fresh {
        return plain(State::Unchanged);
    }
    let digest = |bytes: &[u8]| Digest::of_bytes(bytes).as_str().to_owned();
    let Some(base) = base else {
        return Settled {
            conflict: Some("nothing is known of what stands there".to_owned()),
            ..plain(State::Conflict)
        };
    };
    if base.digest == digest(standing) {
        return whole(State::Updated);
    }
    if base.digest == digest(fresh) {
        return plain(State::Kept);
    }
    let texts = base.text.as_deref().zip(std::str::from_utf8(standing).ok()).zip(std::str::from_utf8(fresh).ok());
    match texts.map(|((base, standing), fresh)| three_way(base, standing, fresh)) {
        Some(Merged::Clean(text)) if text.as_bytes() == standing => plain(State::Kept),
        Some(Merged::Clean(text)) => Settled { state: State::Merged, write: Some(text.into_bytes()), conflict: None },
        Some(Merged::Conflicts { first, .. }) => Settled { conflict: Some(first), ..plain(State::Conflict) },
        None => Settled { conflict: Some("it is too large to be merged".to_owned()), ..plain(State::Conflict) },
    }
}

/// What would change, as `diff -u` shows it; nothing where nothing does.
pub(super) fn diff(path: &str, standing: Option<&[u8]>, becomes: &[u8]) -> String {
    let (Ok(old), Ok(new)) = (std::str::from_utf8(standing.unwrap_or_default()), std::str::from_utf8(becomes)) else {
        return format!("{path}: not a text, {} bytes\n", becomes.len());
    };
    let mut options = diffy::DiffOptions::new();
    let from = if standing.is_some() { format!("a/{path}") } else { "/dev/null".to_owned() };
    options.set_original_filename(from).set_modified_filename(format!("b/{path}"));
    options.create_patch(old, new).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "one\ntwo\nthree\nfour\nfive\n";

    fn settled(base: Option<&str>, standing: Option<&str>, fresh: &str) -> (State, Option<String>) {
        let base = base.map(|b| Written::of(b.as_bytes()));
        let s = settle(base.as_ref(), standing.map(str::as_bytes), fresh.as_bytes(), false);
        assert_eq!(s.conflict.is_some(), s.state == State::Conflict);
        (s.state, s.write.map(|w| String::from_utf8(w).expect("text")))
    }

    #[test]
    fn what_nobody_touched_follows_and_what_people_changed_stays() {
        let fresh = BASE.replace("five", "FIVE");
        let theirs = BASE.replace("one", "ONE");
        assert_eq!(settled(None, None, &fresh), (State::New, Some(fresh.clone())));
        assert_eq!(settled(Some(BASE), Some(BASE), &fresh), (State::Updated, Some(fresh.clone())));
        assert_eq!(settled(Some(BASE), Some(&fresh), &fresh), (State::Unchanged, None));
        assert_eq!(settled(Some(BASE), Some(&theirs), BASE), (State::Kept, None));
        let both = theirs.replace("five", "FIVE");
        assert_eq!(settled(Some(BASE), Some(&theirs), &fresh), (State::Merged, Some(both)));
    }

    #[test]
    fn the_same_lines_on_both_sides_change_nothing() {
        assert_eq!(settled(Some(BASE), Some("mine\n"), "yours\n"), (State::Conflict, None));
        // Nobody knows whose it is.
        assert_eq!(settled(None, Some("mine\n"), "yours\n"), (State::Conflict, None));
    }

    #[test]
    fn what_was_deleted_stays_deleted_unless_it_is_asked_for() {
        assert_eq!(settled(Some(BASE), None, BASE), (State::Deleted, None));
        let restored = settle(Some(&Written::of(BASE.as_bytes())), None, BASE.as_bytes(), true);
        assert_eq!((restored.state, restored.write), (State::New, Some(BASE.into())));
    }

    #[test]
    fn a_large_file_that_people_changed_is_left_alone() {
        let (base, theirs, fresh) = ("a\n".repeat(40_000), "b\n".repeat(40_000), "c\n".repeat(40_000));
        assert_eq!(settled(Some(&base), Some(&theirs), &fresh).0, State::Conflict);
        assert_eq!(settled(Some(&base), Some(&base), &fresh).0, State::Updated);
    }

    #[test]
    fn a_diff_reads_like_any_other() {
        let patch = diff("a.txt", Some(b"x\ny\n"), b"x\nz\n");
        assert_eq!(patch, "--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n x\n-y\n+z\n");
        assert!(diff("a.txt", None, b"x\n").starts_with("--- /dev/null\n+++ b/a.txt\n"));
    }
}
