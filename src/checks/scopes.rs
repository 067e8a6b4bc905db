//! The fewest scopes that a flow can do with: least privilege, for what writes a contract.

use super::scope_missing::alternatives;
use super::scope_too_wide::writes;
use crate::model::Operation;

/// Of each operation the alternative that adds fewest scopes to those chosen before, one that only reads before one that
/// writes; sorted. Empty where none of the operations asks for a scope of this scheme.
#[must_use]
pub fn least(operations: &[&Operation], scheme: &str) -> Vec<String> {
    least_of(operations.iter().map(|o| alternatives(o, scheme)).collect()).into_iter().map(str::to_owned).collect()
}

fn least_of(mut all: Vec<Vec<Vec<&str>>>) -> Vec<&str> {
    let mut chosen: Vec<&str> = Vec::new();
    // What needs most comes first: its scopes may do for the rest.
    all.sort_by_key(|any| std::cmp::Reverse(any.iter().map(|scopes| cost(&[], scopes)).min()));
    for any in all {
        let best = any.into_iter().min_by_key(|scopes| cost(&chosen, scopes)).unwrap_or_default();
        chosen.extend(best);
        chosen.sort_unstable();
        chosen.dedup();
    }
    chosen
}

/// How many scopes an alternative adds that write, and how many at all.
fn cost(chosen: &[&str], scopes: &[&str]) -> (usize, usize) {
    let added: Vec<&&str> = scopes.iter().filter(|s| !chosen.contains(s)).collect();
    (added.iter().filter(|s| writes(s)).count(), added.len())
}

#[cfg(test)]
mod tests {
    use super::least_of;

    #[test]
    fn of_two_scopes_either_of_which_would_do_the_one_that_only_reads_is_taken() {
        assert_eq!(least_of(vec![vec![vec!["contacts.write"], vec!["contacts.read"]]]), ["contacts.read"]);
    }

    #[test]
    fn a_scope_that_the_write_needs_does_for_the_read_as_well() {
        let (list, create) = (vec![vec!["contacts.read"], vec!["contacts.write"]], vec![vec!["contacts.write"]]);
        assert_eq!(least_of(vec![list, create]), ["contacts.write"]);
    }

    #[test]
    fn scopes_that_are_asked_for_together_are_all_taken() {
        assert_eq!(least_of(vec![vec![vec!["offline", "contacts.read"]], Vec::new()]), ["contacts.read", "offline"]);
    }
}
