//! What a pair's likelihood is worth beside its rivals: the best match of both its fields, or the second of one.

use super::numbers::{AGAINST, EITHER, FOR};
use super::pairs::Pairs;

/// How many numbers tell of rivals.
pub(super) const COUNT: usize = 16;

/// Their names, in order, with the way they speak.
pub const NAMES: [(&str, i8); COUNT] = [
    ("likelihood", FOR),
    ("rank for source", AGAINST),
    ("rank for target", AGAINST),
    ("lead for source", FOR),
    ("lead for target", FOR),
    ("share for source", FOR),
    ("share for target", FOR),
    ("best of source", EITHER),
    ("best of target", EITHER),
    ("neighbours of target", FOR),
    ("neighbours of source", FOR),
    ("best of all", EITHER),
    ("level", EITHER),
    ("best for both", EITHER),
    ("second of source", EITHER),
    ("neighbours, both", EITHER),
];

/// A pair that is looked at closely.
#[derive(Debug, Clone, Copy)]
pub struct Candidate {
    /// Index of the source field.
    pub source: usize,
    /// Index of the target field.
    pub target: usize,
}

#[derive(Clone, Copy, Default)]
struct Line {
    best: f32,
    second: f32,
    sum: f32,
    holder: usize,
}

fn lines(count: usize, candidates: &[Candidate], scores: &[f32], side: impl Fn(&Candidate) -> usize) -> Vec<Line> {
    let mut out = vec![Line::default(); count];
    for (i, (c, p)) in candidates.iter().zip(scores).enumerate() {
        let Some(line) = out.get_mut(side(c)) else { continue };
        line.sum += p;
        if *p > line.best {
            line.second = line.best;
            line.best = *p;
            line.holder = i;
        } else if *p > line.second {
            line.second = *p;
        }
    }
    out
}

/// The numbers of each candidate, in order.
pub(super) fn rivals(pairs: &Pairs, candidates: &[Candidate], scores: &[f32]) -> Vec<[f32; COUNT]> {
    let rows = lines(pairs.source.len(), candidates, scores, |c| c.source);
    let columns = lines(pairs.target.len(), candidates, scores, |c| c.target);
    let level = columns.iter().map(|l| l.best).sum::<f32>() / columns.len().max(1) as f32;
    let top = columns.iter().map(|l| l.best).fold(0.0, f32::max);
    let groups = Groups::of(pairs, candidates, scores);
    let mut places: Vec<Vec<f32>> = vec![Vec::new(); pairs.source.len()];
    let mut places_target: Vec<Vec<f32>> = vec![Vec::new(); pairs.target.len()];
    for (c, p) in candidates.iter().zip(scores) {
        if let Some(list) = places.get_mut(c.source) {
            list.push(*p);
        }
        if let Some(list) = places_target.get_mut(c.target) {
            list.push(*p);
        }
    }
    let above =
        |list: Option<&Vec<f32>>, p: f32| list.map_or(0, |l| l.iter().filter(|o| **o > p).count()).min(20) as f32;
    candidates
        .iter()
        .zip(scores)
        .enumerate()
        .map(|(i, (c, p))| {
            let row = rows.get(c.source).copied().unwrap_or_default();
            let column = columns.get(c.target).copied().unwrap_or_default();
            let lead = |l: Line| if l.holder == i { p - l.second } else { p - l.best };
            let (for_target, for_source) = groups.around(pairs, c, *p);
            [
                *p,
                above(places.get(c.source), *p),
                above(places_target.get(c.target), *p),
                lead(row),
                lead(column),
                p / row.sum.max(1e-6),
                p / column.sum.max(1e-6),
                row.best,
                column.best,
                for_target,
                for_source,
                top,
                level,
                if row.holder == i && column.holder == i { 1.0 } else { 0.0 },
                row.second,
                for_target.min(for_source),
            ]
        })
        .collect()
}

/// How well the fields beside one fit those beside the other.
struct Groups {
    sources: usize,
    sizes: [Vec<usize>; 2],
    /// For each two groups: sums of the best likelihoods of the one's fields within the other.
    sums: std::collections::BTreeMap<(usize, usize), (f32, f32)>,
}

impl Groups {
    fn of(pairs: &Pairs, candidates: &[Candidate], scores: &[f32]) -> Self {
        let count = |list: &[super::prepare::Prepared]| {
            let mut sizes = vec![0; list.iter().map(|p| p.group + 1).max().unwrap_or(0)];
            for one in list {
                if let Some(size) = sizes.get_mut(one.group) {
                    *size += 1;
                }
            }
            sizes
        };
        let mut best: std::collections::BTreeMap<(bool, usize, usize), f32> = std::collections::BTreeMap::new();
        for (c, p) in candidates.iter().zip(scores) {
            let (Some(s), Some(t)) = (pairs.source.get(c.source), pairs.target.get(c.target)) else { continue };
            let slot = best.entry((true, c.target, s.group)).or_default();
            *slot = slot.max(*p);
            let slot = best.entry((false, c.source, t.group)).or_default();
            *slot = slot.max(*p);
        }
        let mut sums: std::collections::BTreeMap<(usize, usize), (f32, f32)> = std::collections::BTreeMap::new();
        for ((of_target, field, group), p) in best {
            if of_target {
                let Some(t) = pairs.target.get(field) else { continue };
                sums.entry((group, t.group)).or_default().0 += p;
            } else {
                let Some(s) = pairs.source.get(field) else { continue };
                sums.entry((s.group, group)).or_default().1 += p;
            }
        }
        Self { sources: pairs.source.len(), sizes: [count(&pairs.source), count(&pairs.target)], sums }
    }

    /// Mean of the best likelihoods of the fields beside the target's, and beside the source's, without the pair's own; -1 where
    /// it stands alone.
    fn around(&self, pairs: &Pairs, c: &Candidate, p: f32) -> (f32, f32) {
        let (Some(s), Some(t)) = (pairs.source.get(c.source), pairs.target.get(c.target)) else { return (-1.0, -1.0) };
        let (for_target, for_source) = self.sums.get(&(s.group, t.group)).copied().unwrap_or_default();
        let mean = |sum: f32, size: Option<&usize>| {
            let beside = size.copied().unwrap_or(1).saturating_sub(1);
            if beside == 0 { -1.0 } else { (sum - p).max(0.0) / beside as f32 }
        };
        debug_assert!(c.source < self.sources);
        (mean(for_target, self.sizes[1].get(t.group)), mean(for_source, self.sizes[0].get(s.group)))
    }
}
