//! The fewest scopes that some operations need together: what is asked of a user, and no more.

use std::collections::{BTreeMap, BTreeSet};

use super::{Operation, System};

/// What a set of operations needs of one security scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes {
    /// Name in [`System::schemes`].
    pub scheme: String,
    /// Scopes that together allow every operation; empty where the scheme has none.
    pub scopes: BTreeSet<String>,
}

impl System {
    /// For each scheme by which alone every one of the operations can be called, the scopes that they need together; the
    /// fewest scopes first. Where an operation takes one scope or another, what most others need anyway is chosen: greedily,
    /// hence near the fewest, never too few. Empty where no single scheme allows all.
    #[must_use]
    pub fn minimal_scopes(&self, operations: &[&Operation]) -> Vec<Scopes> {
        let guarded: Vec<&&Operation> = operations.iter().filter(|o| !o.security.is_empty()).collect();
        let mut out: Vec<Scopes> = self
            .schemes
            .keys()
            .filter_map(|scheme| Some(Scopes { scheme: scheme.clone(), scopes: scopes(scheme, &guarded)? }))
            .collect();
        if guarded.is_empty() {
            out.clear();
        }
        out.sort_by_key(|s| s.scopes.len());
        out
    }
}

fn scopes(scheme: &str, operations: &[&&Operation]) -> Option<BTreeSet<String>> {
    // Of each operation the alternatives that need this scheme and no other.
    let mut left: Vec<Vec<&[String]>> = Vec::new();
    for operation in operations {
        let alternatives: Vec<&[String]> = operation
            .security
            .iter()
            .filter_map(|all| if let [only] = all.as_slice() { Some(only) } else { None })
            .filter(|used| used.scheme == scheme)
            .map(|used| used.scopes.as_slice())
            .collect();
        if alternatives.is_empty() {
            return None;
        }
        left.push(alternatives);
    }
    let mut chosen: BTreeSet<String> = BTreeSet::new();
    loop {
        left.retain(|alternatives| !alternatives.iter().any(|a| a.iter().all(|s| chosen.contains(s))));
        if left.is_empty() {
            return Some(chosen);
        }
        // The alternative that most of the remaining operations accept; of those the shortest, then the first by name.
        let mut votes: BTreeMap<&[String], usize> = BTreeMap::new();
        for alternative in left.iter().flatten() {
            *votes.entry(alternative).or_default() += 1;
        }
        let best = votes.into_iter().max_by_key(|(a, n)| (*n, std::cmp::Reverse(a.len()), std::cmp::Reverse(*a)))?.0;
        chosen.extend(best.iter().cloned());
    }
}
