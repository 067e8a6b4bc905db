//! The best set of pairs, one to one: the sum of what each is worth is greatest (Kuhn 1955, Munkres 1957; in the form with
//! potentials that takes rows one by one, O(n²m)).

use std::collections::BTreeMap;

/// A pair that may be chosen, and what it is worth; above 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Edge {
    /// Index of the source field.
    pub(super) source: usize,
    /// Index of the target field.
    pub(super) target: usize,
    /// What it adds.
    pub(super) worth: f32,
}

/// Largest part that is solved exactly; beyond it, best first. Parts are small: few pairs are worth anything.
const LARGEST: usize = 400;

/// Indexes of the edges chosen, ascending. Fields that no edges tie together are solved apart.
#[must_use]
pub(super) fn assign(edges: &[Edge]) -> Vec<usize> {
    let mut parts = Parts::default();
    for edge in edges {
        parts.join(2 * edge.source, 2 * edge.target + 1);
    }
    let mut by_part: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (i, edge) in edges.iter().enumerate() {
        if edge.worth > 0.0 {
            by_part.entry(parts.root(2 * edge.source)).or_default().push(i);
        }
    }
    let mut chosen: Vec<usize> = by_part.values().flat_map(|part| solve(edges, part)).collect();
    chosen.sort_unstable();
    chosen
}

#[derive(Default)]
struct Parts(BTreeMap<usize, usize>);

impl Parts {
    fn root(&mut self, of: usize) -> usize {
        let mut at = of;
        while let Some(up) = self.0.get(&at).copied().filter(|up| *up != at) {
            at = up;
        }
        if at != of {
            self.0.insert(of, at);
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0.insert(a.max(b), a.min(b));
    }
}

fn solve(edges: &[Edge], part: &[usize]) -> Vec<usize> {
    let own: Vec<(usize, Edge)> = part.iter().filter_map(|i| Some((*i, *edges.get(*i)?))).collect();
    let number = |of: fn(&Edge) -> usize| -> BTreeMap<usize, usize> {
        let mut ids: Vec<usize> = own.iter().map(|(_, e)| of(e)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().zip(0..).collect()
    };
    let (rows, columns) = (number(|e| e.source), number(|e| e.target));
    if rows.len().max(columns.len()) > LARGEST {
        return greedy(&own);
    }
    // A row may stay without: one column of its own, worth nothing, for each.
    let (n, m) = (rows.len(), columns.len() + rows.len());
    let mut cost = vec![vec![0.0_f64; m]; n];
    let mut edge_at: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (i, edge) in &own {
        let (Some(r), Some(c)) = (rows.get(&edge.source), columns.get(&edge.target)) else { continue };
        if let Some(slot) = cost.get_mut(*r).and_then(|row| row.get_mut(*c)) {
            *slot = -f64::from(edge.worth);
            edge_at.insert((*r, *c), *i);
        }
    }
    hungarian(&cost, n, m).into_iter().enumerate().filter_map(|(r, c)| edge_at.get(&(r, c)).copied()).collect()
}

fn greedy(own: &[(usize, Edge)]) -> Vec<usize> {
    let mut best = own.to_vec();
    best.sort_by(|a, b| b.1.worth.total_cmp(&a.1.worth).then(a.0.cmp(&b.0)));
    let (mut sources, mut targets) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    best.retain(|(_, e)| {
        !sources.contains(&e.source) && !targets.contains(&e.target) && {
            sources.insert(e.source);
            targets.insert(e.target)
        }
    });
    best.into_iter().map(|(i, _)| i).collect()
}

/// For each row its column, at the least sum of costs; `n` rows, not more than `m` columns.
#[expect(clippy::indexing_slicing, reason = "all indexes are below n + 1 or m + 1, the lengths of the lists made here")]
fn hungarian(cost: &[Vec<f64>], n: usize, m: usize) -> Vec<usize> {
    let (mut u, mut v) = (vec![0.0; n + 1], vec![0.0; m + 1]);
    let (mut row_of, mut way) = (vec![0_usize; m + 1], vec![0_usize; m + 1]);
    for row in 1..=n {
        row_of[0] = row;
        let mut column = 0;
        let (mut least, mut used) = (vec![f64::INFINITY; m + 1], vec![false; m + 1]);
        loop {
            used[column] = true;
            let at = row_of[column];
            let (mut delta, mut next) = (f64::INFINITY, 0);
            for j in 1..=m {
                if used[j] {
                    continue;
                }
                let reduced = cost[at - 1][j - 1] - u[at] - v[j];
                if reduced < least[j] {
                    least[j] = reduced;
                    way[j] = column;
                }
                if least[j] < delta {
                    delta = least[j];
                    next = j;
                }
            }
            for j in 0..=m {
                if used[j] {
                    u[row_of[j]] += delta;
                    v[j] -= delta;
                } else {
                    least[j] -= delta;
                }
            }
            column = next;
            if row_of[column] == 0 {
                break;
            }
        }
        while column != 0 {
            let before = way[column];
            row_of[column] = row_of[before];
            column = before;
        }
    }
    let mut out = vec![m; n];
    for j in 1..=m {
        if row_of[j] > 0 {
            out[row_of[j] - 1] = j - 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(edges: &[Edge]) -> f32 {
        assign(edges).iter().map(|i| edges[*i].worth).sum()
    }

    #[test]
    fn the_best_sum_beats_best_first() {
        let e = |source, target, worth| Edge { source, target, worth };
        let edges = [e(0, 0, 0.9), e(0, 1, 0.8), e(1, 0, 0.7)];
        assert_eq!(assign(&edges), [1, 2]);
        assert_eq!(assign(&[e(3, 9, 0.1)]), [0]);
        assert!(assign(&[]).is_empty());
    }

    #[test]
    fn no_choice_of_pairs_is_worth_more() {
        let mut state = 7_u32;
        let mut random = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 8
        };
        for _ in 0..200 {
            let edges: Vec<Edge> = (0..8)
                .map(|_| Edge {
                    source: random() as usize % 4,
                    target: random() as usize % 4,
                    worth: (random() % 100) as f32 / 100.0,
                })
                .collect();
            let mut unique = edges.clone();
            unique.sort_by_key(|e| (e.source, e.target));
            unique.dedup_by_key(|e| (e.source, e.target));
            let mut best: f32 = 0.0;
            for set in 0_u32..1 << unique.len() {
                let picked: Vec<&Edge> = (0..unique.len()).filter(|i| set >> i & 1 == 1).map(|i| &unique[i]).collect();
                let fair = picked
                    .iter()
                    .enumerate()
                    .all(|(i, a)| picked.iter().take(i).all(|b| a.source != b.source && a.target != b.target));
                if fair {
                    best = best.max(picked.iter().map(|e| e.worth).sum());
                }
            }
            assert!((sum(&unique) - best).abs() < 1e-4, "{unique:?}");
        }
    }
}
