//! Two systems compared: every change, and what the places are called that it is told of.

use std::collections::HashMap;

use super::change::{Change, Side};
use super::matching::{self, Matched};
use super::ops::Systems;
use super::told::Found;
use super::walk::walk;
use crate::model::{SchemaId, System};

/// What changed between two systems.
pub struct Drift<'a> {
    pub(super) old: &'a System,
    pub(super) new: &'a System,
    pub(super) matched: Matched,
    /// Every change, worst first, then by what changed.
    pub changes: Vec<Change>,
    /// The descriptions refer to themselves in more combinations than are compared: some changes may be missing.
    pub cut: bool,
    /// Where each pair of schemas stands in `called`, by side.
    at: HashMap<(SchemaId, SchemaId, Side), usize>,
    called: Vec<String>,
}

/// Every change from the old to the new, worst first, then by what changed.
#[must_use]
pub fn compare(old: &System, new: &System) -> Vec<Change> {
    Drift::between(old, new).changes
}

impl<'a> Drift<'a> {
    /// Compares two systems. In time and memory of the order of both; self-reference costs nothing.
    #[must_use]
    pub fn between(old: &'a System, new: &'a System) -> Self {
        let matched = matching::operations(old, new);
        let Found { changes, at, called, cut } = walk(&Systems { old, new, matched: &matched });
        Self { old, new, matched, changes, cut, at, called }
    }

    pub(super) fn systems(&self) -> Systems<'_> {
        Systems { old: self.old, new: self.new, matched: &self.matched }
    }

    /// What a pair of schemas is called in the changes.
    pub(super) fn called(&self, ids: (SchemaId, SchemaId), side: Side) -> Option<&str> {
        let at = self.at.get(&(ids.0, ids.1, side))?;
        self.called.get(*at).map(String::as_str)
    }
}
