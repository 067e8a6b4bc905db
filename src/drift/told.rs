//! What was found, told once: by the most telling rule, for all places together, with the operations that it reaches.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use super::change::{Change, Side};
use super::walk::Walker;
use crate::model::SchemaId;

/// Most pairs that are passed on the way from a change to the operations that reach it.
const MOST_LOOKED: usize = 5_000;

/// What a walk found.
pub(super) struct Found {
    /// Every change, worst first, then by what changed.
    pub(super) changes: Vec<Change>,
    /// Where each pair of schemas stands in `called`, by side.
    pub(super) at: HashMap<(SchemaId, SchemaId, Side), usize>,
    /// What the pairs are called.
    pub(super) called: Vec<String>,
    /// There were more pairs than are walked.
    pub(super) cut: bool,
}

impl Walker<'_> {
    /// Says of each change which operations it reaches; one change that several pairs tell is one.
    pub(super) fn finish(mut self) -> Found {
        let mut stamp = vec![0_u32; self.nodes.len()];
        let mut round = 0;
        let mut known: HashMap<usize, BTreeSet<&str>> = HashMap::new();
        let mut out: Vec<Change> = Vec::new();
        let mut by_print: HashMap<String, usize> = HashMap::new();
        self.once();
        for (mut change, node) in std::mem::take(&mut self.found) {
            if let Some(node) = node {
                let reached = known.entry(node).or_insert_with(|| {
                    round += 1;
                    let mut reached = BTreeSet::new();
                    let mut queue = VecDeque::from([node]);
                    stamp[node] = round;
                    let mut looked = 0;
                    while let Some(at) = queue.pop_front() {
                        looked += 1;
                        let room = Change::MOST_REACHED.saturating_sub(reached.len());
                        reached.extend(self.nodes[at].roots.iter().take(room).map(String::as_str));
                        if reached.len() >= Change::MOST_REACHED || looked > MOST_LOOKED {
                            break;
                        }
                        for from in &self.nodes[at].from {
                            if stamp[*from] != round {
                                stamp[*from] = round;
                                queue.push_back(*from);
                            }
                        }
                    }
                    reached
                });
                change.reaches = reached.iter().map(|r| (*r).to_owned()).collect();
            }
            let print = change.fingerprint();
            match by_print.get(&print) {
                Some(at) => {
                    let same = &mut out[*at];
                    for more in change.reaches {
                        if same.reaches.len() < Change::MOST_REACHED && !same.reaches.contains(&more) {
                            same.reaches.push(more);
                        }
                    }
                }
                None => {
                    by_print.insert(print, out.len());
                    out.push(change);
                }
            }
        }
        out.sort_by(|a, b| {
            (b.breaking, b.severity, &a.subject, a.code, a.side, &a.detail)
                .cmp(&(a.breaking, a.severity, &b.subject, b.code, b.side, &b.detail))
        });
        let called = self.nodes.into_iter().map(|n| n.subject).collect();
        Found { changes: out, at: self.seen, called, cut: self.cut }
    }

    /// Leaves out what another change says better.
    fn once(&mut self) {
        // Where the words of an amount changed because its unit did, the unit is what there is to say.
        let units: HashSet<String> = self
            .found
            .iter()
            .filter(|(c, _)| c.code == "money-unit-changed")
            .filter_map(|(c, _)| c.old.clone())
            .collect();
        // In these a field may be left out exactly where it may be null: told once.
        if matches!(self.systems.old.format, "graphql" | "sql") {
            let needed = |c: &Change| match c.code {
                "property-became-required" => Some("never null"),
                "parameter-requiredness-changed" if c.detail == "required" => Some("never null"),
                "property-became-optional" | "parameter-requiredness-changed" => Some("null"),
                _ => None,
            };
            let told: HashSet<(String, Side, &str)> =
                self.found.iter().filter_map(|(c, _)| Some((c.old.clone()?, c.side, needed(c)?))).collect();
            self.found.retain(|(c, _)| {
                let at = || {
                    (c.old.clone().unwrap_or_default(), c.side, if c.detail == "null" { "null" } else { "never null" })
                };
                c.code != "nullability-changed" || !told.contains(&at())
            });
        }
        self.found.retain(|(c, _)| !c.is_text() || c.old.as_ref().is_none_or(|at| !units.contains(at)));
    }
}
